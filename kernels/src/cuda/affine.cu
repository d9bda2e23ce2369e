#include "cuda/launch.h"

namespace bhn::cuda {

int affine_fwd(const Queue&, float*, float*, const float*, const float*, const float*, const float*, int64_t, int64_t, float) {
  return cudaErrorNotSupported;
}

int affine_bwd(const Queue&, float*, float*, float*, const float*, const float*, const float*, const float*, int64_t, int64_t, float) {
  return cudaErrorNotSupported;
}

int affine_inv(const Queue&, float*, float*, const float*, const float*, const float*, const float*, int64_t, int64_t, float) {
  return cudaErrorNotSupported;
}

}  // namespace bhn::cuda
