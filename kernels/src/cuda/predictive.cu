// Statistics over weight samples, folded in one by one (Welford) in the order of the samples, so that pieces of any size give the same
// bits.
// Bytes: 4 a logit read once; the state of an example stays in registers while its samples pass. One exp and one log a class for softmax
// and entropy. Bound by reading the logits, which are asked for one sample ahead; parallel over examples.
// Softmax: a group of lanes owns an example (row_groups.h), a lane up to kHeld of its classes. More classes than a warp can hold have their
// state in memory, that is in cache.
#include "cuda/row_groups.h"

namespace bhn::cuda {
namespace {

constexpr int kThreads = 128;
constexpr int kHeld = 8;

// Folds x into mean and m2 as sample number n (from 1).
__device__ __forceinline__ void welford(float x, float n, float& mean, float& m2) {
  float d = x - mean;
  float next = mean + d / n;
  m2 += d * (x - next);
  mean = next;
}

// The largest logit of those seen so far and its class; of equal ones the first.
struct Best {
  float x;
  int c;

  __device__ void meet(float other, int at) {
    if (other > x || (other == x && at < c)) {
      x = other;
      c = at;
    }
  }
  // A NaN is never the largest, but where it is the first: as a scan from the first class on has it.
  __device__ void see(float other, int at) { meet(at == 0 && isnan(other) ? INFINITY : other, at); }
};

__device__ __forceinline__ Best group_best(Best best, int lanes) {
  for (int offset = lanes / 2; offset > 0; offset /= 2) {
    float x = __shfl_xor_sync(kAllLanes, best.x, offset);
    best.meet(x, __shfl_xor_sync(kAllLanes, best.c, offset));
  }
  return best;
}

// p log p, 0 at 0.
__device__ __forceinline__ float p_log_p(float p, float log_p) { return p > 0.0f ? p * log_p : 0.0f; }

// Where an example's numbers are.
struct Categorical {
  float *mean, *m2, *entropy;
  int32_t* votes;
  const float* logits;
  int64_t samples, batch, classes, seen;
};

// A lane holds classes lane, lane + lanes, ... up to kClasses of them.
template <int kClasses>
__global__ void __launch_bounds__(kThreads) categorical_held(Categorical s, int lanes) {
  each_row(s.batch, lanes, [&](int64_t b, int lane) {
    int classes = b < s.batch ? int(s.classes) : 0;
    float mean[kClasses], m2[kClasses], ahead[kClasses];
    int32_t votes[kClasses];
    bool fresh = s.seen == 0;
    int64_t at = b * s.classes;
#pragma unroll
    for (int k = 0; k < kClasses; ++k) {
      int c = lane + k * lanes;
      bool old = c < classes && !fresh;
      mean[k] = old ? s.mean[at + c] : 0.0f;
      m2[k] = old ? s.m2[at + c] : 0.0f;
      votes[k] = old ? s.votes[at + c] : 0;
      ahead[k] = c < classes ? s.logits[at + c] : -INFINITY;
    }
    float entropy = classes > 0 && !fresh ? s.entropy[b] : 0.0f;
    for (int64_t i = 0; i < s.samples; ++i) {
      float x[kClasses];
      Best best = {-INFINITY, INT32_MAX};
#pragma unroll
      for (int k = 0; k < kClasses; ++k) {
        int c = lane + k * lanes;
        x[k] = ahead[k];
        if (c < classes) {
          ahead[k] = i + 1 < s.samples ? s.logits[(i + 1) * s.batch * s.classes + at + c] : 0.0f;
          best.see(x[k], c);
        }
      }
      best = group_best(best, lanes);
      float sum = 0.0f;
#pragma unroll
      for (int k = 0; k < kClasses; ++k) {
        sum += expf(x[k] - best.x);  // 0 where there is no class
      }
      float log_sum = logf(group_sum(sum, lanes));
      float n = float(s.seen + i + 1);
      float h = 0.0f;
#pragma unroll
      for (int k = 0; k < kClasses; ++k) {
        float log_p = x[k] - best.x - log_sum;
        float p = expf(log_p);
        h -= p_log_p(p, log_p);
        welford(p, n, mean[k], m2[k]);
        votes[k] += lane + k * lanes == best.c ? 1 : 0;
      }
      entropy += (group_sum(h, lanes) - entropy) / n;
    }
#pragma unroll
    for (int k = 0; k < kClasses; ++k) {
      int c = lane + k * lanes;
      if (c < classes) {
        s.mean[at + c] = mean[k];
        s.m2[at + c] = m2[k];
        s.votes[at + c] = votes[k];
      }
    }
    if (classes > 0 && lane == 0) {
      s.entropy[b] = entropy;
    }
  });
}

// A warp owns an example, and a lane every 32nd of its classes, from its first read to its last write.
__global__ void __launch_bounds__(kThreads) categorical_many(Categorical s) {
  each_row(s.batch, kWarp, [&](int64_t b, int lane) {
    int classes = b < s.batch ? int(s.classes) : 0;
    int64_t at = b * s.classes;
    bool fresh = s.seen == 0;
    float entropy = classes > 0 && !fresh ? s.entropy[b] : 0.0f;
    for (int64_t i = 0; i < s.samples; ++i) {
      const float* x = s.logits + i * s.batch * s.classes + at;
      Best best = {-INFINITY, INT32_MAX};
      for (int c = lane; c < classes; c += kWarp) {
        best.see(x[c], c);
      }
      best = group_best(best, kWarp);
      float sum = 0.0f;
      for (int c = lane; c < classes; c += kWarp) {
        sum += expf(x[c] - best.x);
      }
      float log_sum = logf(warp_sum(sum));
      float n = float(s.seen + i + 1);
      float h = 0.0f;
      for (int c = lane; c < classes; c += kWarp) {
        bool first = fresh && i == 0;
        float mean = first ? 0.0f : s.mean[at + c];
        float m2 = first ? 0.0f : s.m2[at + c];
        int32_t votes = first ? 0 : s.votes[at + c];
        float log_p = x[c] - best.x - log_sum;
        float p = expf(log_p);
        h -= p_log_p(p, log_p);
        welford(p, n, mean, m2);
        s.mean[at + c] = mean;
        s.m2[at + c] = m2;
        s.votes[at + c] = votes + (c == best.c ? 1 : 0);
      }
      entropy += (warp_sum(h) - entropy) / n;
    }
    if (classes > 0 && lane == 0) {
      s.entropy[b] = entropy;
    }
  });
}

// A thread owns an output of an example.
__global__ void __launch_bounds__(kThreads)
    moments(float* mean, float* m2, const float* values, int64_t samples, int64_t batch, int64_t outputs, int64_t ld_values, int64_t seen) {
  for (int64_t i = global_thread(); i < batch * outputs; i += grid_threads()) {
    const float* x = values + i / outputs * ld_values + i % outputs;
    float mu = seen == 0 ? 0.0f : mean[i];
    float squares = seen == 0 ? 0.0f : m2[i];
#pragma unroll 4
    for (int64_t s = 0; s < samples; ++s) {
      welford(x[s * batch * ld_values], float(seen + s + 1), mu, squares);
    }
    mean[i] = mu;
    m2[i] = squares;
  }
}

// log(e^a + e^b)
__device__ __forceinline__ double log_add(double a, double b) {
  double high = a > b ? a : b;
  double low = a > b ? b : a;
  return high == -INFINITY ? high : high + log1p(exp(low - high));
}

// A thread owns an example. Bound by three logarithms and an exponential of a double for every four bytes.
__global__ void __launch_bounds__(kThreads)
    log_mean_exp(float* log_mean, const float* log_lik, int64_t samples, int64_t batch, int64_t seen) {
  for (int64_t b = global_thread(); b < batch; b += grid_threads()) {
    float value = seen == 0 ? -INFINITY : log_mean[2 * b];
    float rest = seen == 0 ? 0.0f : log_mean[2 * b + 1];
    for (int64_t s = 0; s < samples; ++s) {
      // The state is cut to two floats after every sample, so that pieces of any size give the same bits.
      double state = double(value) + rest;
      double n = double(seen + s);
      double sum = log_add(n > 0.0 ? state + log(n) : -INFINITY, log_lik[s * batch + b]);
      state = sum - log(n + 1.0);
      value = float(state);
      rest = isinf(value) ? 0.0f : float(state - value);
    }
    log_mean[2 * b] = value;
    log_mean[2 * b + 1] = rest;
  }
}

}  // namespace

int predictive_categorical(const Queue& q, float* mean, float* m2, float* entropy, int32_t* votes, const float* logits, int64_t samples,
                           int64_t batch, int64_t classes, int64_t seen) {
  Categorical s = {mean, m2, entropy, votes, logits, samples, batch, classes, seen};
  int lanes = lanes_for(classes);
  unsigned blocks = row_blocks(q, batch, lanes, kThreads);
  if (classes <= kWarp) {
    return BHN_LAUNCH(categorical_held<1>, blocks, kThreads, 0, q, s, lanes);
  }
  if (classes <= kHeld * kWarp) {
    return BHN_LAUNCH(categorical_held<kHeld>, blocks, kThreads, 0, q, s, lanes);
  }
  return BHN_LAUNCH(categorical_many, blocks, kThreads, 0, q, s);
}

int predictive_moments(const Queue& q, float* mean, float* m2, const float* values, int64_t samples, int64_t batch, int64_t outputs,
                       int64_t ld_values, int64_t seen) {
  return BHN_LAUNCH(moments, blocks_for(q, batch * outputs, kThreads), kThreads, 0, q, mean, m2, values, samples, batch, outputs, ld_values,
                    seen);
}

int predictive_log_lik(const Queue& q, float* log_mean, const float* log_lik, int64_t samples, int64_t batch, int64_t seen) {
  return BHN_LAUNCH(log_mean_exp, blocks_for(q, batch, kThreads), kThreads, 0, q, log_mean, log_lik, samples, batch, seen);
}

}  // namespace bhn::cuda
