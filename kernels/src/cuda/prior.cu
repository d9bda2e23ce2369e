// Sums of log prior densities over the weights of each sample, and their gradients: normal, Laplace, a mixture of two normals.
// Bytes: 4 a weight read (forward), 12 (backward); the mixture takes two exp and a log. Bound by memory.
// Forward: a block owns kPart weights of a sample and sums in double. One sample's parts meet in a second kernel, in order; where a
// sample has one part, as the gains of a network do, there is none.
// Backward: a thread owns every (threads of the grid)th column of every sample.
#include <cfloat>
#include <cmath>

#include "cuda/launch.h"

namespace bhn::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kPart = 16384;
constexpr double kHalfLogTwoPi = 0.91893853320467274;

// log p(w) = constant - scale |w - mean|^k; of a mixture constant - scale w^2 + log(1 + e^x), x = gap - fall w^2: the other part stands
// beside the wider one, which is left where w is far out. A part of weight 0 is never the wider one.
struct Density {
  double constant, scale;
  float mean, gap, fall;
};

Density mixture(const PriorShape& s) {
  bool first = s.p0 == 1.0f || (s.p0 > 0.0f && s.p1 >= s.p2);
  double log_first = std::log(double(s.p0)), log_second = std::log1p(-double(s.p0));
  double wide = first ? s.p1 : s.p2, narrow = first ? s.p2 : s.p1;
  double log_wide = (first ? log_first : log_second) - std::log(wide) - kHalfLogTwoPi;
  double inverse_wide = 0.5 / (wide * wide);
  float fall = s.p0 == 0.0f || s.p0 == 1.0f ? 0.0f : float(0.5 / (narrow * narrow) - inverse_wide);
  return {log_wide, inverse_wide, 0.0f, float((first ? log_second : log_first) - std::log(narrow) - kHalfLogTwoPi - log_wide), fall};
}

Density density(const PriorShape& s) {
  double scale = s.p1;
  switch (s.prior) {
    case BHN_PRIOR_NORMAL:
      return {-kHalfLogTwoPi - std::log(scale), 0.5 / (scale * scale), s.p0, 0, 0};
    case BHN_PRIOR_LAPLACE:
      return {-std::log(2.0 * scale), 1.0 / scale, s.p0, 0, 0};
    default:
      return mixture(s);
  }
}

// Where a mixture's other part stands. A square that float does not hold times no fall would not be a number.
__device__ __forceinline__ float other(float w, const Density& p) {
  float square = w * w;
  square = square > FLT_MAX ? FLT_MAX : square;
  return p.gap - square * p.fall;
}

// What a weight takes from the constant, in units of the scale where the prior is no mixture.
template <int kPrior>
__device__ __forceinline__ double term(float w, const Density& p) {
  double e = double(w) - p.mean;
  if (kPrior == BHN_PRIOR_MIXTURE) {
    float x = other(w, p);
    return p.scale * e * e - double(fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x))));
  }
  return kPrior == BHN_PRIOR_NORMAL ? e * e : fabs(e);
}

// -d log p / d w
template <int kPrior>
__device__ __forceinline__ float fall(float w, const Density& p) {
  if (kPrior == BHN_PRIOR_MIXTURE) {
    float x = other(w, p);
    float e = expf(-fabsf(x));
    float share = (x < 0.0f ? e : 1.0f) / (1.0f + e);
    return w * (2.0f * (float(p.scale) + share * p.fall));
  }
  float e = w - p.mean;
  if (kPrior == BHN_PRIOR_NORMAL) {
    return e * float(2.0 * p.scale);
  }
  return (e > 0.0f ? 1.0f : e < 0.0f ? -1.0f : 0.0f) * float(p.scale);
}

template <int kPrior>
__device__ __forceinline__ float finished(const float* log_prior_in, int64_t i, double sum, int64_t d, const Density& p) {
  double unit = kPrior == BHN_PRIOR_MIXTURE ? 1.0 : p.scale;
  return float((log_prior_in == nullptr ? 0.0 : double(log_prior_in[i])) - unit * sum + double(d) * p.constant);
}

// Block i owns part i % parts of sample i / parts.
template <int kPrior>
__global__ void __launch_bounds__(kThreads)
    forward(float* log_prior, double* partials, const float* w, const float* log_prior_in, PriorShape s, Density p, int64_t parts) {
  int64_t sample = blockIdx.x / parts;
  int64_t part = blockIdx.x % parts;
  int64_t length = (s.d + parts - 1) / parts;
  int64_t end = min((part + 1) * length, s.d);
  const float* row = w + sample * s.ld_w;
  double sum = 0.0;
  for (int64_t j = part * length + threadIdx.x; j < end; j += kThreads) {
    sum += term<kPrior>(row[j], p);
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) {
    if (parts == 1) {
      log_prior[sample] = finished<kPrior>(log_prior_in, sample, sum, s.d, p);
    } else {
      partials[blockIdx.x] = sum;
    }
  }
}

// A warp owns a sample.
template <int kPrior>
__global__ void __launch_bounds__(kThreads)
    add_parts(float* log_prior, const double* partials, const float* log_prior_in, PriorShape s, Density p, int64_t parts) {
  int lane = threadIdx.x % kWarp;
  for (int64_t i = global_thread() / kWarp; i < s.samples; i += grid_threads() / kWarp) {
    double sum = 0.0;
    for (int64_t part = lane; part < parts; part += kWarp) {
      sum += partials[i * parts + part];
    }
    sum = warp_sum(sum);
    if (lane == 0) {
      log_prior[i] = finished<kPrior>(log_prior_in, i, sum, s.d, p);
    }
  }
}

template <int kPrior>
__global__ void __launch_bounds__(kThreads) backward(float* d_w, const float* d_log_prior, const float* w, PriorShape s, Density p) {
  for (int64_t i = blockIdx.y; i < s.samples; i += gridDim.y) {
    float d = d_log_prior[i];
    for (int64_t j = global_thread(); j < s.d; j += grid_threads()) {
      d_w[i * s.ld_w + j] -= d * fall<kPrior>(w[i * s.ld_w + j], p);
    }
  }
}

template <int kPrior>
int forward_of(const Queue& q, float* log_prior, const float* w, const float* log_prior_in, const PriorShape& s) {
  int64_t most = Queue::kDoubles / s.samples;
  int64_t wanted = ceil_div(s.d, kPart);
  int64_t parts = wanted < most ? wanted : most;
  parts = parts < 1 ? 1 : parts;
  Density p = density(s);
  int error = BHN_LAUNCH(forward<kPrior>, unsigned(s.samples * parts), kThreads, 0, q, log_prior, q.doubles, w, log_prior_in, s, p, parts);
  if (error != cudaSuccess || parts == 1) {
    return error;
  }
  return BHN_LAUNCH(add_parts<kPrior>, blocks_for(q, s.samples * kWarp, kThreads), kThreads, 0, q, log_prior, q.doubles, log_prior_in, s, p,
                    parts);
}

template <int kPrior>
int backward_of(const Queue& q, float* d_w, const float* d_log_prior, const float* w, const PriorShape& s) {
  dim3 grid(blocks_for(q, s.d, kThreads), unsigned(s.samples < 65535 ? s.samples : 65535));
  return BHN_LAUNCH(backward<kPrior>, grid, kThreads, 0, q, d_w, d_log_prior, w, s, density(s));
}

}  // namespace

int prior_fwd(const Queue& q, float* log_prior, const float* w, const float* log_prior_in, const PriorShape& s) {
  switch (s.prior) {
    case BHN_PRIOR_NORMAL:
      return forward_of<BHN_PRIOR_NORMAL>(q, log_prior, w, log_prior_in, s);
    case BHN_PRIOR_LAPLACE:
      return forward_of<BHN_PRIOR_LAPLACE>(q, log_prior, w, log_prior_in, s);
    default:
      return forward_of<BHN_PRIOR_MIXTURE>(q, log_prior, w, log_prior_in, s);
  }
}

int prior_bwd(const Queue& q, float* d_w, const float* d_log_prior, const float* w, const PriorShape& s) {
  switch (s.prior) {
    case BHN_PRIOR_NORMAL:
      return backward_of<BHN_PRIOR_NORMAL>(q, d_w, d_log_prior, w, s);
    case BHN_PRIOR_LAPLACE:
      return backward_of<BHN_PRIOR_LAPLACE>(q, d_w, d_log_prior, w, s);
    default:
      return backward_of<BHN_PRIOR_MIXTURE>(q, d_w, d_log_prior, w, s);
  }
}

}  // namespace bhn::cuda
