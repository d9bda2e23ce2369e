// The linear flow: z = s eps + b, s = exp(w) + delta, log-det = sum of log s: a coupling's transform whose heads all samples share, so
// transform.h does it. Each sample sums its log-det anew: a logarithm an element hides behind the memory.
// Bytes: forward 8 an element, backward 16, and 8 a dimension. Bound by memory for many samples, by the launch for one.
#include "cuda/columns.h"
#include "cuda/transform.h"

namespace bhn::cuda {
namespace {

constexpr int kMostWarps = 32;

struct Affine {
  float *d_eps, *d_w, *d_b;
  const float *d_z, *d_log_det, *eps, *w;
  int64_t samples, d;
  float delta;
};

// A block owns 32 columns, its warps take turns with the samples. What d_log_det gives is the same for all columns: each block sums it.
__global__ void __launch_bounds__(kMostWarps* kWarp) backward(Affine a) {
  int warp = threadIdx.x / kWarp;
  int warps = blockDim.x / kWarp;
  int64_t j = int64_t(blockIdx.x) * kWarp + threadIdx.x % kWarp;
  bool inside = j < a.d;
  float e = inside ? expf(a.w[j]) : 0.0f;
  double sum = 0, sum_eps = 0;
#pragma unroll 4
  for (int64_t i = warp; i < a.samples; i += warps) {
    if (inside && a.d_z != nullptr) {
      float up = a.d_z[i * a.d + j];
      sum += up;
      sum_eps += double(up) * a.eps[i * a.d + j];
      if (a.d_eps != nullptr) {
        a.d_eps[i * a.d + j] += up * (e + a.delta);
      }
    }
  }
  double log_dets = 0;
  if (a.d_log_det != nullptr) {
    for (int64_t i = threadIdx.x; i < a.samples; i += blockDim.x) {
      log_dets += a.d_log_det[i];
    }
    log_dets = block_sum(log_dets);
  }
  sum = sum_warps<kMostWarps>(sum);
  sum_eps = sum_warps<kMostWarps>(sum_eps);
  if (inside && warp == 0) {
    if (a.d_b != nullptr) {
      a.d_b[j] += float(sum);
    }
    if (a.d_w != nullptr) {
      a.d_w[j] += float(sum_eps * e + log_dets * log_scale_slope(e, a.delta));
    }
  }
}

}  // namespace

int affine_fwd(const Queue& q, float* z, float* log_det, const float* eps, const float* w, const float* b, const float* log_det_in,
               int64_t samples, int64_t d, float delta) {
  return sum_each_row(q, Transform<false>{z, log_det, eps, b, w, log_det_in, d, d, 0, delta}, samples, d);
}

int affine_bwd(const Queue& q, float* d_eps, float* d_w, float* d_b, const float* d_z, const float* d_log_det, const float* eps,
               const float* w, int64_t samples, int64_t d, float delta) {
  if (d == 0 || (d_eps == nullptr && d_w == nullptr && d_b == nullptr)) {
    return cudaSuccess;
  }
  int warps = int(min(ceil_div(samples, 4), int64_t(kMostWarps)));
  Affine a = {d_eps, d_w, d_b, d_z, d_log_det, eps, w, samples, d, delta};
  return BHN_LAUNCH(backward, unsigned(ceil_div(d, kWarp)), warps * kWarp, 0, q, a);
}

int affine_inv(const Queue& q, float* eps, float* log_det, const float* z, const float* w, const float* b, const float* log_det_in,
               int64_t samples, int64_t d, float delta) {
  return sum_each_row(q, Transform<true>{eps, log_det, z, b, w, log_det_in, d, d, 0, delta}, samples, d);
}

}  // namespace bhn::cuda
