#include "cuda/launch.h"

namespace bhn::cuda {

int sum_rows_fwd(const Queue&, float*, const float*, int64_t, int64_t, int64_t) { return cudaErrorNotSupported; }

int sum_rows_bwd(const Queue&, float*, const float*, int64_t, int64_t, int64_t) { return cudaErrorNotSupported; }

}  // namespace bhn::cuda
