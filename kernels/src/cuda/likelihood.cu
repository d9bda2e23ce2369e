// Log-likelihoods of rows (sample, example), in nats, and their gradients: log-softmax at the label; Gaussian and Student's t with a
// log-variance; Bernoulli of logits; Poisson of a log rate.
// A group of lanes owns a row (row_groups.h). Bytes: 4 an output read (forward), 12 (backward); one or two exp an output. Bound by memory.
// The log-variance's gradient sums over the rows that share it: a block owns one such run and up to 32 columns, in double.
#include "cuda/row_groups.h"

namespace bhn::cuda {
namespace {

constexpr int kThreads = 128;
constexpr int kRunThreads = 512;
constexpr float kLogTwoPi = 1.8378770664093453f;

struct LogSumExp {
  float max, log_sum;  // the latter relative to the max
};

// Of n numbers, 0 where the group has no row. A NaN among them makes log_sum NaN.
__device__ __forceinline__ LogSumExp log_sum_exp(const float* x, int64_t n, int lane, int lanes) {
  float max = -INFINITY;
  for (int64_t c = lane; c < n; c += lanes) {
    max = fmaxf(max, x[c]);
  }
  max = group_max(max, lanes);
  float sum = 0.0f;
  for (int64_t c = lane; c < n; c += lanes) {
    sum += expf(x[c] - max);
  }
  return {max, logf(group_sum(sum, lanes))};
}

// The label of an example, or -1 and a report.
__device__ __forceinline__ int32_t label_of(const int32_t* labels, int64_t b, int64_t classes, Fault* fault) {
  int32_t label = labels[b];
  if (label >= 0 && label < classes) {
    return label;
  }
  report(fault, Fault::kLabel, b, label, classes);
  return -1;
}

__global__ void __launch_bounds__(kThreads) categorical_forward(float* log_lik, const float* logits, const int32_t* labels, int64_t samples,
                                                                int64_t batch, int64_t classes, int lanes, Fault* fault) {
  int64_t rows = samples * batch;
  each_row(rows, lanes, [&](int64_t row, int lane) {
    bool here = row < rows;
    const float* x = logits + row * classes;
    LogSumExp all = log_sum_exp(x, here ? classes : 0, lane, lanes);
    if (here && lane == 0) {
      int32_t label = label_of(labels, row % batch, classes, fault);
      if (label >= 0) {
        log_lik[row] = (x[label] - all.max) - all.log_sum;
      }
    }
  });
}

__global__ void __launch_bounds__(kThreads)
    categorical_backward(float* d_logits, const float* d_log_lik, const float* logits, const int32_t* labels, int64_t samples,
                         int64_t batch, int64_t classes, int lanes, Fault* fault) {
  int64_t rows = samples * batch;
  each_row(rows, lanes, [&](int64_t row, int lane) {
    const float* x = logits + row * classes;
    int32_t label = row < rows ? label_of(labels, row % batch, classes, fault) : -1;
    int64_t n = label < 0 ? 0 : classes;
    LogSumExp all = log_sum_exp(x, n, lane, lanes);
    float d = n == 0 ? 0.0f : d_log_lik[row];
    for (int64_t c = lane; c < n; c += lanes) {
      float out = d_logits[row * classes + c] - d * expf(x[c] - all.max - all.log_sum);
      d_logits[row * classes + c] = c == label ? out + d : out;
    }
  });
}

// e exp(-v / 2), squared where it is asked for: exp(-v) leaves the range of float long before. An error of 0 has no weight, whatever v.
__device__ __forceinline__ float standardised(float e, float root) { return e == 0.0f ? 0.0f : e * root; }

// Row of log-variances that belongs to a row of means.
__device__ __forceinline__ int64_t log_var_row(const LocationScaleShape& s, int64_t row) {
  return s.mode == BHN_LOG_VAR_SHARED ? 0 : s.mode == BHN_LOG_VAR_PER_SAMPLE ? row / s.batch : row;
}

// Densities, as in cpu/likelihood.cpp: root = exp(-v / 2), e = standardised(error, root).
struct GaussianDensity {
  __device__ float deviance(float, float e, float v) const { return kLogTwoPi + v + e * e; }
  __device__ float score(float, float e, float root) const { return standardised(e, root); }
  __device__ double weighted_square(double e) const { return e * e; }
};

// Far out, e^2 >= 2^26 nu, log(1 + e^2/nu) is log(e^2/nu) and the score (nu + 1) / error: neither needs e, which may be an infinity.
struct StudentTDensity {
  StudentT t;

  __device__ float square(float e) const { return (e * t.inverse_root) * (e * t.inverse_root); }
  __device__ float deviance(float error, float e, float v) const {
    float s = square(e);
    return t.norm + v + t.nu_plus_1 * (s < kFar ? log1pf(s) : 2.0f * logf(fabsf(error)) - v - t.log_nu);
  }
  __device__ float score(float error, float e, float root) const {
    float s = square(e);
    float ratio = t.nu_plus_1 * t.inverse_root * t.inverse_root;
    return s < kFar ? standardised(ratio * e / (1.0f + s), root) : t.nu_plus_1 / error;
  }
  __device__ double weighted_square(double e) const {
    double h = e * t.inverse_root;
    return t.nu_plus_1 / (1.0 + 1.0 / (h * h));
  }

 private:
  static constexpr float kFar = 67108864.0f;
};

template <class Density>
__global__ void __launch_bounds__(kThreads) location_scale_forward(float* log_lik, const float* mean, const float* log_var,
                                                                   const float* target, LocationScaleShape s, Density density, int lanes) {
  int64_t rows = s.samples * s.batch;
  each_row(rows, lanes, [&](int64_t row, int lane) {
    bool here = row < rows;
    const float* m = mean + row * s.ld_mean;
    const float* v = log_var + log_var_row(s, row) * s.ld_log_var;
    const float* y = target + (row % s.batch) * s.outputs;
    float sum = 0.0f;
    for (int64_t o = lane; here && o < s.outputs; o += lanes) {
      float error = y[o] - m[o];
      sum += density.deviance(error, standardised(error, expf(-0.5f * v[o])), v[o]);
    }
    sum = group_sum(sum, lanes);
    if (here && lane == 0) {
      log_lik[row] = -0.5f * sum;
    }
  });
}

// What an element adds to the gradient of its log-variance.
template <class Density>
__device__ __forceinline__ double log_var_part(const Density& density, float d, double error, double root) {
  return d * 0.5 * (density.weighted_square(error == 0.0 ? 0.0 : error * root) - 1.0);
}

// Gradients that nothing shares: of the means, and (if given) of log-variances of single rows.
template <class Density>
__global__ void __launch_bounds__(kThreads)
    location_scale_backward(float* d_mean, float* d_log_var, const float* d_log_lik, const float* mean, const float* log_var,
                            const float* target, LocationScaleShape s, Density density, int lanes) {
  int64_t rows = s.samples * s.batch;
  each_row(rows, lanes, [&](int64_t row, int lane) {
    bool here = row < rows;
    const float* v = log_var + log_var_row(s, row) * s.ld_log_var;
    const float* y = target + (row % s.batch) * s.outputs;
    float d = here ? d_log_lik[row] : 0.0f;
    for (int64_t o = lane; here && o < s.outputs; o += lanes) {
      float m = mean[row * s.ld_mean + o];
      float root = expf(-0.5f * v[o]);
      if (d_mean != nullptr) {
        float error = y[o] - m;
        d_mean[row * s.ld_mean + o] += d * density.score(error, standardised(error, root), root);
      }
      if (d_log_var != nullptr) {
        d_log_var[row * s.ld_log_var + o] += float(log_var_part(density, d, double(y[o]) - m, root));
      }
    }
  });
}

// Rows that share a log-variance (all, or one sample's): a block owns one such run of `run` rows and a tile of `columns` columns. Thread
// t owns column t % columns and every (threads / columns)th row; the sums of those meet in shared memory, in order.
template <class Density>
__global__ void __launch_bounds__(kRunThreads)
    location_scale_backward_shared(float* d_mean, float* d_log_var, const float* d_log_lik, const float* mean, const float* log_var,
                                   const float* target, LocationScaleShape s, Density density, int64_t run, int columns) {
  BHN_SHARED(double, partial, [kRunThreads]);
  int t = int(threadIdx.x);
  int64_t tiles = (s.outputs + columns - 1) / columns;
  int64_t i = blockIdx.x / tiles;
  int64_t o = blockIdx.x % tiles * columns + t % columns;
  double sum = 0.0;
  if (o < s.outputs) {
    float root = expf(-0.5f * log_var[i * s.ld_log_var + o]);
    for (int64_t row = i * run + t / columns; row < (i + 1) * run; row += kRunThreads / columns) {
      float d = d_log_lik[row];
      float error = target[(row % s.batch) * s.outputs + o] - mean[row * s.ld_mean + o];
      if (d_mean != nullptr) {
        d_mean[row * s.ld_mean + o] += d * density.score(error, standardised(error, root), root);
      }
      sum += log_var_part(density, d, error, root);
    }
  }
  partial[t] = sum;
  for (int half = kRunThreads / 2; half >= columns; half /= 2) {
    __syncthreads();
    if (t < half) {
      partial[t] += partial[t + half];
    }
  }
  if (t < columns && o < s.outputs) {
    d_log_var[i * s.ld_log_var + o] += float(partial[t]);
  }
}

__global__ void __launch_bounds__(kThreads) bernoulli_forward(float* log_lik, const float* logits, const float* target, int64_t samples,
                                                              int64_t batch, int64_t outputs, int lanes) {
  int64_t rows = samples * batch;
  each_row(rows, lanes, [&](int64_t row, int lane) {
    bool here = row < rows;
    const float* x = logits + row * outputs;
    const float* y = target + (row % batch) * outputs;
    float sum = 0.0f;
    for (int64_t o = lane; here && o < outputs; o += lanes) {
      float softplus = fmaxf(x[o], 0.0f) + log1pf(expf(-fabsf(x[o])));
      sum += y[o] * x[o] - softplus;
    }
    sum = group_sum(sum, lanes);
    if (here && lane == 0) {
      log_lik[row] = sum;
    }
  });
}

__device__ __forceinline__ float sigmoid(float x) {
  float e = expf(-fabsf(x));
  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

__global__ void __launch_bounds__(kThreads)
    bernoulli_backward(float* d_logits, const float* d_log_lik, const float* logits, const float* target, int64_t samples, int64_t batch,
                       int64_t outputs, int lanes) {
  int64_t rows = samples * batch;
  each_row(rows, lanes, [&](int64_t row, int lane) {
    bool here = row < rows;
    const float* y = target + (row % batch) * outputs;
    float d = here ? d_log_lik[row] : 0.0f;
    for (int64_t o = lane; here && o < outputs; o += lanes) {
      d_logits[row * outputs + o] += d * (y[o] - sigmoid(logits[row * outputs + o]));
    }
  });
}

// ln(y^y e^-y / gamma(1 + y)): what a Poisson distribution of mean y gives y. For large y, where its terms cancel, Stirling's series.
__device__ __forceinline__ float poisson_peak(float y, float log_y) {
  float x = 1.0f / y;
  float z = x * x;
  float large = -0.918938533f - 0.5f * log_y - x * (8.33333333e-2f - z * (2.77777778e-3f - z * 7.93650794e-4f));
  return y == 0.0f ? 0.0f : y < 4.5f ? y * log_y - y - lgammaf(1.0f + y) : large;
}

// y x - e^x - ln gamma(1 + y) without poisson_peak(y): near the peak -y (e^d - 1 - d), with a y of 0 only e^x.
__device__ __forceinline__ float below_peak(float x, float y) {
  float d = x - logf(y);
  if (fabsf(d) < 0.5f) {
    float p = 2.48015873e-5f;
    p = p * d + 1.98412698e-4f;
    p = p * d + 1.38888889e-3f;
    p = p * d + 8.33333333e-3f;
    p = p * d + 4.16666667e-2f;
    p = p * d + 1.66666667e-1f;
    return -y * (p * d + 0.5f) * d * d;
  }
  return (y == 0.0f ? 0.0f : y * d + y) - expf(x);
}

// A group of lanes owns up to kSharing samples of an example, which share the peaks of its targets.
constexpr int kSharing = 8;

__global__ void __launch_bounds__(kThreads) poisson_forward(float* log_lik, const float* log_rate, const float* target, int64_t samples,
                                                            int64_t batch, int64_t outputs, int lanes) {
  int64_t pieces = ceil_div(samples, kSharing) * batch;
  int64_t turns = samples < kSharing ? samples : kSharing;  // the same for all lanes, which sum together
  each_row(pieces, lanes, [&](int64_t piece, int lane) {
    int64_t b = piece % batch;
    int64_t first = piece / batch * kSharing;
    int64_t n = piece < pieces ? outputs : 0;
    const float* y = target + b * outputs;
    float peaks = 0.0f;
    for (int64_t o = lane; o < n; o += lanes) {
      peaks += poisson_peak(y[o], logf(y[o]));
    }
    for (int64_t s = first; s < first + turns; ++s) {
      bool here = piece < pieces && s < samples;
      const float* x = log_rate + (s * batch + b) * outputs;
      float sum = peaks;
      for (int64_t o = lane; here && o < outputs; o += lanes) {
        sum += below_peak(x[o], y[o]);
      }
      sum = group_sum(sum, lanes);
      if (here && lane == 0) {
        log_lik[s * batch + b] = sum;
      }
    }
  });
}

__global__ void __launch_bounds__(kThreads)
    poisson_backward(float* d_log_rate, const float* d_log_lik, const float* log_rate, const float* target, int64_t samples, int64_t batch,
                     int64_t outputs, int lanes) {
  int64_t rows = samples * batch;
  each_row(rows, lanes, [&](int64_t row, int lane) {
    bool here = row < rows;
    const float* y = target + (row % batch) * outputs;
    float d = here ? d_log_lik[row] : 0.0f;
    for (int64_t o = lane; here && o < outputs; o += lanes) {
      d_log_rate[row * outputs + o] += d * (y[o] - expf(log_rate[row * outputs + o]));
    }
  });
}

template <class Density>
int location_scale_fwd(const Queue& q, float* log_lik, const float* mean, const float* log_var, const float* target,
                       const LocationScaleShape& s, const Density& density) {
  int lanes = lanes_for(s.outputs);
  return BHN_LAUNCH(location_scale_forward<Density>, row_blocks(q, s.samples * s.batch, lanes, kThreads), kThreads, 0, q, log_lik, mean,
                    log_var, target, s, density, lanes);
}

template <class Density>
int location_scale_bwd(const Queue& q, float* d_mean, float* d_log_var, const float* d_log_lik, const float* mean, const float* log_var,
                       const float* target, const LocationScaleShape& s, const Density& density) {
  if (s.outputs == 0 || (d_mean == nullptr && d_log_var == nullptr)) {
    return cudaSuccess;
  }
  int lanes = lanes_for(s.outputs);
  if (d_log_var == nullptr || s.mode == BHN_LOG_VAR_PER_ROW) {
    return BHN_LAUNCH(location_scale_backward<Density>, row_blocks(q, s.samples * s.batch, lanes, kThreads), kThreads, 0, q, d_mean,
                      d_log_var, d_log_lik, mean, log_var, target, s, density, lanes);
  }
  int64_t runs = s.mode == BHN_LOG_VAR_SHARED ? 1 : s.samples;
  unsigned blocks = unsigned(runs * ceil_div(s.outputs, lanes));
  return BHN_LAUNCH(location_scale_backward_shared<Density>, blocks, kRunThreads, 0, q, d_mean, d_log_var, d_log_lik, mean, log_var, target,
                    s, density, s.samples * s.batch / runs, lanes);
}

}  // namespace

int categorical_fwd(const Queue& q, float* log_lik, const float* logits, const int32_t* labels, int64_t samples, int64_t batch,
                    int64_t classes) {
  int lanes = lanes_for(classes);
  return BHN_LAUNCH(categorical_forward, row_blocks(q, samples * batch, lanes, kThreads), kThreads, 0, q, log_lik, logits, labels, samples,
                    batch, classes, lanes, q.fault);
}

int categorical_bwd(const Queue& q, float* d_logits, const float* d_log_lik, const float* logits, const int32_t* labels, int64_t samples,
                    int64_t batch, int64_t classes) {
  int lanes = lanes_for(classes);
  return BHN_LAUNCH(categorical_backward, row_blocks(q, samples * batch, lanes, kThreads), kThreads, 0, q, d_logits, d_log_lik, logits,
                    labels, samples, batch, classes, lanes, q.fault);
}

int gaussian_fwd(const Queue& q, float* log_lik, const float* mean, const float* log_var, const float* target,
                 const LocationScaleShape& s) {
  return location_scale_fwd(q, log_lik, mean, log_var, target, s, GaussianDensity{});
}

int gaussian_bwd(const Queue& q, float* d_mean, float* d_log_var, const float* d_log_lik, const float* mean, const float* log_var,
                 const float* target, const LocationScaleShape& s) {
  return location_scale_bwd(q, d_mean, d_log_var, d_log_lik, mean, log_var, target, s, GaussianDensity{});
}

int student_t_fwd(const Queue& q, float* log_lik, const float* mean, const float* log_var, const float* target, const LocationScaleShape& s,
                  const StudentT& t) {
  return location_scale_fwd(q, log_lik, mean, log_var, target, s, StudentTDensity{t});
}

int student_t_bwd(const Queue& q, float* d_mean, float* d_log_var, const float* d_log_lik, const float* mean, const float* log_var,
                  const float* target, const LocationScaleShape& s, const StudentT& t) {
  return location_scale_bwd(q, d_mean, d_log_var, d_log_lik, mean, log_var, target, s, StudentTDensity{t});
}

int bernoulli_fwd(const Queue& q, float* log_lik, const float* logits, const float* target, int64_t samples, int64_t batch,
                  int64_t outputs) {
  int lanes = lanes_for(outputs);
  return BHN_LAUNCH(bernoulli_forward, row_blocks(q, samples * batch, lanes, kThreads), kThreads, 0, q, log_lik, logits, target, samples,
                    batch, outputs, lanes);
}

int bernoulli_bwd(const Queue& q, float* d_logits, const float* d_log_lik, const float* logits, const float* target, int64_t samples,
                  int64_t batch, int64_t outputs) {
  int lanes = lanes_for(outputs);
  return BHN_LAUNCH(bernoulli_backward, row_blocks(q, samples * batch, lanes, kThreads), kThreads, 0, q, d_logits, d_log_lik, logits,
                    target, samples, batch, outputs, lanes);
}

int poisson_fwd(const Queue& q, float* log_lik, const float* log_rate, const float* target, int64_t samples, int64_t batch,
                int64_t outputs) {
  int lanes = lanes_for(outputs);
  return BHN_LAUNCH(poisson_forward, row_blocks(q, ceil_div(samples, kSharing) * batch, lanes, kThreads), kThreads, 0, q, log_lik, log_rate,
                    target, samples, batch, outputs, lanes);
}

int poisson_bwd(const Queue& q, float* d_log_rate, const float* d_log_lik, const float* log_rate, const float* target, int64_t samples,
                int64_t batch, int64_t outputs) {
  int lanes = lanes_for(outputs);
  return BHN_LAUNCH(poisson_backward, row_blocks(q, samples * batch, lanes, kThreads), kThreads, 0, q, d_log_rate, d_log_lik, log_rate,
                    target, samples, batch, outputs, lanes);
}

}  // namespace bhn::cuda
