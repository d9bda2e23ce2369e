// Sums of log prior densities over the weights of each sample, and their gradients. Bytes: 4 a weight read (forward),
// 12 (backward). The mixture takes its two components relative to the larger. Parallel over samples and, in the
// backward, over columns.
#include "cpu/kernels.h"
#include "cpu/vecmath.h"

namespace bhn::BHN_ISA {
namespace {

constexpr double kHalfLogTwoPi = 0.91893853320467274;

struct Mixture {
  float log1, log2, inverse1, inverse2;  // log(weight / std) - log(2 pi) / 2, and 1 / (2 std^2)
};

Mixture mixture(const PriorShape& s) {
  double v1 = double(s.p1) * s.p1;
  double v2 = double(s.p2) * s.p2;
  return {float(::log(double(s.p0)) - ::log(double(s.p1)) - kHalfLogTwoPi),
          float(::log1p(-double(s.p0)) - ::log(double(s.p2)) - kHalfLogTwoPi), float(0.5 / v1), float(0.5 / v2)};
}

}  // namespace

void prior_fwd(int threads, float* log_prior, const float* w, const float* log_prior_in, const PriorShape& s) {
  Mixture mix = s.prior == 2 ? mixture(s) : Mixture{};
#pragma omp parallel for if (s.samples > 1 && s.samples * s.d >= kParallel / 4) num_threads(threads) schedule(static)
  for (int64_t i = 0; i < s.samples; ++i) {
    const float* row = w + i * s.ld_w;
    double sum = log_prior_in == nullptr ? 0.0 : double(log_prior_in[i]);
    if (s.prior == 0) {
      double squares = 0;
      double mean = s.p0;
#pragma omp simd reduction(+ : squares)
      for (int64_t j = 0; j < s.d; ++j) {
        double e = row[j] - mean;
        squares += e * e;
      }
      sum -= 0.5 * squares / (double(s.p1) * s.p1) + double(s.d) * (kHalfLogTwoPi + ::log(double(s.p1)));
    } else if (s.prior == 1) {
      double absolute = 0;
      double mean = s.p0;
#pragma omp simd reduction(+ : absolute)
      for (int64_t j = 0; j < s.d; ++j) {
        double e = row[j] - mean;
        absolute += e < 0 ? -e : e;
      }
      sum -= absolute / s.p1 + double(s.d) * ::log(2.0 * s.p1);
    } else {
      double total = 0;
#pragma omp simd reduction(+ : total)
      for (int64_t j = 0; j < s.d; ++j) {
        float square = row[j] * row[j];
        float a = mix.log1 - square * mix.inverse1;
        float b = mix.log2 - square * mix.inverse2;
        float high = a > b ? a : b;
        float low = a > b ? b : a;
        total += high + vlog1p(vexp(low - high));
      }
      sum += total;
    }
    log_prior[i] = float(sum);
  }
}

void prior_bwd(int threads, float* d_w, const float* d_log_prior, const float* w, const PriorShape& s) {
  Mixture mix = s.prior == 2 ? mixture(s) : Mixture{};
  float inverse = s.prior == 0 ? float(1.0 / (double(s.p1) * s.p1)) : 1.0f / s.p1;
  float mean = s.p0;
#pragma omp parallel for if (s.samples > 1 && s.samples * s.d >= kParallel / 4) num_threads(threads) schedule(static)
  for (int64_t i = 0; i < s.samples; ++i) {
    const float* row = w + i * s.ld_w;
    float* out = d_w + i * s.ld_w;
    float d = d_log_prior[i];
    if (s.prior == 0) {
#pragma omp simd
      for (int64_t j = 0; j < s.d; ++j) {
        out[j] -= d * (row[j] - mean) * inverse;
      }
    } else if (s.prior == 1) {
#pragma omp simd
      for (int64_t j = 0; j < s.d; ++j) {
        float e = row[j] - mean;
        float sign = e > 0.0f ? 1.0f : e < 0.0f ? -1.0f : 0.0f;
        out[j] -= d * sign * inverse;
      }
    } else {
#pragma omp simd
      for (int64_t j = 0; j < s.d; ++j) {
        float square = row[j] * row[j];
        float a = mix.log1 - square * mix.inverse1;
        float b = mix.log2 - square * mix.inverse2;
        float share = vsigmoid(a - b);
        out[j] -= d * 2.0f * row[j] * (share * mix.inverse1 + (1.0f - share) * mix.inverse2);
      }
    }
  }
}

}  // namespace bhn::BHN_ISA
