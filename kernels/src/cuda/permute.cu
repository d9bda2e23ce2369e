// y[s, j] = x[s, p[j]], and the scatter that is its gradient. Bytes: 12 an element (16 backward). Bound by memory: one side of the copy
// is in order, the other jumps within a row, which the caches hold.
#include "cuda/elements.h"

namespace bhn::cuda {
namespace {

// A thread owns columns. p holds each column once, so that no two threads add to one element.
template <bool kBackward>
__global__ void __launch_bounds__(kPlaneThreads) permute(float* to, const float* from, const int32_t* permutation, int64_t samples,
                                                         int64_t d, int64_t ld_to, int64_t ld_from, Fault* fault) {
  for (int64_t j = plane_col(); j < d; j += plane_cols()) {
    int32_t other = permutation[j];
    if (other < 0 || other >= d) {
      report(fault, Fault::kPermutation, j, other, d);
      continue;
    }
    for (int64_t i = plane_row(); i < samples; i += plane_rows()) {
      if (kBackward) {
        to[i * ld_to + other] += from[i * ld_from + j];
      } else {
        to[i * ld_to + j] = from[i * ld_from + other];
      }
    }
  }
}

}  // namespace

int permute_fwd(const Queue& q, float* y, const float* x, const int32_t* permutation, int64_t samples, int64_t d, int64_t ld_y,
                int64_t ld_x) {
  Plane p(q, samples, d);
  return BHN_LAUNCH(permute<false>, p.grid, p.block, 0, q, y, x, permutation, samples, d, ld_y, ld_x, q.fault);
}

int permute_bwd(const Queue& q, float* d_x, const float* d_y, const int32_t* permutation, int64_t samples, int64_t d, int64_t ld_y,
                int64_t ld_x) {
  Plane p(q, samples, d);
  return BHN_LAUNCH(permute<true>, p.grid, p.block, 0, q, d_x, d_y, permutation, samples, d, ld_x, ld_y, q.fault);
}

}  // namespace bhn::cuda
