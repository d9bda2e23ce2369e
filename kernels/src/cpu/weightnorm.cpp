// Inverse row norms: r_j = 1/|v_j|, 0 for a row of zeros; d_v[j] -= d_r[j] r[j]^3 v[j], but where |v_j| is taken as 1e-12.
// Bytes: 4 rows cols read (forward); 12 rows cols (backward). 2 FLOPs an element. Bound by memory.
#include "cpu/kernels.h"
#include "cpu/vecmath.h"

namespace bhn::BHN_ISA {

void weightnorm_fwd(int threads, float* r, const float* v, int64_t rows, int64_t cols, int64_t ld_v) {
#pragma omp parallel for if (rows * cols >= kParallel) num_threads(threads) schedule(static)
  for (int64_t j = 0; j < rows; ++j) {
    const float* row = v + j * ld_v;
    float squares = 0;
#pragma omp simd reduction(+ : squares)
    for (int64_t i = 0; i < cols; ++i) {
      squares += row[i] * row[i];
    }
    float norm = __builtin_sqrtf(squares);
    if (norm < 1e-15f || norm > 1e15f) {
      // Squares of such rows leave the range of float.
      double wide = 0;
      for (int64_t i = 0; i < cols; ++i) {
        wide += double(row[i]) * double(row[i]);
      }
      norm = float(__builtin_sqrt(wide));
    }
    r[j] = norm == 0.0f ? 0.0f : 1.0f / (norm < kLeastNorm ? kLeastNorm : norm);
  }
}

void weightnorm_bwd(int threads, float* d_v, const float* d_r, const float* v, const float* r, int64_t rows, int64_t cols, int64_t ld_v) {
#pragma omp parallel for if (rows * cols >= kParallel) num_threads(threads) schedule(static)
  for (int64_t j = 0; j < rows; ++j) {
    // The cube of r may leave the range of float where the product does not.
    float factor = float(-double(d_r[j]) * r[j] * r[j] * r[j]);
    if (r[j] == 0.0f || r[j] >= 1.0f / kLeastNorm) {
      continue;  // r does not change with v
    }
    const float* row = v + j * ld_v;
    float* out = d_v + j * ld_v;
#pragma omp simd
    for (int64_t i = 0; i < cols; ++i) {
      out[i] += factor * row[i];
    }
  }
}

}  // namespace bhn::BHN_ISA
