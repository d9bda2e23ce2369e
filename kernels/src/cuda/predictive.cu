#include "cuda/launch.h"

namespace bhn::cuda {

int predictive_categorical(const Queue&, float*, float*, float*, int32_t*, const float*, int64_t, int64_t, int64_t, int64_t) {
  return cudaErrorNotSupported;
}

int predictive_moments(const Queue&, float*, float*, const float*, int64_t, int64_t, int64_t, int64_t, int64_t) {
  return cudaErrorNotSupported;
}

int predictive_log_lik(const Queue&, float*, const float*, int64_t, int64_t, int64_t) { return cudaErrorNotSupported; }

}  // namespace bhn::cuda
