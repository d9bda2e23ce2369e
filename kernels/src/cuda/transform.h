// What the affine and the coupling flow share: y = m + s z, s = exp(a) + delta, with a log-det that sums log s over each sample's row in
// double (rows.h). m and a are rows of a conditioner's heads, or, with ld_heads = 0, the same for all samples.
#pragma once

#include "cuda/rows.h"

namespace bhn::cuda {

// ln(e^a + delta), given s = e^a + delta, and its slope e^a / s. Without delta they are a and 1, also where e^a leaves the range of float.
__device__ __forceinline__ float log_scale(float a, float s, float delta) { return delta == 0.0f ? a : logf(s); }
__device__ __forceinline__ float log_scale_slope(float e, float delta) { return delta == 0.0f ? 1.0f : e / (e + delta); }

// One row of the transform, or of its inverse z = (y - m) / s; the log-det is the forward's.
template <bool kInverse>
struct Transform {
  float *out, *log_det;
  const float *in, *shift, *scale, *log_det_in;
  int64_t ld_out, ld_in, ld_heads;
  float delta;

  __device__ double term(int64_t i, int64_t j) const {
    float a = scale[i * ld_heads + j];
    float m = shift[i * ld_heads + j];
    float x = in[i * ld_in + j];
    float s = expf(a) + delta;
    out[i * ld_out + j] = kInverse ? (x - m) / s : m + s * x;
    return log_scale(a, s, delta);
  }
  __device__ void finish(int64_t i, double sum) const { log_det[i] = float(sum + (log_det_in == nullptr ? 0.0 : double(log_det_in[i]))); }
};

}  // namespace bhn::cuda
