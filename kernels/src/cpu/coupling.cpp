// The affine transform of RealNVP and IAF: y = m + s z, s = exp(a) + delta, log-det = sum of log s.
// Bytes: forward 16 an element, backward 36 (d_y, z and a read, three gradients added to). One exp and one log (forward), one exp and one
// division (backward).
// Small against the conditioner; parallel over samples only.
#include "cpu/kernels.h"
#include "cpu/vecmath.h"

namespace bhn::BHN_ISA {

void coupling_fwd(int threads, float* y, float* log_det, const float* z, const float* heads, const float* log_det_in, int64_t samples,
                  int64_t d, int64_t ld_y, int64_t ld_z, float delta) {
#pragma omp parallel for if (samples > 1 && samples * d >= kParallel / 8) num_threads(threads) schedule(static)
  for (int64_t i = 0; i < samples; ++i) {
    const float* shift = heads + i * 2 * d;
    const float* in = z + i * ld_z;
    float* out = y + i * ld_y;
    double sum = sum_log_scales(shift + d, d, delta, [&](int64_t j, float scale) BHN_LAMBDA { out[j] = shift[j] + scale * in[j]; });
    log_det[i] = float(sum + (log_det_in == nullptr ? 0.0 : double(log_det_in[i])));
  }
}

void coupling_bwd(int threads, float* d_z, float* d_heads, const float* d_y, const float* d_log_det, const float* z, const float* heads,
                  int64_t samples, int64_t d, int64_t ld_y, int64_t ld_z, float delta) {
#pragma omp parallel for if (samples > 1 && samples * d >= kParallel / 8) num_threads(threads) schedule(static)
  for (int64_t i = 0; i < samples; ++i) {
    const float* head = heads + i * 2 * d + d;
    const float* in = z + i * ld_z;
    const float* up = d_y == nullptr ? nullptr : d_y + i * ld_y;
    float up_log_det = d_log_det == nullptr ? 0.0f : d_log_det[i];
    if (d_z != nullptr && up != nullptr) {
      float* out = d_z + i * ld_z;
#pragma omp simd
      for (int64_t j = 0; j < d; ++j) {
        out[j] += up[j] * (vexp(head[j]) + delta);
      }
    }
    if (d_heads != nullptr) {
      float* d_shift = d_heads + i * 2 * d;
      if (up != nullptr) {
#pragma omp simd
        for (int64_t j = 0; j < d; ++j) {
          d_shift[j] += up[j];
          d_shift[d + j] += up[j] * in[j] * vexp(head[j]);
        }
      }
#pragma omp simd
      for (int64_t j = 0; j < d; ++j) {
        d_shift[d + j] += up_log_det * log_scale_slope(vexp(head[j]), delta);
      }
    }
  }
}

void coupling_inv(int threads, float* z, float* log_det, const float* y, const float* heads, const float* log_det_in, int64_t samples,
                  int64_t d, int64_t ld_z, int64_t ld_y, float delta) {
#pragma omp parallel for if (samples > 1 && samples * d >= kParallel / 8) num_threads(threads) schedule(static)
  for (int64_t i = 0; i < samples; ++i) {
    const float* shift = heads + i * 2 * d;
    const float* in = y + i * ld_y;
    float* out = z + i * ld_z;
#pragma omp simd
    for (int64_t j = 0; j < d; ++j) {
      out[j] = (in[j] - shift[j]) / (vexp(shift[d + j]) + delta);
    }
    double sum = sum_log_scales(shift + d, d, delta);
    log_det[i] = float(sum + (log_det_in == nullptr ? 0.0 : double(log_det_in[i])));
  }
}

}  // namespace bhn::BHN_ISA
