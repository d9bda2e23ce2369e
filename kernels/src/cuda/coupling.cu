// The affine transform of RealNVP and IAF: y = m + s z, s = exp(a) + delta, log-det = sum of log s.
// Bytes: forward 16 an element, backward 36 (d_y, z and a read, three gradients added to). One exp and one log (forward), one exp and one
// division (backward). Small against the conditioner: for one sample bound by the launch, for many by memory. The log-det has a warp, a
// block or several blocks a sample.
#include "cuda/elements.h"
#include "cuda/transform.h"

namespace bhn::cuda {
namespace {

struct Coupling {
  float *d_z, *d_heads;
  const float *d_y, *d_log_det, *z, *heads;
  int64_t samples, d, ld_y, ld_z;
  float delta;
};

// A thread owns an element and both its heads.
__global__ void __launch_bounds__(kPlaneThreads) backward(Coupling c) {
  for (int64_t i = plane_row(); i < c.samples; i += plane_rows()) {
    float up_log_det = c.d_log_det == nullptr ? 0.0f : c.d_log_det[i];
    for (int64_t j = plane_col(); j < c.d; j += plane_cols()) {
      int64_t shift = i * 2 * c.d + j;
      int64_t scale = shift + c.d;
      float e = expf(c.heads[scale]);
      float up = c.d_y == nullptr ? 0.0f : c.d_y[i * c.ld_y + j];
      if (c.d_heads != nullptr) {
        float d_scale = up_log_det * log_scale_slope(e, c.delta);
        if (c.d_y != nullptr) {
          d_scale += up * c.z[i * c.ld_z + j] * e;
          c.d_heads[shift] += up;
        }
        c.d_heads[scale] += d_scale;
      }
      if (c.d_z != nullptr && c.d_y != nullptr) {
        c.d_z[i * c.ld_z + j] += up * (e + c.delta);
      }
    }
  }
}

}  // namespace

int coupling_fwd(const Queue& q, float* y, float* log_det, const float* z, const float* heads, const float* log_det_in, int64_t samples,
                 int64_t d, int64_t ld_y, int64_t ld_z, float delta) {
  Transform<false> row = {y, log_det, z, heads, heads + d, log_det_in, ld_y, ld_z, 2 * d, delta};
  return sum_each_row(q, row, samples, d);
}

int coupling_bwd(const Queue& q, float* d_z, float* d_heads, const float* d_y, const float* d_log_det, const float* z, const float* heads,
                 int64_t samples, int64_t d, int64_t ld_y, int64_t ld_z, float delta) {
  if (d == 0 || (d_z == nullptr && d_heads == nullptr)) {
    return cudaSuccess;
  }
  Plane p(q, samples, d);
  Coupling c = {d_z, d_heads, d_y, d_log_det, z, heads, samples, d, ld_y, ld_z, delta};
  return BHN_LAUNCH(backward, p.grid, p.block, 0, q, c);
}

int coupling_inv(const Queue& q, float* z, float* log_det, const float* y, const float* heads, const float* log_det_in, int64_t samples,
                 int64_t d, int64_t ld_z, int64_t ld_y, float delta) {
  Transform<true> row = {z, log_det, y, heads, heads + d, log_det_in, ld_z, ld_y, 2 * d, delta};
  return sum_each_row(q, row, samples, d);
}

}  // namespace bhn::cuda
