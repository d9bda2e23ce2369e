// Log-likelihoods of rows (sample, example), in nats, and their gradients. Bytes: 4 an output read (forward), 12 (backward). Bound by the
// elementary functions, in parallel over rows; a row shorter than a vector goes value by value.
// Categorical: x[label] - log sum e^x, two passes: one exp an output forward, two backward.
// Gaussian: -(log 2 pi + v + e^2) / 2, e = (y - m) e^(-v/2), v the log-variance: one exp forward, two backward.
// Student's t: -(norm + v + (nu + 1) log(1 + e^2/nu)) / 2: an exp, a log and a division forward, two exp and two divisions backward. It
// differs from a Gaussian in the density alone, so both are passes over the same rows.
// Bernoulli: y x - softplus(x): an exp, a log and a division forward, an exp and a division backward.
// Poisson: y x - e^x - ln gamma(1 + y) = -(e^x - y - y (x - ln y)) + [y ln y - y - ln gamma(1 + y)]. The bracket and ln y, some 60 FLOPs, are
// computed once for up to 16 samples; an exp and about 15 FLOPs an output remain, which bound it. Parallel over examples and those groups.
#include "cpu/kernels.h"
#include "cpu/vecmath.h"

namespace bhn::BHN_ISA {
namespace {

constexpr float kLogTwoPi = 1.8378770664093453f;

// max and log-sum-exp of a row, the latter relative to the max.
BHN_INLINE float log_sum_exp(const float* x, int64_t n, float* max) {
  float m = x[0];
  for (int64_t c = 1; c < n; ++c) {
    m = x[c] > m ? x[c] : m;
  }
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t c = 0; c < n; ++c) {
    sum += vexp(x[c] - m);
  }
  *max = m;
  return vlog(sum);
}

}  // namespace

void categorical_fwd(int threads, float* log_lik, const float* logits, const int32_t* labels, int64_t samples, int64_t batch,
                     int64_t classes) {
#pragma omp parallel for if (samples * batch * classes >= kParallel / 4) num_threads(threads) schedule(static)
  for (int64_t row = 0; row < samples * batch; ++row) {
    const float* x = logits + row * classes;
    float max;
    float lse = log_sum_exp(x, classes, &max);
    log_lik[row] = (x[labels[row % batch]] - max) - lse;
  }
}

void categorical_bwd(int threads, float* d_logits, const float* d_log_lik, const float* logits, const int32_t* labels, int64_t samples,
                     int64_t batch, int64_t classes) {
#pragma omp parallel for if (samples * batch * classes >= kParallel / 4) num_threads(threads) schedule(static)
  for (int64_t row = 0; row < samples * batch; ++row) {
    const float* x = logits + row * classes;
    float* out = d_logits + row * classes;
    float d = d_log_lik[row];
    float max;
    float lse = log_sum_exp(x, classes, &max);
#pragma omp simd
    for (int64_t c = 0; c < classes; ++c) {
      out[c] -= d * vexp(x[c] - max - lse);
    }
    out[labels[row % batch]] += d;
  }
}

namespace {

// e exp(-v / 2), squared where it is asked for: exp(-v) leaves the range of float long before. An error of 0 has no weight, whatever v.
BHN_INLINE float standardised(float e, float root) { return e == 0.0f ? 0.0f : e * root; }

// Row of log-variances that belongs to a row of means.
BHN_INLINE int64_t log_var_row(const LocationScaleShape& s, int64_t row) { return s.mode == 0 ? 0 : s.mode == 1 ? row / s.batch : row; }

// Densities of an error with a log-variance v: root = exp(-v / 2), e = standardised(error, root). deviance is -2 log density, score the
// gradient of the log density by the location; weighted_square, e^2 by its weight in least squares, is 1 more than twice that by v.
struct GaussianDensity {
  BHN_INLINE_MEMBER float deviance(float, float e, float v) const { return kLogTwoPi + v + e * e; }
  BHN_INLINE_MEMBER float score(float, float e, float root) const { return standardised(e, root); }
  BHN_INLINE_MEMBER double weighted_square(double e) const { return e * e; }
};

// Far out, e^2 >= 2^26 nu, log(1 + e^2/nu) is log(e^2/nu) and the score (nu + 1) / error: neither needs e, which may be an infinity.
struct StudentTDensity {
  StudentT t;

  BHN_INLINE_MEMBER float square(float e) const { return (e * t.inverse_root) * (e * t.inverse_root); }
  BHN_INLINE_MEMBER float deviance(float error, float e, float v) const {
    float s = square(e);
    bool near = s < kFar;
    float u = near ? 1.0f + s : error < 0.0f ? -error : error;
    float log = vlog(u);
    float lost = (s - (u - 1.0f)) / u;  // what 1 + s has rounded off
    return t.norm + v + t.nu_plus_1 * (near ? log + lost : 2.0f * log - v - t.log_nu);
  }
  BHN_INLINE_MEMBER float score(float error, float e, float root) const {
    float s = square(e);
    bool near = s < kFar;
    float ratio = t.nu_plus_1 * t.inverse_root * t.inverse_root;
    float quotient = (near ? ratio * e : t.nu_plus_1) / (near ? 1.0f + s : error);
    return near ? standardised(quotient, root) : quotient;
  }
  BHN_INLINE_MEMBER double weighted_square(double e) const {
    double h = e * t.inverse_root;
    return t.nu_plus_1 / (1.0 + 1.0 / (h * h));
  }

 private:
  static constexpr float kFar = 0x1p26f;
};

template <class Density>
void location_scale_fwd(int threads, float* log_lik, const float* mean, const float* log_var, const float* target,
                        const LocationScaleShape& s, const Density& density) {
#pragma omp parallel for if (s.samples * s.batch * s.outputs >= kParallel / 4) num_threads(threads) schedule(static)
  for (int64_t row = 0; row < s.samples * s.batch; ++row) {
    const float* m = mean + row * s.ld_mean;
    const float* v = log_var + log_var_row(s, row) * s.ld_log_var;
    const float* y = target + (row % s.batch) * s.outputs;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t o = 0; o < s.outputs; ++o) {
      float error = y[o] - m[o];
      sum += density.deviance(error, standardised(error, vexp(-0.5f * v[o])), v[o]);
    }
    log_lik[row] = -0.5f * sum;
  }
}

template <class Density>
void location_scale_bwd(int threads, float* d_mean, float* d_log_var, const float* d_log_lik, const float* mean, const float* log_var,
                        const float* target, const LocationScaleShape& s, const Density& density) {
  int64_t rows = s.samples * s.batch;
  if (d_mean != nullptr) {
#pragma omp parallel for if (rows * s.outputs >= kParallel / 4) num_threads(threads) schedule(static)
    for (int64_t row = 0; row < rows; ++row) {
      const float* m = mean + row * s.ld_mean;
      const float* v = log_var + log_var_row(s, row) * s.ld_log_var;
      const float* y = target + (row % s.batch) * s.outputs;
      float* out = d_mean + row * s.ld_mean;
      float d = d_log_lik[row];
#pragma omp simd
      for (int64_t o = 0; o < s.outputs; ++o) {
        float root = vexp(-0.5f * v[o]);
        float error = y[o] - m[o];
        out[o] += d * density.score(error, standardised(error, root), root);
      }
    }
  }
  if (d_log_var == nullptr) {
    return;
  }
  // Rows of log_var are shared by runs of rows of means (all, or one sample's): each run is added in order.
  int64_t run = s.mode == 0 ? rows : s.mode == 1 ? s.batch : 1;
  int64_t runs = run == 0 ? 0 : rows / run;
#pragma omp parallel for if (rows * s.outputs >= kParallel / 4) num_threads(threads) schedule(static)
  for (int64_t i = 0; i < runs; ++i) {
    const float* v = log_var + i * s.ld_log_var;
    for (int64_t o = 0; o < s.outputs; ++o) {
      double root = vexp(-0.5f * v[o]);
      double sum = 0;
      for (int64_t row = i * run; row < (i + 1) * run; ++row) {
        double e = target[(row % s.batch) * s.outputs + o] - mean[row * s.ld_mean + o];
        e = e == 0.0 ? 0.0 : e * root;
        sum += d_log_lik[row] * 0.5 * (density.weighted_square(e) - 1.0);
      }
      d_log_var[i * s.ld_log_var + o] += float(sum);
    }
  }
}

}  // namespace

void gaussian_fwd(int threads, float* log_lik, const float* mean, const float* log_var, const float* target, const LocationScaleShape& s) {
  location_scale_fwd(threads, log_lik, mean, log_var, target, s, GaussianDensity{});
}

void gaussian_bwd(int threads, float* d_mean, float* d_log_var, const float* d_log_lik, const float* mean, const float* log_var,
                  const float* target, const LocationScaleShape& s) {
  location_scale_bwd(threads, d_mean, d_log_var, d_log_lik, mean, log_var, target, s, GaussianDensity{});
}

void student_t_fwd(int threads, float* log_lik, const float* mean, const float* log_var, const float* target, const LocationScaleShape& s,
                   const StudentT& t) {
  location_scale_fwd(threads, log_lik, mean, log_var, target, s, StudentTDensity{t});
}

void student_t_bwd(int threads, float* d_mean, float* d_log_var, const float* d_log_lik, const float* mean, const float* log_var,
                   const float* target, const LocationScaleShape& s, const StudentT& t) {
  location_scale_bwd(threads, d_mean, d_log_var, d_log_lik, mean, log_var, target, s, StudentTDensity{t});
}

void bernoulli_fwd(int threads, float* log_lik, const float* logits, const float* target, int64_t samples, int64_t batch, int64_t outputs) {
#pragma omp parallel for if (samples * batch * outputs >= kParallel / 4) num_threads(threads) schedule(static)
  for (int64_t row = 0; row < samples * batch; ++row) {
    const float* x = logits + row * outputs;
    const float* y = target + (row % batch) * outputs;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t o = 0; o < outputs; ++o) {
      sum += y[o] * x[o] - vsoftplus(x[o]);
    }
    log_lik[row] = sum;
  }
}

void bernoulli_bwd(int threads, float* d_logits, const float* d_log_lik, const float* logits, const float* target, int64_t samples,
                   int64_t batch, int64_t outputs) {
#pragma omp parallel for if (samples * batch * outputs >= kParallel / 4) num_threads(threads) schedule(static)
  for (int64_t row = 0; row < samples * batch; ++row) {
    const float* x = logits + row * outputs;
    const float* y = target + (row % batch) * outputs;
    float* out = d_logits + row * outputs;
    float d = d_log_lik[row];
#pragma omp simd
    for (int64_t o = 0; o < outputs; ++o) {
      out[o] += d * (y[o] - vsigmoid(x[o]));
    }
  }
}

namespace {

// Samples of an example that share what is computed of its targets alone, and outputs that this is kept of.
constexpr int64_t kSharing = 16;
constexpr int64_t kKept = 256;

// y x - e^x - ln gamma(1 + y) without vpoisson_peak(y): near the peak its second order and what follows, with a y of 0 only e^x.
BHN_INLINE float below_peak(float x, float y, float log_y) {
  float d = x - log_y;
  float far = y * d + y;
  far = (y == 0.0f ? 0.0f : far) - vexp(x);
  return d > -0.5f && d < 0.5f ? -y * vexp_beyond_line(d) : far;
}

}  // namespace

void poisson_fwd(int threads, float* log_lik, const float* log_rate, const float* target, int64_t samples, int64_t batch, int64_t outputs) {
  int64_t pieces = (samples + kSharing - 1) / kSharing;
#pragma omp parallel for if (samples * batch * outputs >= kParallel / 4) num_threads(threads) schedule(static)
  for (int64_t piece = 0; piece < pieces * batch; ++piece) {
    const float* y = target + piece % batch * outputs;
    int64_t first = piece / batch * kSharing * batch + piece % batch;
    int64_t end = samples * batch < first + kSharing * batch ? samples * batch : first + kSharing * batch;
    for (int64_t row = first; row < end; row += batch) {
      log_lik[row] = 0;
    }
    float logs[kKept];
    for (int64_t from = 0; from < outputs; from += kKept) {
      int64_t width = outputs - from < kKept ? outputs - from : kKept;
      float peaks = 0;
#pragma omp simd reduction(+ : peaks)
      for (int64_t o = 0; o < width; ++o) {
        logs[o] = vlog(y[from + o]);
        peaks += vpoisson_peak(y[from + o], logs[o]);
      }
      for (int64_t row = first; row < end; row += batch) {
        const float* x = log_rate + row * outputs + from;
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t o = 0; o < width; ++o) {
          sum += below_peak(x[o], y[from + o], logs[o]);
        }
        log_lik[row] += sum + peaks;
      }
    }
  }
}

void poisson_bwd(int threads, float* d_log_rate, const float* d_log_lik, const float* log_rate, const float* target, int64_t samples,
                 int64_t batch, int64_t outputs) {
#pragma omp parallel for if (samples * batch * outputs >= kParallel / 4) num_threads(threads) schedule(static)
  for (int64_t row = 0; row < samples * batch; ++row) {
    const float* x = log_rate + row * outputs;
    const float* y = target + (row % batch) * outputs;
    float* out = d_log_rate + row * outputs;
    float d = d_log_lik[row];
#pragma omp simd
    for (int64_t o = 0; o < outputs; ++o) {
      out[o] += d * (y[o] - vexp(x[o]));
    }
  }
}

}  // namespace bhn::BHN_ISA
