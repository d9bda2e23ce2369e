// Sums of log prior densities over the weights of each sample, and their gradients. Bytes: 4 a weight read (forward),
// 12 (backward). Parallel over samples and, in the backward, over columns.
#include "cpu/kernels.h"
#include "cpu/vecmath.h"

namespace bhn::BHN_ISA {
namespace {

constexpr double kHalfLogTwoPi = 0.91893853320467274;

// log p(w) = log_wide - inverse_wide w^2 + log(1 + e^x), x = gap - fall w^2: the other part stands beside the wider one, which is left
// where w is far out. A part of weight 0 is never the wider one.
struct Mixture {
  double log_wide, inverse_wide;
  float gap, fall;

  // A square that float does not hold times no fall would not be a number.
  float other(float w) const {
    float square = w * w;
    square = square > __FLT_MAX__ ? __FLT_MAX__ : square;
    return gap - square * fall;
  }
};

Mixture mixture(const PriorShape& s) {
  bool first = s.p0 == 1.0f || (s.p0 > 0.0f && s.p1 >= s.p2);
  double log_first = ::log(double(s.p0)), log_second = ::log1p(-double(s.p0));
  double wide = first ? s.p1 : s.p2, narrow = first ? s.p2 : s.p1;
  double log_wide = (first ? log_first : log_second) - ::log(wide) - kHalfLogTwoPi;
  double inverse_wide = 0.5 / (wide * wide);
  float fall = s.p0 == 0.0f || s.p0 == 1.0f ? 0.0f : float(0.5 / (narrow * narrow) - inverse_wide);
  return {log_wide, inverse_wide, float((first ? log_second : log_first) - ::log(narrow) - kHalfLogTwoPi - log_wide), fall};
}

}  // namespace

void prior_fwd(int threads, float* log_prior, const float* w, const float* log_prior_in, const PriorShape& s) {
  const Mixture mix = s.prior == BHN_PRIOR_MIXTURE ? mixture(s) : Mixture{};
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
      double squares = 0, others = 0;
#pragma omp simd reduction(+ : squares, others)
      for (int64_t j = 0; j < s.d; ++j) {
        squares += double(row[j]) * row[j];
        others += vsoftplus(mix.other(row[j]));
      }
      sum += double(s.d) * mix.log_wide - mix.inverse_wide * squares + others;
    }
    log_prior[i] = float(sum);
  }
}

void prior_bwd(int threads, float* d_w, const float* d_log_prior, const float* w, const PriorShape& s) {
  const Mixture mix = s.prior == BHN_PRIOR_MIXTURE ? mixture(s) : Mixture{};
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
        out[j] -= d * 2.0f * row[j] * (float(mix.inverse_wide) + vsigmoid(mix.other(row[j])) * mix.fall);
      }
    }
  }
}

}  // namespace bhn::BHN_ISA
