#include "cuda/launch.h"

namespace bhn::cuda {

int categorical_fwd(const Queue&, float*, const float*, const int32_t*, int64_t, int64_t, int64_t) { return cudaErrorNotSupported; }

int categorical_bwd(const Queue&, float*, const float*, const float*, const int32_t*, int64_t, int64_t, int64_t) {
  return cudaErrorNotSupported;
}

int gaussian_fwd(const Queue&, float*, const float*, const float*, const float*, const GaussianShape&) { return cudaErrorNotSupported; }

int gaussian_bwd(const Queue&, float*, float*, const float*, const float*, const float*, const float*, const GaussianShape&) {
  return cudaErrorNotSupported;
}

int bernoulli_fwd(const Queue&, float*, const float*, const float*, int64_t, int64_t, int64_t) { return cudaErrorNotSupported; }

int bernoulli_bwd(const Queue&, float*, const float*, const float*, const float*, int64_t, int64_t, int64_t) {
  return cudaErrorNotSupported;
}

}  // namespace bhn::cuda
