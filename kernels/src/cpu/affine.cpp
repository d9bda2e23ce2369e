// The linear flow: z = s eps + b, s = exp(w) + delta, log-det = sum of log s, the same for all samples.
// Bytes: 8 an element of z and 8 a dimension. Bound by memory for many samples, by exp and log for few.
#include "cpu/kernels.h"
#include "cpu/vecmath.h"

namespace bhn::BHN_ISA {
namespace {

void log_dets(float* log_det, const float* log_det_in, int64_t samples, double sum) {
  for (int64_t i = 0; i < samples; ++i) {
    log_det[i] = float(sum + (log_det_in == nullptr ? 0.0 : double(log_det_in[i])));
  }
}

}  // namespace

void affine_fwd(int threads, float* z, float* log_det, const float* eps, const float* w, const float* b, const float* log_det_in,
                int64_t samples, int64_t d, float delta) {
  log_dets(log_det, log_det_in, samples, sum_log_scales(w, d, delta));
#pragma omp parallel for if (samples > 1 && samples * d >= kParallel / 4) num_threads(threads) schedule(static)
  for (int64_t i = 0; i < samples; ++i) {
    const float* in = eps + i * d;
    float* out = z + i * d;
#pragma omp simd
    for (int64_t j = 0; j < d; ++j) {
      out[j] = (vexp(w[j]) + delta) * in[j] + b[j];
    }
  }
}

void affine_bwd(int threads, float* d_eps, float* d_w, float* d_b, const float* d_z, const float* d_log_det, const float* eps,
                const float* w, int64_t samples, int64_t d, float delta) {
  if (d_eps != nullptr && d_z != nullptr) {
#pragma omp parallel for if (samples > 1 && samples * d >= kParallel / 4) num_threads(threads) schedule(static)
    for (int64_t i = 0; i < samples; ++i) {
#pragma omp simd
      for (int64_t j = 0; j < d; ++j) {
        d_eps[i * d + j] += d_z[i * d + j] * (vexp(w[j]) + delta);
      }
    }
  }
  double up_log_det = 0;
  for (int64_t i = 0; d_log_det != nullptr && i < samples; ++i) {
    up_log_det += d_log_det[i];
  }
  // Threads own columns, so that sums over samples have a fixed order.
  constexpr int64_t kBlock = 256;
  int64_t blocks = (d + kBlock - 1) / kBlock;
#pragma omp parallel for if (samples * d >= kParallel) num_threads(threads) schedule(static)
  for (int64_t block = 0; block < blocks; ++block) {
    int64_t j0 = block * kBlock;
    int64_t width = d - j0 < kBlock ? d - j0 : kBlock;
    double sum[kBlock] = {};
    double sum_eps[kBlock] = {};
    for (int64_t i = 0; d_z != nullptr && i < samples; ++i) {
      const float* up = d_z + i * d + j0;
      const float* in = eps + i * d + j0;
#pragma omp simd
      for (int64_t j = 0; j < width; ++j) {
        sum[j] += up[j];
        sum_eps[j] += double(up[j]) * in[j];
      }
    }
#pragma omp simd
    for (int64_t j = 0; j < width; ++j) {
      float e = vexp(w[j0 + j]);
      sum_eps[j] = sum_eps[j] * e + up_log_det * log_scale_slope(e, delta);
    }
    for (int64_t j = 0; j < width; ++j) {
      if (d_b != nullptr) {
        d_b[j0 + j] += float(sum[j]);
      }
      if (d_w != nullptr) {
        d_w[j0 + j] += float(sum_eps[j]);
      }
    }
  }
}

void affine_inv(int threads, float* eps, float* log_det, const float* z, const float* w, const float* b, const float* log_det_in,
                int64_t samples, int64_t d, float delta) {
  log_dets(log_det, log_det_in, samples, sum_log_scales(w, d, delta));
#pragma omp parallel for if (samples > 1 && samples * d >= kParallel / 4) num_threads(threads) schedule(static)
  for (int64_t i = 0; i < samples; ++i) {
#pragma omp simd
    for (int64_t j = 0; j < d; ++j) {
      eps[i * d + j] = (z[i * d + j] - b[j]) / (vexp(w[j]) + delta);
    }
  }
}

}  // namespace bhn::BHN_ISA
