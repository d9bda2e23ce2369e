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

}  // namespace

void predictive_categorical(int threads, float* mean, float* m2, float* entropy, int32_t* votes, const float* logits, int64_t samples,
                            int64_t batch, int64_t classes, int64_t seen) {
#pragma omp parallel for if (samples * batch * classes >= kParallel / 4) num_threads(threads) schedule(static)
  for (int64_t b = 0; b < batch; ++b) {
    float* mean_b = mean + b * classes;
    float* m2_b = m2 + b * classes;
    int32_t* votes_b = votes + b * classes;
    if (seen == 0) {
      for (int64_t c = 0; c < classes; ++c) {
        mean_b[c] = 0.0f;
        m2_b[c] = 0.0f;
        votes_b[c] = 0;
      }
      entropy[b] = 0.0f;
    }
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
      votes_b[best] += 1;
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
    double state = seen == 0 ? -__builtin_inf() : double(log_mean[b]);
    for (int64_t s = 0; s < samples; ++s) {
      // The state is rounded after every sample, so that pieces of any size give the same bits.
      double n = double(seen + s);
      double old_part = n > 0 ? state + ::log(n) : -__builtin_inf();
      double new_part = log_lik[s * batch + b];
      double high = old_part > new_part ? old_part : new_part;
      double low = old_part > new_part ? new_part : old_part;
      double sum = high == -__builtin_inf() ? high : high + ::log1p(::exp(low - high));
      state = float(sum - ::log(n + 1));
    }
    log_mean[b] = float(state);
  }
}

}  // namespace bhn::BHN_ISA
