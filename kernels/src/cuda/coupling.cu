#include "cuda/launch.h"

namespace bhn::cuda {

int coupling_fwd(const Queue&, float*, float*, const float*, const float*, const float*, int64_t, int64_t, int64_t, int64_t, float) {
  return cudaErrorNotSupported;
}

int coupling_bwd(const Queue&, float*, float*, const float*, const float*, const float*, const float*, int64_t, int64_t, int64_t, int64_t,
                 float) {
  return cudaErrorNotSupported;
}

int coupling_inv(const Queue&, float*, float*, const float*, const float*, const float*, int64_t, int64_t, int64_t, int64_t, float) {
  return cudaErrorNotSupported;
}

}  // namespace bhn::cuda
