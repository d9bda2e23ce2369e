// Adam with clipping over many tensors, in one launch: squares of all gradients, a barrier of the grid, the update.
// Bytes a parameter: 4 (norm) + 28 (update: read g, theta, m, v; write theta, m, v), in the second pass partly from L2. A conditioner's
// gradient is formed here from its factors: no bytes for the norm, 24 for the update, 2 S + 2 FLOPs more. Bound by memory.
// Squares: a warp owns a chunk of one tensor; the chunks depend on the sizes alone, and every block adds their sums in the same order,
// so all blocks find the same norm, on every device. Update: a warp owns kPiece neighbouring elements.
// The tables of pointers lie in host memory and travel as a kernel's parameter. What does not fit one table takes several launches.
#include <cfloat>

#include "cuda/adam_table.h"
#include "cuda/cooperative.h"

namespace bhn::cuda {
namespace {

using namespace adam;

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;

// ---- four neighbours of a lane: one access where they are aligned; n of them are there ----

__device__ __forceinline__ bool wide(const float* p, int64_t n) { return n >= 4 && reinterpret_cast<uintptr_t>(p) % 16 == 0; }

__device__ __forceinline__ float4 load4(const float* p, int64_t n) {
  if (wide(p, n)) {
    return *reinterpret_cast<const float4*>(p);
  }
  return make_float4(p[0], n > 1 ? p[1] : 0.0f, n > 2 ? p[2] : 0.0f, n > 3 ? p[3] : 0.0f);
}

__device__ __forceinline__ void store4(float* p, int64_t n, const float4& x) {
  if (wide(p, n)) {
    __stcg(reinterpret_cast<float4*>(p), x);  // a plain store is taken apart
    return;
  }
  p[0] = x.x;
  if (n > 1) {
    p[1] = x.y;
  }
  if (n > 2) {
    p[2] = x.z;
  }
  if (n > 3) {
    p[3] = x.w;
  }
}

// ---- the norm ----

__device__ __forceinline__ double plain_squares(const Plain& p, int64_t begin, int64_t end, int lane) {
  double sum = 0.0;
  for (int64_t i = begin + 4 * lane; i < end; i += 4 * kWarp) {
    float4 g = load4(p.grad + i, end - i);
    sum += double(g.x) * g.x + double(g.y) * g.y + double(g.z) * g.z + double(g.w) * g.w;
  }
  return sum;
}

// Of rows [begin, end). A row that does not lie in the weights makes the norm NaN: then nothing is updated, and the update need not look.
__device__ __forceinline__ double factored_squares(const Factored& f, int64_t begin, int64_t end, int lane, Fault* fault) {
  const float* norm = f.factors + (f.samples + 1) * f.rows();
  double sum = 0.0;
  for (int64_t row = begin + lane; row < end; row += kWarp) {
    int64_t start = f.start(row);
    int64_t stop = f.start(row + 1);
    bool last = row == f.rows() - 1;
    if ((row == 0 && start != 0) || stop < start || stop - start > f.most(row) || (last && stop != f.weights)) {
      bool first = row == 0 && start != 0;
      report(fault, Fault::kRowStart, first ? 0 : row + 1, first ? start : stop, last ? f.weights : start + f.most(row));
      sum = double(NAN);
    }
    sum += double(norm[row]) * norm[row];
  }
  return sum;
}

__device__ __forceinline__ void squares(const Table& table) {
  int lane = threadIdx.x % kWarp;
  int entry = 0;
  for (int64_t c = global_thread() / kWarp; c < table.partials; c += grid_threads() / kWarp) {
    double sum = 0.0;
    if (c < table.chunk[table.entries()]) {
      while (c >= table.chunk[entry + 1]) {
        ++entry;
      }
      int64_t begin = (c - table.chunk[entry]) * table.length;
      if (entry < table.factored_count) {
        const Factored& f = table.factored[entry];
        sum = factored_squares(f, begin, min(begin + table.length, f.rows()), lane, table.fault);
      } else {
        const Plain& p = table.plain[entry - table.factored_count];
        sum = plain_squares(p, begin, min(begin + table.length, p.size), lane);
      }
    }
    sum = warp_sum(sum);
    if (lane == 0) {
      table.sums[c] = table.later ? table.sums[c] + sum : sum;
    }
  }
}

__device__ __forceinline__ double norm_of(const Table& table) {
  double sum = 0.0;
  for (int i = threadIdx.x; i < table.partials; i += kThreads) {
    sum += table.sums[i];
  }
  return sqrt(block_sum(sum));
}

// ---- the update ----

// base^t. An error of t / 2^53 at most: of no weight in 1 - base^t, where large t leave nothing of base^t. pow would take more registers
// than all the rest.
__device__ __forceinline__ double power(double base, int64_t t) {
  double result = 1.0;
  for (; t > 0; t /= 2) {
    result = t % 2 == 1 ? result * base : result;
    base *= base;
  }
  return result;
}

// Everything but scale, which needs the norm.
__device__ __forceinline__ AdamNumbers numbers_of(const Table& table) {
  const float* hyper = table.hyper;
  double beta1 = hyper[1];
  double beta2 = hyper[2];
  int64_t t = *table.step + 1;
  AdamNumbers k;
  k.step_size = float(hyper[0] * sqrt(1.0 - power(beta2, t)) / (1.0 - power(beta1, t)));
  k.beta1 = hyper[1];
  k.one_minus_beta1 = float(1.0 - beta1);
  k.beta2 = hyper[2];
  k.one_minus_beta2 = float(1.0 - beta2);
  k.epsilon = hyper[3];
  k.scale = 1.0f;
  k.clip = hyper[5] > 0.0f ? hyper[5] : INFINITY;
  return k;
}

// Whether float holds the norm and what the gradients are multiplied by.
__device__ __forceinline__ bool fits(double norm, double max_norm) {
  return isfinite(float(norm)) && !(max_norm > 0.0 && norm > max_norm / double(FLT_MIN));
}

__device__ __forceinline__ float scale_of(double norm, double max_norm) {
  return max_norm > 0.0 ? float((norm < max_norm ? norm : max_norm) / (1e-7 + norm)) : 1.0f;
}

__device__ __forceinline__ void element(float& theta, float& m, float& v, float gradient, const AdamNumbers& k) {
  float d = fmaxf(fminf(gradient * k.scale, k.clip), -k.clip);
  m = k.beta1 * m + k.one_minus_beta1 * d;
  v = k.beta2 * v + k.one_minus_beta2 * d * d;
  theta -= k.step_size * m / (sqrtf(v) + k.epsilon);
}

__device__ __forceinline__ void update_plain(const Plain& p, int64_t begin, int lane, const AdamNumbers& k) {
  int64_t end = min(begin + kPiece, p.size);
  for (int64_t i = begin + 4 * lane; i < end; i += 4 * kWarp) {
    int64_t n = end - i;
    float4 g = load4(p.grad + i, n);
    float4 theta = load4(p.theta + i, n);
    float4 m = load4(p.m + i, n);
    float4 v = load4(p.v + i, n);
    element(theta.x, m.x, v.x, g.x, k);
    element(theta.y, m.y, v.y, g.y, k);
    element(theta.z, m.z, v.z, g.z, k);
    element(theta.w, m.w, v.w, g.w, k);
    store4(p.theta + i, n, theta);
    store4(p.m + i, n, m);
    store4(p.v + i, n, v);
  }
}

// The row that holds weight `at`: every round, the lanes look at 32 places that cut what is left into equal parts.
__device__ __forceinline__ int64_t row_of(const Factored& f, int64_t at, int lane) {
  int64_t low = 0;
  int64_t high = f.rows();  // start(low) <= at < start(high)
  while (high - low > 1) {
    int64_t step = (high - low + kWarp - 1) / kWarp;
    int64_t probe = low + (lane + 1) * step;
    int below = __popc(__ballot_sync(kAllLanes, probe < high && f.start(probe) <= at));
    high = min(high, low + (below + 1) * step);
    low += below * step;
  }
  return low;
}

// Weights of a lane that are asked for, with their moments, before any of them waits for its row and factors.
constexpr int kRounds = 4;

// Places are counted from the piece's first weight.
__device__ __forceinline__ void update_factored(const Factored& f, int64_t begin, int lane, const AdamNumbers& k) {
  int n = int(min(kPiece, f.weights - begin));
  int rows = int(f.rows());
  int row = 0, start = 0, stop = 0;
  for (int base = 0; base < n; base += kRounds * kWarp) {
    float theta[kRounds], m[kRounds], v[kRounds];
#pragma unroll
    for (int r = 0; r < kRounds; ++r) {
      int i = base + r * kWarp + lane;
      bool inside = i < n;
      theta[r] = inside ? f.theta[begin + i] : 0.0f;
      m[r] = inside ? f.m[begin + i] : 0.0f;
      v[r] = inside ? f.v[begin + i] : 0.0f;
    }
    if (base == 0) {
      row = int(row_of(f, begin, lane));
      start = int(f.start(row) - begin);
      stop = int(f.start(row + 1) - begin);
    }
#pragma unroll
    for (int r = 0; r < kRounds; ++r) {
      int i = base + r * kWarp + lane;
      if (i >= n) {
        break;
      }
      while (i >= stop) {
        ++row;
        start = stop;
        stop = int(f.start(row + 1) - begin);
      }
      const float* a = f.factors + row;
      const float* x = (row < f.hidden ? f.z : f.h) + (i - start);
      int64_t ld = row < f.hidden ? f.ld_z : f.hidden;
      float g = a[f.samples * rows] * theta[r];
#pragma unroll 1  // more in flight does not pay for the registers
      for (int64_t s = 0; s < f.samples; ++s) {
        g += a[s * rows] * x[s * ld];
      }
      element(theta[r], m[r], v[r], g, k);
      f.theta[begin + i] = theta[r];
      f.m[begin + i] = m[r];
      f.v[begin + i] = v[r];
    }
  }
}

__device__ __forceinline__ void update(const Table& table, const AdamNumbers& k) {
  int lane = threadIdx.x % kWarp;
  int entry = 0;
  int32_t pieces = table.piece[table.entries()];
  for (int64_t c = global_thread() / kWarp; c < pieces; c += grid_threads() / kWarp) {
    while (c >= table.piece[entry + 1]) {
      ++entry;
    }
    int64_t begin = (c - table.piece[entry]) * kPiece;
    if (entry < table.factored_count) {
      update_factored(table.factored[entry], begin, lane, k);
    } else {
      update_plain(table.plain[entry - table.factored_count], begin, lane, k);
    }
  }
}

// A step that was not finite stops those after it until the host resets the report.
__device__ __forceinline__ bool stopped(const Table& table) { return table.report[1] < 0.0f; }

// By one thread, after all have read step and report.
__device__ __forceinline__ void finish(const Table& table, double norm) {
  bool good = fits(norm, table.hyper[4]);
  table.report[0] = float(norm);
  table.report[1] = good ? 1.0f : -1.0f;
  *table.step += good ? 1 : 0;
}

// Step, report and hyper are read before the barrier, and written after it.
__global__ void __launch_bounds__(kThreads, 4) whole(const __grid_constant__ Table table) {
  BHN_SHARED(AdamNumbers, numbers, [1]);
  if (stopped(table)) {
    return;  // with the whole grid
  }
  if (threadIdx.x == 0) {
    numbers[0] = numbers_of(table);
  }
  squares(table);
  grid_barrier();
  double norm = norm_of(table);
  if (fits(norm, table.hyper[4])) {
    AdamNumbers k = numbers[0];
    k.scale = scale_of(norm, table.hyper[4]);
    update(table, k);
  }
  if (global_thread() == 0) {
    finish(table, norm);
  }
}

// ---- the same in parts, for more tensors than one table holds ----

__global__ void __launch_bounds__(kThreads, 4) squares_alone(const __grid_constant__ Table table) {
  if (!stopped(table)) {
    squares(table);
  }
}

__global__ void __launch_bounds__(kThreads, 4) update_alone(const __grid_constant__ Table table) {
  BHN_SHARED(AdamNumbers, numbers, [1]);
  if (stopped(table)) {
    return;  // with the whole grid
  }
  if (threadIdx.x == 0) {
    numbers[0] = numbers_of(table);
  }
  double norm = norm_of(table);  // its barriers also stand between numbers and its readers
  if (fits(norm, table.hyper[4])) {
    AdamNumbers k = numbers[0];
    k.scale = scale_of(norm, table.hyper[4]);
    update(table, k);
  }
}

__global__ void __launch_bounds__(kThreads) finish_alone(const __grid_constant__ Table table) {
  if (stopped(table)) {
    return;
  }
  double norm = norm_of(table);  // its barriers also stand between stopped and finish
  if (threadIdx.x == 0) {
    finish(table, norm);
  }
}

// ---- launches ----

int blocks_of(const Table& table, int most) {
  int last = table.entries();
  int64_t warps = table.piece[last] > table.partials ? table.piece[last] : table.partials;
  int64_t blocks = ceil_div(warps, kWarps);
  return int(blocks < 1 ? 1 : blocks < most ? blocks : most);
}

int in_parts(const Queue& q, const Work& all, int most, int64_t* step, float* report, const float* hyper) {
  int error = cudaSuccess;
  for (bool updating : {false, true}) {
    for (Work w = all; error == cudaSuccess && !w.done();) {
      Table table = next(w, q, step, report, hyper);
      table.partials = kMostChunks;  // of all tables
      int blocks = blocks_of(table, most);
      error = updating ? BHN_LAUNCH(update_alone, blocks, kThreads, 0, q, table) : BHN_LAUNCH(squares_alone, blocks, kThreads, 0, q, table);
      if (error == cudaSuccess && updating && w.done()) {
        error = BHN_LAUNCH(finish_alone, 1, kThreads, 0, q, table);
      }
    }
  }
  return error;
}

}  // namespace

int adam_step(const Queue& q, float* const* theta, float* const* m, float* const* v, int64_t* step, float* report, const float* const* grad,
              const int64_t* sizes, const float* hyper, const bhn_made_gradient* made, int64_t tensors, int64_t mades) {
  int most = 0;
  int error = resident_blocks(q, whole, kThreads, 0, &most);
  if (error != cudaSuccess) {
    return error;
  }
  Work all = {theta, m, v, grad, sizes, made, tensors, mades};
  Work w = all;
  Table table = next(w, q, step, report, hyper);
  if (!w.done()) {
    return in_parts(q, all, most, step, report, hyper);
  }
  return launch_fitting(blocks_of(table, most),
                        [&](unsigned blocks) { return BHN_LAUNCH_COOPERATIVE(whole, blocks, kThreads, 0, q, table); });
}

}  // namespace bhn::cuda
