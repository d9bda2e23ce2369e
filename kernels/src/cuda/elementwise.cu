#include "cuda/launch.h"

namespace bhn::cuda {

int fill(const Queue&, float*, int64_t, int64_t, int64_t, float) { return cudaErrorNotSupported; }

int copy(const Queue&, float*, const float*, int64_t, int64_t, int64_t, int64_t) { return cudaErrorNotSupported; }

int axpy(const Queue&, float*, const float*, int64_t, int64_t, int64_t, int64_t, float) { return cudaErrorNotSupported; }

int mul_fwd(const Queue&, float*, const float*, const float*, int64_t) { return cudaErrorNotSupported; }

int mul_bwd(const Queue&, float*, float*, const float*, const float*, const float*, int64_t) { return cudaErrorNotSupported; }

int activation_fwd(const Queue&, float*, const float*, int64_t, int) { return cudaErrorNotSupported; }

int activation_bwd(const Queue&, float*, const float*, const float*, int64_t, int) { return cudaErrorNotSupported; }

int gather_rows(const Queue&, float*, const float*, const int32_t*, const int64_t*, int64_t, int64_t, int64_t, int64_t) {
  return cudaErrorNotSupported;
}

int gather_labels(const Queue&, int32_t*, const int32_t*, const int32_t*, const int64_t*, int64_t, int64_t, int64_t) {
  return cudaErrorNotSupported;
}

}  // namespace bhn::cuda
