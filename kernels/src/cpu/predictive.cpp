// Statistics over weight samples, folded in one by one (Welford), so that pieces of any size give the same bits.
// Bytes: 4 a logit read; the state of one example stays in the first-level cache. One exp and one log a class for
// softmax and entropy. Parallel over examples.
#include "cpu/kernels.h"
#include "cpu/vecmath.h"

namespace bhn::BHN_ISA {
namespace {

// Folds x into mean and m2 as sample number n (from 1).
BHN_INLINE void welford(float x, float n, float* mean, float* m2) {
  float d = x - *mean;
  float next = *mean + d / n;
  *m2 += d * (x - next);
  *mean = next;
}

// Few classes: examples side by side, a vector for each class. All lanes compute, those without an example of their own the last one
// again, so an example's bits do not depend on its place.
constexpr int64_t kSide = 16;
constexpr int64_t kFewClasses = 64;

struct Categorical {
  float *mean, *m2, *entropy;
  int32_t* votes;
  const float* logits;
  int64_t samples, batch, classes, seen;

  void example(int64_t b) const {
    float* mean_b = mean + b * classes;
    float* m2_b = m2 + b * classes;
    for (int64_t s = 0; s < samples; ++s) {
      const float* x = logits + (s * batch + b) * classes;
      int64_t best = 0;
      for (int64_t c = 1; c < classes; ++c) {
        best = x[c] > x[best] ? c : best;
      }
      float max = x[best];
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t c = 0; c < classes; ++c) {
        sum += vexp(x[c] - max);
      }
      float log_sum = vlog(sum);
      float n = float(seen + s + 1);
      float h = 0;
#pragma omp simd reduction(+ : h)
      for (int64_t c = 0; c < classes; ++c) {
        float log_p = x[c] - max - log_sum;
        float p = vexp(log_p);
        h -= p > 0.0f ? p * log_p : 0.0f;
        welford(p, n, mean_b + c, m2_b + c);
      }
      entropy[b] += (h - entropy[b]) / n;
      votes[b * classes + best] += 1;
    }
  }

  // Examples [first, first + width), width <= kSide.
  void examples(int64_t first, int64_t width) const {
    int64_t row[kSide];
    float mu[kFewClasses * kSide], squares[kFewClasses * kSide], x[kFewClasses * kSide], h_mean[kSide];
    for (int64_t i = 0; i < kSide; ++i) {
      row[i] = first + (i < width ? i : width - 1);
      h_mean[i] = entropy[row[i]];
      for (int64_t c = 0; c < classes; ++c) {
        mu[c * kSide + i] = mean[row[i] * classes + c];
        squares[c * kSide + i] = m2[row[i] * classes + c];
      }
    }
    for (int64_t s = 0; s < samples; ++s) {
      for (int64_t i = 0; i < kSide; ++i) {
        const float* from = logits + (s * batch + row[i]) * classes;
        for (int64_t c = 0; c < classes; ++c) {
          x[c * kSide + i] = from[c];
        }
      }
      int32_t best[kSide];
      fold(x, float(seen + s + 1), mu, squares, h_mean, best);
      for (int64_t i = 0; i < width; ++i) {
        votes[row[i] * classes + best[i]] += 1;
      }
    }
    for (int64_t i = 0; i < width; ++i) {
      entropy[row[i]] = h_mean[i];
      for (int64_t c = 0; c < classes; ++c) {
        mean[row[i] * classes + c] = mu[c * kSide + i];
        m2[row[i] * classes + c] = squares[c * kSide + i];
      }
    }
  }

 private:
  // One sample of all lanes, the n-th.
  void fold(const float* x, float n, float* mu, float* squares, float* h_mean, int32_t* best) const {
    float max[kSide], sum[kSide], h[kSide];
#pragma omp simd
    for (int64_t i = 0; i < kSide; ++i) {
      max[i] = x[i];
      best[i] = 0;
      sum[i] = 0;
      h[i] = 0;
    }
    for (int64_t c = 1; c < classes; ++c) {
#pragma omp simd
      for (int64_t i = 0; i < kSide; ++i) {
        bool more = x[c * kSide + i] > max[i];
        max[i] = more ? x[c * kSide + i] : max[i];
        best[i] = more ? int32_t(c) : best[i];
      }
    }
    for (int64_t c = 0; c < classes; ++c) {
#pragma omp simd
      for (int64_t i = 0; i < kSide; ++i) {
        sum[i] += vexp(x[c * kSide + i] - max[i]);
      }
    }
#pragma omp simd
    for (int64_t i = 0; i < kSide; ++i) {
      sum[i] = vlog(sum[i]);
    }
    for (int64_t c = 0; c < classes; ++c) {
#pragma omp simd
      for (int64_t i = 0; i < kSide; ++i) {
        float log_p = x[c * kSide + i] - max[i] - sum[i];
        float p = vexp(log_p);
        h[i] -= p > 0.0f ? p * log_p : 0.0f;
        welford(p, n, mu + c * kSide + i, squares + c * kSide + i);
      }
    }
#pragma omp simd
    for (int64_t i = 0; i < kSide; ++i) {
      h_mean[i] += (h[i] - h_mean[i]) / n;
    }
  }
};

}  // namespace

void predictive_categorical(int threads, float* mean, float* m2, float* entropy, int32_t* votes, const float* logits, int64_t samples,
                            int64_t batch, int64_t classes, int64_t seen) {
  Categorical state = {mean, m2, entropy, votes, logits, samples, batch, classes, seen};
  int64_t blocks = (batch + kSide - 1) / kSide;
#pragma omp parallel for if (samples * batch * classes >= kParallel / 4) num_threads(threads) schedule(static)
  for (int64_t block = 0; block < blocks; ++block) {
    int64_t first = block * kSide;
    int64_t width = batch - first < kSide ? batch - first : kSide;
    for (int64_t i = first * classes; seen == 0 && i < (first + width) * classes; ++i) {
      mean[i] = 0.0f;
      m2[i] = 0.0f;
      votes[i] = 0;
    }
    for (int64_t b = first; seen == 0 && b < first + width; ++b) {
      entropy[b] = 0.0f;
    }
    if (classes <= kFewClasses) {
      state.examples(first, width);
      continue;
    }
    for (int64_t b = first; b < first + width; ++b) {
      state.example(b);
    }
  }
}

void predictive_moments(int threads, float* mean, float* m2, const float* values, int64_t samples, int64_t batch, int64_t outputs,
                        int64_t ld_values, int64_t seen) {
#pragma omp parallel for if (samples * batch * outputs >= kParallel / 4) num_threads(threads) schedule(static)
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t o = 0; o < outputs; ++o) {
      float mu = seen == 0 ? 0.0f : mean[b * outputs + o];
      float squares = seen == 0 ? 0.0f : m2[b * outputs + o];
      for (int64_t s = 0; s < samples; ++s) {
        welford(values[(s * batch + b) * ld_values + o], float(seen + s + 1), &mu, &squares);
      }
      mean[b * outputs + o] = mu;
      m2[b * outputs + o] = squares;
    }
  }
}

void predictive_log_lik(int threads, float* log_mean, const float* log_lik, int64_t samples, int64_t batch, int64_t seen) {
#pragma omp parallel for if (samples * batch >= kParallel / 4) num_threads(threads) schedule(static)
  for (int64_t b = 0; b < batch; ++b) {
    float value = seen == 0 ? -__builtin_inff() : log_mean[2 * b];
    float rest = seen == 0 ? 0.0f : log_mean[2 * b + 1];
    for (int64_t s = 0; s < samples; ++s) {
      // The state is cut to two floats after every sample, so that pieces of any size give the same bits.
      double state = double(value) + rest;
      double n = double(seen + s);
      double old_part = n > 0 ? state + ::log(n) : -__builtin_inf();
      double new_part = log_lik[s * batch + b];
      double high = old_part > new_part ? old_part : new_part;
      double low = old_part > new_part ? new_part : old_part;
      double sum = high == -__builtin_inf() ? high : high + ::log1p(::exp(low - high));
      state = sum - ::log(n + 1);
      value = float(state);
      rest = __builtin_isinf(value) ? 0.0f : float(state - value);
    }
    log_mean[2 * b] = value;
    log_mean[2 * b + 1] = rest;
  }
}

}  // namespace bhn::BHN_ISA
