// Sums of rows, in double: rows.h decides who sums what. Bytes: 4 rows cols read (forward), 8 rows cols (backward). Bound by memory.
#include "cuda/elements.h"
#include "cuda/rows.h"

namespace bhn::cuda {
namespace {

struct Sum {
  float* out;
  const float* x;
  int64_t ld_x;
  __device__ double term(int64_t i, int64_t j) const { return x[i * ld_x + j]; }
  __device__ void finish(int64_t i, double sum) const { out[i] = float(sum); }
};

struct Spread {
  static constexpr bool kAdds = true, kByRow = true;
  static constexpr int kInputs = 0;
  const float* d_out;
  __device__ float operator()(int64_t i, float d_x, float, float) const { return d_x + d_out[i]; }
};

}  // namespace

int sum_rows_fwd(const Queue& q, float* out, const float* x, int64_t rows, int64_t cols, int64_t ld_x) {
  return sum_each_row(q, Sum{out, x, ld_x}, rows, cols);
}

int sum_rows_bwd(const Queue& q, float* d_x, const float* d_out, int64_t rows, int64_t cols, int64_t ld_x) {
  return map(q, Spread{d_out}, d_x, nullptr, nullptr, rows, cols, ld_x, 0);
}

}  // namespace bhn::cuda
