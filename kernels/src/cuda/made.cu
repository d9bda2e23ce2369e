#include "cuda/launch.h"

namespace bhn::cuda {

int made_fwd(const Queue&, float*, float*, float*, float*, const float*, const float*, const MadeShape&) { return cudaErrorNotSupported; }

int made_bwd(const Queue&, float*, float*, float*, const float*, const float*, const float*, const float*, const float*, const float*,
             const MadeShape&) {
  return cudaErrorNotSupported;
}

int made_grad(const Queue&, float*, const float*, const float*, const float*, const float*, const MadeShape&) {
  return cudaErrorNotSupported;
}

}  // namespace bhn::cuda
