#include "cuda/launch.h"

namespace bhn::cuda {

int rng_uniform(const Queue&, float*, const int64_t*, int64_t, int64_t, uint64_t, uint32_t) { return cudaErrorNotSupported; }

int rng_normal(const Queue&, float*, const int64_t*, int64_t, int64_t, uint64_t, uint32_t) { return cudaErrorNotSupported; }

int rng_advance(const Queue&, int64_t*, int64_t) { return cudaErrorNotSupported; }

}  // namespace bhn::cuda
