// All steps of a flow in one launch, for few samples: x = y[permutation], h = relu(row products with x), [m | a] = row products with h,
// y = m + (exp(a) + delta) x, and its gradients.
//
// Blocks stay for the whole flow and meet at barriers of the grid: two a step forward (hidden units, then heads) and two backward (heads,
// then hidden units). Warps own rows (made_rows.h). Forward, a block keeps x and h in shared memory, and the group of warps that has both
// rows of an output transforms it at once. Rows of the next phase are asked for before the barrier. Bytes: each weight once forward and
// twice backward, the second time from the L2 cache; and each block reads all of x in each step, 4 S D bytes from the L2 cache. With L = 8,
// D = 1610, H = 200 the weights are 15 MB, 5 us of an H100's bandwidth, so for few samples the 16 barriers and the latency of some ten
// dependent loads a step bound it. For x the blocks of an H100 read 14 MB together at S = 1 and, being half as many, 109 MB at S = 16.
#include "cuda/cooperative.h"
#include "cuda/made_rows.h"
#include "cuda/transform.h"

namespace bhn::cuda {
namespace {

// Up to so many samples one launch does everything; beyond, weights serve tiles of samples. Not measured on a GPU yet.
constexpr int64_t kFusedSamples = 16;
// Steps that a launch takes: their sizes and pointers are its arguments, of which there may be 4 KB.
constexpr int kSteps = 16;
constexpr int kTiles = 2;  // of eight samples
static_assert(kFusedSamples <= 8 * kTiles && kFusedSamples <= kFewSamples);

struct Flow {
  bhn_flow_step step[kSteps];
  int64_t n_steps, samples, d;
  float delta;
  Fault* fault;

  __host__ __device__ MadeShape shape(int l) const {
    const bhn_flow_step& s = step[l];
    return {s.row_start, samples, s.inputs, s.hidden, s.outputs, s.weights, d, s.weight_norm != 0};
  }
  __device__ MadeLayer layer(int l, const float* x, int64_t ld_x) const {
    const bhn_flow_step& s = step[l];
    return {MadeRows(shape(l), fault), s.params, x, samples, ld_x, s.t, s.r, s.weight_norm != 0};
  }
  // Where column j of a step's x comes from, and its gradient goes; -1 if nowhere.
  __device__ int64_t source(int l, int64_t j) const {
    const int32_t* permutation = step[l].permutation;
    int64_t from = permutation == nullptr ? j : permutation[j];
    if (from < 0 || from >= d) {
      report(fault, Fault::kPermutation, j, from, d);
      return -1;
    }
    return from;
  }
};

__device__ __forceinline__ void prefetch(const float* p) {
#ifndef BHN_EMULATION
  asm volatile("prefetch.global.L2 [%0];" ::"l"(p));
#else
  (void)p;
#endif
}

// Asks for this block's first rows of the next phase: [from, to), `groups` a block.
__device__ void prefetch_rows(const MadeLayer& layer, int64_t from, int64_t to, int64_t groups) {
  constexpr int kLine = 32;
  for (int64_t g = threadIdx.x / kWarp; g < groups; g += kMadeWarps) {
    int64_t row = from + blockIdx.x * groups + g;
    Row at = row < to ? layer.rows.at(row) : Row{0, 0};
    for (int i = threadIdx.x % kWarp * kLine; i < at.length; i += kWarp * kLine) {
      prefetch(layer.params + at.start + i);
    }
  }
}

// Sums of the blocks' threads' log-determinants, in the order of warps and blocks, into log_det [S]. Warp groups led by their first warp.
__device__ void sum_log_dets(const double (&mine)[kTiles], int tile, double* partial, float* log_det, const float* log_det_in,
                             int64_t samples) {
  BHN_SHARED(double, sums, [kMadeWarps][kTiles][8]);
  int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  if (lane < tile) {
    for (int k = 0; k < kTiles; ++k) {
      sums[warp][k][lane] = mine[k];
    }
  }
  __syncthreads();
  if (threadIdx.x < samples) {
    double total = 0;
    for (int w = 0; w < kMadeWarps; ++w) {
      total += sums[w][threadIdx.x / tile][threadIdx.x % tile];
    }
    partial[blockIdx.x * samples + threadIdx.x] = total;
  }
  grid_barrier();
  for (int64_t s = warp; blockIdx.x == 0 && s < samples; s += kMadeWarps) {
    double total = 0;
    for (int64_t b = lane; b < gridDim.x; b += kWarp) {
      total += __ldcg(partial + b * samples + s);
    }
    total = warp_sum(total);
    if (lane == 0) {
      log_det[s] = float(total + (log_det_in == nullptr ? 0.0 : double(log_det_in[s])));
    }
  }
}

// Columns of x that a thread takes in one turn: it asks for where all of them come from before it waits for one, and then for as many
// numbers of each sample. 32 bits count what fits into shared memory.
constexpr int kColumns = 8;

// Where the columns first, first + kMadeThreads, ... of a step's x come from.
__device__ __forceinline__ void ask_sources(int (&source)[kColumns], const Flow& flow, int l, int first) {
  const int32_t* permutation = flow.step[l].permutation;
#pragma unroll
  for (int k = 0; k < kColumns; ++k) {
    int j = first + k * kMadeThreads;
    source[k] = j >= int(flow.d) ? 0 : permutation == nullptr ? j : permutation[j];
  }
}

// x = from[permutation], kept in shared memory by every block and in global memory by one. `source` is that of the first turn.
__device__ void stage_x(const Flow& flow, int l, float* x, const float* from, int (&source)[kColumns]) {
  float* kept = flow.step[l].x;
  int d = int(flow.d), samples = int(flow.samples), bad = -1;
  for (int first = threadIdx.x, turn = 0; first < d; first += kColumns * kMadeThreads, ++turn) {
    if (turn > 0) {
      ask_sources(source, flow, l, first);
    }
#pragma unroll
    for (int k = 0; k < kColumns; ++k) {
      bool inside = source[k] >= 0 && source[k] < d;
      bad = inside ? bad : first + k * kMadeThreads;
      source[k] = inside ? source[k] : -1;
    }
    for (int s = 0; s < samples; ++s) {
      bool keeps = unsigned(turn + s) % gridDim.x == blockIdx.x;
      float value[kColumns];
#pragma unroll
      for (int k = 0; k < kColumns; ++k) {
        value[k] = source[k] < 0 ? 0.0f : __ldcg(from + s * d + source[k]);
      }
#pragma unroll
      for (int k = 0; k < kColumns; ++k) {
        int j = first + k * kMadeThreads;
        if (j < d) {
          x[s * d + j] = value[k];
          if (keeps) {
            kept[s * d + j] = value[k];
          }
        }
      }
    }
  }
  if (bad >= 0 && blockIdx.x == 0) {
    report(flow.fault, Fault::kPermutation, bad, flow.step[l].permutation[bad], d);
  }
}

template <int kTile>
__global__ void __launch_bounds__(kMadeThreads, kTile > 4 ? 1 : 2)
    flow_forward(const __grid_constant__ Flow flow, float* y, float* log_det, const float* z, const float* log_det_in, double* partial) {
  BHN_DYNAMIC_SHARED(float, x);  // [S, D], then h [S, H]
  float* const h = x + flow.samples * flow.d;
  double log_dets[kTiles] = {};
  int source[kColumns];
  ask_sources(source, flow, 0, threadIdx.x);
  for (int l = 0; l < flow.n_steps; ++l) {
    const bhn_flow_step& step = flow.step[l];
    int64_t d = flow.d, hidden = step.hidden, outputs = step.outputs;
    MadeLayer first = flow.layer(l, x + step.seen, d), second = flow.layer(l, h, hidden);
    stage_x(flow, l, x, l == 0 ? z : y, source);
    __syncthreads();
    forward_rows<kTile, 1>(
        first, blockIdx.x, gridDim.x, hidden, warps_a_row(step.inputs), [](int64_t i, int) { return i; },
        [&](int64_t i, int64_t s, const float* value) { step.h[s * hidden + i] = value[0] < 0.0f ? 0.0f : value[0]; });
    int split = warps_a_row(hidden);
    for (int k = 0; k < 2; ++k) {
      prefetch_rows(second, hidden + k * outputs, hidden + (k + 1) * outputs, kMadeWarps / split);
    }
    grid_barrier();
    for (int64_t e = threadIdx.x; e < flow.samples * hidden; e += kMadeThreads) {
      h[e] = __ldcg(step.h + e);
    }
    __syncthreads();
    forward_rows<kTile, 2>(
        second, blockIdx.x, gridDim.x, outputs, split, [&](int64_t i, int k) { return hidden + k * outputs + i; },
        [&](int64_t i, int64_t s, const float* value) {
          step.heads[s * 2 * outputs + i] = value[0];
          step.heads[s * 2 * outputs + outputs + i] = value[1];
          float scale = expf(value[1]) + flow.delta;
          y[s * d + step.moved + i] = value[0] + scale * x[s * d + step.moved + i];
          double term = log_scale(value[1], scale, flow.delta);
          log_dets[0] += s < kTile ? term : 0.0;
          log_dets[1] += s < kTile ? 0.0 : term;
        });
    for (int64_t e = global_thread(); e < flow.samples * (d - outputs); e += grid_threads()) {
      int64_t j = e % (d - outputs), s = e / (d - outputs);
      j += j < step.moved ? 0 : outputs;
      y[s * d + j] = x[s * d + j];
    }
    if (l + 1 < flow.n_steps) {
      ask_sources(source, flow, l + 1, threadIdx.x);
      prefetch_rows(flow.layer(l + 1, x, d), 0, flow.step[l + 1].hidden, kMadeWarps / warps_a_row(flow.step[l + 1].inputs));
      grid_barrier();
    }
  }
  sum_log_dets(log_dets, kTile, partial, log_det, log_det_in, flow.samples);
}

// Gradients of one step. g: that of its y (NULL: 0); to: where that of what it was given goes, overwritten or added to.
struct StepGradient {
  const Flow& flow;
  int l;
  const float *g, *d_log_det;
  float* to;
  bool add;

  __device__ float upstream(int64_t s, int64_t j) const { return g == nullptr ? 0.0f : __ldcg(g + s * flow.d + j); }
  __device__ float exp_head(int64_t s, int64_t k) const {
    const bhn_flow_step& step = flow.step[l];
    return expf(step.heads[s * 2 * step.outputs + step.outputs + k]);
  }
  // Of pre-activation `head` of the heads.
  __device__ float of_head(int64_t head, int64_t s) const {
    const bhn_flow_step& step = flow.step[l];
    int64_t k = head < step.outputs ? head : head - step.outputs;
    float up = upstream(s, step.moved + k);
    if (head < step.outputs) {
      return up;
    }
    float e = exp_head(s, k);
    return up * step.x[s * flow.d + step.moved + k] * e + (d_log_det == nullptr ? 0.0f : d_log_det[s] * log_scale_slope(e, flow.delta));
  }
  // Puts the gradient of column j of x, of which the conditioner has `sum`, where it came from.
  __device__ void put(int64_t s, int64_t j, float sum) const {
    const bhn_flow_step& step = flow.step[l];
    int64_t k = j - step.moved;
    float direct = upstream(s, j) * (k >= 0 && k < step.outputs ? exp_head(s, k) + flow.delta : 1.0f);
    int64_t source = flow.source(l, j);
    if (source >= 0) {
      float* place = to + s * flow.d + source;
      *place = (add ? *place : 0.0f) + (direct + sum);
    }
  }
};

// Gradients between steps lie in the first two arrays [S, D] of work by turns.
__host__ __device__ inline float* other_half(const float* g, float* work, int64_t size) { return g == work ? work + size : work; }

// Of the steps of `flow`, and if that `ends` the flow, adds to d_z.
template <int kTile>
__global__ void __launch_bounds__(kMadeThreads, 2) flow_backward(const __grid_constant__ Flow flow, float* d_z, bool ends, float* work,
                                                                 float* parts, const float* d_y, const float* d_log_det) {
  BHN_DYNAMIC_SHARED(float, d_h);  // [S, H]
  int64_t block = blockIdx.x, blocks = gridDim.x, samples = flow.samples, d = flow.d;
  const float* g = d_y;
  for (int l = int(flow.n_steps) - 1; l >= 0; --l) {
    const bhn_flow_step& step = flow.step[l];
    int64_t hidden = step.hidden, count = parts_of(2 * step.outputs);
    MadeLayer first = flow.layer(l, step.x + step.seen, d), second = flow.layer(l, step.h, hidden);
    RowFactors out(step.factors, samples, first.rows.rows);
    bool last = ends && l == 0;
    float* to = last ? d_z : other_half(g, work, samples * d);
    StepGradient gradient = {flow, l, g, d_log_det, to, last};
    auto scale = [](const MadeLayer& layer, int64_t row) {
      return layer.weight_norm ? layer.params[layer.rows.gain(row)] * layer.r[row] : 1.0f;
    };
    auto of_head = [&](int64_t row, int64_t s) { return gradient.of_head(row - hidden, s); };
    backward_rows(second, out, block, blocks, hidden, second.rows.rows, warps_a_row(hidden), of_head);
    column_sums<kTile>(
        second, blocks - 1 - block, blocks, hidden, second.rows.rows, hidden, count,
        [&](int64_t row, int64_t s) { return of_head(row, s) * scale(second, row); },
        [&](int64_t part, int64_t s, int64_t i, float sum) { parts[(part * samples + s) * hidden + i] = sum; });
    prefetch_rows(first, 0, hidden, kMadeWarps / warps_a_row(step.inputs));
    grid_barrier();
    for (int64_t e = threadIdx.x; e < samples * hidden; e += kMadeThreads) {
      float part[BHN_MADE_PARTS], sum = 0.0f;
#pragma unroll
      for (int p = 0; p < BHN_MADE_PARTS; ++p) {
        part[p] = p < count ? __ldcg(parts + p * samples * hidden + e) : 0.0f;
      }
#pragma unroll
      for (int p = 0; p < BHN_MADE_PARTS; ++p) {
        sum += part[p];
      }
      d_h[e] = step.h[e] > 0.0f ? sum : 0.0f;
    }
    __syncthreads();
    auto of_hidden = [&](int64_t row, int64_t s) { return d_h[s * hidden + row]; };
    backward_rows(first, out, block, blocks, 0, hidden, warps_a_row(step.inputs), of_hidden);
    if (to != nullptr) {
      column_sums<kTile>(
          first, blocks - 1 - block, blocks, 0, hidden, step.inputs, 1,
          [&](int64_t row, int64_t s) { return of_hidden(row, s) * scale(first, row); },
          [&](int64_t, int64_t s, int64_t i, float sum) { gradient.put(s, step.seen + i, sum); });
      for (int64_t e = global_thread(); e < samples * (d - step.inputs); e += grid_threads()) {
        int64_t j = e % (d - step.inputs);
        gradient.put(e / (d - step.inputs), j < step.seen ? j : j + step.inputs, 0.0f);
      }
    }
    if (l > 0) {
      const bhn_flow_step& next = flow.step[l - 1];
      prefetch_rows(flow.layer(l - 1, next.h, next.hidden), next.hidden, next.hidden + 2 * next.outputs,
                    kMadeWarps / warps_a_row(next.hidden));
      grid_barrier();
    }
    g = to;
  }
}

int64_t widest_hidden(const bhn_flow_step* steps, int64_t n_steps) {
  int64_t widest = 0;
  for (int64_t l = 0; l < n_steps; ++l) {
    widest = max(widest, steps[l].hidden);
  }
  return widest;
}

// What a launch takes of the steps from `first` on.
Flow flow_of(const Queue& q, const bhn_flow_step* steps, int64_t first, int64_t samples, int64_t d, int64_t n_steps, float delta) {
  Flow flow = {{}, min(n_steps - first, int64_t(kSteps)), samples, d, delta, q.fault};
  for (int64_t l = 0; l < flow.n_steps; ++l) {
    flow.step[l] = steps[first + l];
  }
  return flow;
}

// Blocks of a kernel that run at the same time, no more than its rows can use.
template <class Kernel>
cudaError_t grid_of(const Queue& q, Kernel kernel, const Flow& flow, size_t shared, unsigned* grid) {
  int64_t useful = 1;
  for (int64_t l = 0; l < flow.n_steps; ++l) {
    const bhn_flow_step& step = flow.step[l];
    useful = max(useful, ceil_div(step.hidden * warps_a_row(step.inputs), kMadeWarps));
    useful = max(useful, ceil_div(2 * step.outputs * warps_a_row(step.hidden), kMadeWarps));
  }
  int resident = 0, most = 0;
  cudaError_t error = most_shared(&most);
  if (error == cudaSuccess) {
    error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, most);
  }
  if (error == cudaSuccess) {
    error = resident_blocks(q, kernel, kMadeThreads, shared, &resident);
  }
  *grid = unsigned(min(useful, int64_t(resident)));
  return error;
}

template <int kTile>
int launch_forward(const Queue& q, const Flow& flow, float* y, float* log_det, const float* z, const float* log_det_in) {
  auto kernel = flow_forward<kTile>;
  size_t shared = flow.samples * (flow.d + widest_hidden(flow.step, flow.n_steps)) * sizeof(float);
  unsigned grid = 0;
  cudaError_t error = grid_of(q, kernel, flow, shared, &grid);
  if (error != cudaSuccess) {
    return error;
  }
  double* partial = reinterpret_cast<double*>(q.floats);
  return launch_fitting(grid, [&](unsigned blocks) {
    return BHN_LAUNCH_COOPERATIVE(kernel, blocks, kMadeThreads, shared, q, flow, y, log_det, z, log_det_in, partial);
  });
}

template <int kTile>
int launch_backward(const Queue& q, const Flow& flow, float* d_z, bool ends, float* work, const float* d_y, const float* d_log_det) {
  auto kernel = flow_backward<kTile>;
  size_t shared = flow.samples * widest_hidden(flow.step, flow.n_steps) * sizeof(float);
  unsigned grid = 0;
  cudaError_t error = grid_of(q, kernel, flow, shared, &grid);
  if (error != cudaSuccess) {
    return error;
  }
  float* parts = work + 2 * flow.samples * flow.d;
  return launch_fitting(grid, [&](unsigned blocks) {
    return BHN_LAUNCH_COOPERATIVE(kernel, blocks, kMadeThreads, shared, q, flow, d_z, ends, work, parts, d_y, d_log_det);
  });
}

}  // namespace

int flow_fuses(const Queue&, const bhn_flow_step* steps, int64_t samples, int64_t d, int64_t n_steps) {
  int most = 0;
  if (most_shared(&most) != cudaSuccess) {
    cudaGetLastError();  // op by op, then
    return false;
  }
  int64_t bytes = samples * (d + widest_hidden(steps, n_steps)) * int64_t(sizeof(float));
  return samples > 0 && samples <= kFusedSamples && bytes <= most;
}

int flow_fwd(const Queue& q, float* y, float* log_det, const float* z, const float* log_det_in, const bhn_flow_step* steps, int64_t samples,
             int64_t d, int64_t n_steps, float delta) {
  int error = 0;
  for (int64_t first = 0; error == 0 && first < n_steps; first += kSteps) {
    Flow flow = flow_of(q, steps, first, samples, d, n_steps, delta);
    error = with_tile(samples, [&](auto tile) {
      return launch_forward<tile>(q, flow, y, log_det, first == 0 ? z : y, first == 0 ? log_det_in : log_det);
    });
  }
  return error;
}

int flow_bwd(const Queue& q, float* d_z, float* work, const float* d_y, const float* d_log_det, const bhn_flow_step* steps, int64_t samples,
             int64_t d, int64_t n_steps, float delta) {
  int error = 0;
  for (int64_t first = (n_steps - 1) / kSteps * kSteps; error == 0 && first >= 0; first -= kSteps) {
    Flow flow = flow_of(q, steps, first, samples, d, n_steps, delta);
    error = with_tile(samples, [&](auto tile) { return launch_backward<tile>(q, flow, d_z, first == 0, work, d_y, d_log_det); });
    for (int64_t l = 0; l < flow.n_steps; ++l) {
      d_y = other_half(d_y, work, samples * d);
    }
  }
  return error;
}

}  // namespace bhn::cuda
