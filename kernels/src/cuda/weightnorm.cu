// Inverse row norms: r_j = 1/|v_j|, 0 for a row of zeros; d_v[j] -= d_r[j] r[j]^3 v[j], but where |v_j| is taken as 1e-12.
// Bytes: 4 rows cols read (forward); 12 rows cols (backward). 2 FLOPs an element. Bound by memory, with squares in double too: they
// do not leave its range, whatever the row.
#include "cuda/elements.h"
#include "cuda/rows.h"

namespace bhn::cuda {
namespace {

struct InverseNorm {
  float* r;
  const float* v;
  int64_t ld_v;
  __device__ double term(int64_t j, int64_t i) const {
    double x = v[j * ld_v + i];
    return x * x;
  }
  __device__ void finish(int64_t j, double squares) const {
    float norm = float(sqrt(squares));
    r[j] = norm == 0.0f ? 0.0f : 1.0f / (norm < kLeastNorm ? kLeastNorm : norm);
  }
};

// A row without a norm, or whose norm is taken as the least, gets no gradient: r does not change with v. The cube of r may leave the range
// of float where the product does not.
struct AlongRow {
  static constexpr bool kAdds = true, kByRow = true;
  static constexpr int kInputs = 1;
  const float *d_r, *r;
  __device__ float operator()(int64_t j, float d_v, float v, float) const {
    double by = r[j];
    return by == 0 || by >= 1.0f / kLeastNorm ? d_v : d_v + float(-double(d_r[j]) * by * by * by) * v;
  }
};

}  // namespace

int weightnorm_fwd(const Queue& q, float* r, const float* v, int64_t rows, int64_t cols, int64_t ld_v) {
  return sum_each_row(q, InverseNorm{r, v, ld_v}, rows, cols);
}

int weightnorm_bwd(const Queue& q, float* d_v, const float* d_r, const float* v, const float* r, int64_t rows, int64_t cols, int64_t ld_v) {
  return map(q, AlongRow{d_r, r}, d_v, v, nullptr, rows, cols, ld_v, ld_v);
}

}  // namespace bhn::cuda
