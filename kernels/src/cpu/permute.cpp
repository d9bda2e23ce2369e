// y[s, j] = x[s, p[j]], and the scatter that is its gradient. Bytes: 12 an element, 16 backward. Bound by memory.
#include "cpu/kernels.h"
#include "cpu/vecmath.h"

namespace bhn::BHN_ISA {

void permute_fwd(int threads, float* y, const float* x, const int32_t* permutation, int64_t samples, int64_t d, int64_t ld_y,
                 int64_t ld_x) {
#pragma omp parallel for if (samples > 1 && samples * d >= kParallel) num_threads(threads) schedule(static)
  for (int64_t i = 0; i < samples; ++i) {
    for (int64_t j = 0; j < d; ++j) {
      y[i * ld_y + j] = x[i * ld_x + permutation[j]];
    }
  }
}

void permute_bwd(int threads, float* d_x, const float* d_y, const int32_t* permutation, int64_t samples, int64_t d, int64_t ld_y,
                 int64_t ld_x) {
#pragma omp parallel for if (samples > 1 && samples * d >= kParallel) num_threads(threads) schedule(static)
  for (int64_t i = 0; i < samples; ++i) {
    for (int64_t j = 0; j < d; ++j) {
      d_x[i * ld_x + permutation[j]] += d_y[i * ld_y + j];
    }
  }
}

}  // namespace bhn::BHN_ISA
