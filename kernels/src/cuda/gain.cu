// The epilogue of a product: y = act(t g r + bias), and its gradients with the pre-activation computed again.
// Bytes: forward 8 an element of y; backward 12 (d_y and t read, d_t written; 16 where it is added to), 4 where t is shared. With ReLU 4
// FLOPs forward and 12 backward. Bound by memory; below some 100,000 elements by the launch.
//
// Forward: a thread owns four columns of four rows of one sample, so gains are read once for four rows. Threads go through the samples
// of a row before they go on, so a t that all samples share is read from memory once and then from L2.
//
// Backward: a block owns 32 columns and a cut of the samples and of the batch: lanes take columns, warps take rows, four a thread at a
// time (together a tile). What is summed over rows is summed by a thread, then over warps, then, if there are several cuts, by a second
// kernel, always in the same order. The cuts depend on the shape and the device only. A shared t is held in registers while the samples
// go by.
#include "cuda/activation.h"
#include "cuda/columns.h"
#include "cuda/elements.h"

namespace bhn::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kMostWarps = kThreads / kWarp;
constexpr int kRows = 4;                       // of a thread
constexpr int64_t kPart = Queue::kFloats / 8;  // of the queue's memory

struct Inputs {
  const float *t, *g, *r, *bias;
};

// Of an input whose rows lie ld apart; one that is absent has the same value everywhere.
__device__ __forceinline__ Quad factors(const float* from, int64_t at, int64_t left, float absent) {
  if (from == nullptr) {
    return {{absent, absent, absent, absent}};
  }
  return load_quad(from + at, left, false);
}

template <int kActivation>
__global__ void __launch_bounds__(kThreads) forward(float* y, Inputs in, GainShape s, bool whole) {
  int64_t quads = (s.out + 3) / 4;
  int64_t units = (s.batch + kRows - 1) / kRows * s.samples * quads;
  for (int64_t unit = global_thread(); unit < units; unit += grid_threads()) {
    int64_t rest = unit / quads;
    int64_t j = 4 * (unit - rest * quads);
    int64_t tile = rest / s.samples;
    int64_t sample = rest - tile * s.samples;
    int64_t b = tile * kRows;
    int64_t row = sample * s.batch + b;
    int64_t left = s.out - j;
    int rows = int(min(s.batch - b, int64_t(kRows)));
    Quad x[kRows];
#pragma unroll
    for (int k = 0; k < kRows; ++k) {
      x[k] = load_quad(in.t + ((s.shared ? b : row) + k) * s.out + j, k < rows ? left : 0, whole);
    }
    Quad norm = factors(in.r, j, left, 1.0f);
    Quad shift = factors(in.bias, (s.per_sample_bias ? sample * s.ld_bias : 0) + j, left, 0.0f);
    Quad gain = factors(in.g, (s.per_example ? row : sample) * s.ld_g + j, left, 1.0f);
#pragma unroll
    for (int k = 0; k < kRows; ++k) {
      if (k < rows) {
        if (k > 0 && s.per_example) {
          gain = factors(in.g, (row + k) * s.ld_g + j, left, 1.0f);
        }
#pragma unroll
        for (int c = 0; c < 4; ++c) {
          x[k].x[c] = activate<kActivation>(x[k].x[c] * (gain.x[c] * norm.x[c]) + shift.x[c]);
        }
        store_quad(y + (row + k) * s.out + j, x[k], left, whole);
      }
    }
  }
}

// Where sums go: to a gradient, which they are added to, or to the memory of their cut. `to` is NULL if they are not wanted.
struct Sink {
  float* to;
  int64_t ld, stride;
  bool adds;

  __device__ void put(int64_t cut, int64_t row, int64_t j, float value, bool again) const {
    float* at = to + cut * stride + row * ld + j;
    *at = adds || again ? *at + value : value;
  }
};

struct Sinks {
  float *d_t, *d_g;                      // rows of their own: added to at once
  Sink shared_t, sample_g, sample_bias;  // sums over samples; over the batch
  Sink all_r, all_bias;                  // sums over all rows
};

// Samples and rows of the batch of a block; how many blocks share the columns.
struct Cuts {
  int warps;
  int64_t samples, rows, sample_cuts, row_cuts;
};

// A thread of the backward: its column, and sums over the rows that it has met.
template <int kActivation>
struct Column {
  const Sinks& to;
  const Inputs& in;
  const GainShape& s;
  int64_t j;
  int warps;
  bool inside;
  float norm, sum_g = 0, sum_r = 0, sum_bias = 0;

  __device__ Column(const Sinks& to_, const Inputs& in_, const GainShape& s_)
      : to(to_), in(in_), s(s_), j(int64_t(blockIdx.x) * kWarp + threadIdx.x % kWarp), warps(blockDim.x / kWarp), inside(j < s.out) {
    norm = inside && in.r != nullptr ? in.r[j] : 1.0f;
  }

  // Whether row k of the thread's in a tile, b + k warps, is in the batch.
  __device__ bool has(int64_t b, int k) const { return inside && b + k * warps < s.batch; }

  // Rows row, row + warps, ... of an array, those of b's that are in the batch.
  __device__ void load(float (&x)[kRows], const float* from, int64_t row, int64_t b) const {
#pragma unroll
    for (int k = 0; k < kRows; ++k) {
      x[k] = has(b, k) ? from[(row + k * warps) * s.out + j] : 0.0f;
    }
  }

  // Adds the gradient of t to d_t, for rows b, b + warps, ... of a sample.
  __device__ void meet(float (&d_t)[kRows], const float (&t)[kRows], const float (&up)[kRows], int64_t sample, int64_t b) {
    float shift = inside && in.bias != nullptr ? in.bias[(s.per_sample_bias ? sample * s.ld_bias : 0) + j] : 0.0f;
    int64_t at = (s.per_example ? sample * s.batch + b : sample) * s.ld_g + j;
    int64_t step = s.per_example ? warps * s.ld_g : 0;
#pragma unroll
    for (int k = 0; k < kRows; ++k) {
      if (has(b, k)) {
        float gain = in.g != nullptr ? in.g[at + k * step] : 1.0f;
        float d = up[k] * slope<kActivation>(t[k] * (gain * norm) + shift);
        float product = d * t[k];
        d_t[k] += d * (gain * norm);
        sum_g += product;
        sum_r += product * gain;
        sum_bias += d;
        if (to.d_g != nullptr) {
          to.d_g[at + k * step] += product * norm;
        }
      }
    }
  }

  // The block has met all its rows of a sample, or (again: not for the first time) a tile of them.
  __device__ void end_sample(int64_t sample, bool again) {
    if (to.sample_g.to != nullptr) {
      float total = sum_warps<kMostWarps>(sum_g * norm);
      if (inside && threadIdx.x < kWarp) {
        to.sample_g.put(blockIdx.z, sample, j, total, again);
      }
      sum_g = 0;
    }
    if (to.sample_bias.to != nullptr) {
      float total = sum_warps<kMostWarps>(sum_bias);
      if (inside && threadIdx.x < kWarp) {
        to.sample_bias.put(blockIdx.z, sample, j, total, again);
      }
      sum_bias = 0;
    }
  }

  __device__ void end() {
    int64_t cut = blockIdx.y * gridDim.z + blockIdx.z;
    float total_r = sum_warps<kMostWarps>(sum_r);
    float total_bias = sum_warps<kMostWarps>(sum_bias);
    if (inside && threadIdx.x < kWarp && to.all_r.to != nullptr) {
      to.all_r.put(cut, 0, j, total_r, false);
    }
    if (inside && threadIdx.x < kWarp && to.all_bias.to != nullptr) {
      to.all_bias.put(cut, 0, j, total_bias, false);
    }
  }
};

template <int kActivation>
__global__ void __launch_bounds__(kThreads, 4) backward(Sinks to, const float* d_y, Inputs in, GainShape s, Cuts cuts) {
  Column<kActivation> column(to, in, s);
  int64_t end_sample = min((blockIdx.y + 1) * cuts.samples, s.samples);
  int64_t end = min((blockIdx.z + 1) * cuts.rows, s.batch);
  for (int64_t sample = blockIdx.y * cuts.samples; sample < end_sample; ++sample) {
    for (int64_t b = blockIdx.z * cuts.rows + threadIdx.x / kWarp; b < end; b += kRows * column.warps) {
      int64_t row = sample * s.batch + b;
      float up[kRows], t[kRows], d_t[kRows] = {};
      column.load(up, d_y, row, b);
      column.load(t, in.t, row, b);
      if (to.d_t != nullptr && !s.overwrite) {
        column.load(d_t, to.d_t, row, b);
      }
      column.meet(d_t, t, up, sample, b);
#pragma unroll
      for (int k = 0; k < kRows; ++k) {
        if (to.d_t != nullptr && column.has(b, k)) {
          to.d_t[(row + k * column.warps) * s.out + column.j] = d_t[k];
        }
      }
    }
    column.end_sample(sample, false);
  }
  column.end();
}

// The product serves all samples: they go by while a tile of it is held.
template <int kActivation>
__global__ void __launch_bounds__(kThreads, 4) shared_backward(Sinks to, const float* d_y, Inputs in, GainShape s, Cuts cuts) {
  Column<kActivation> column(to, in, s);
  int64_t end_sample = min((blockIdx.y + 1) * cuts.samples, s.samples);
  int64_t begin = blockIdx.z * cuts.rows;
  int64_t end = min(begin + cuts.rows, s.batch);
  for (int64_t tile = begin; tile < end; tile += kRows * column.warps) {
    int64_t b = tile + threadIdx.x / kWarp;
    float t[kRows], d_t[kRows] = {};
    column.load(t, in.t, b, b);
    for (int64_t sample = blockIdx.y * cuts.samples; sample < end_sample; ++sample) {
      float up[kRows];
      column.load(up, d_y, sample * s.batch + b, b);
      column.meet(d_t, t, up, sample, b);
      column.end_sample(sample, tile > begin);
    }
#pragma unroll
    for (int k = 0; k < kRows; ++k) {
      if (to.shared_t.to != nullptr && column.has(b, k)) {
        to.shared_t.put(blockIdx.y, b + k * column.warps, column.j, d_t[k], false);
      }
    }
  }
  column.end();
}

// to[row, :] = or += the sum of its cuts, in order of warps.
struct Job {
  float* to;
  const float* from;
  int64_t rows, ld, stride, cuts;
  bool adds;
};

struct Jobs {
  Job job[4];
};

__global__ void __launch_bounds__(kThreads) add_cuts(Jobs jobs, int64_t out) {
  Job job = jobs.job[blockIdx.z];
  int64_t j = int64_t(blockIdx.x) * kWarp + threadIdx.x % kWarp;
  for (int64_t row = blockIdx.y; row < job.rows; row += gridDim.y) {
    float sum = 0;
    for (int64_t cut = threadIdx.x / kWarp; j < out && cut < job.cuts; cut += blockDim.x / kWarp) {
      sum += job.from[cut * job.stride + row * out + j];
    }
    sum = sum_warps<kMostWarps>(sum);
    if (j < out && threadIdx.x < kWarp) {
      float* to = job.to + row * job.ld + j;
      *to = job.adds ? *to + sum : sum;
    }
  }
}

// Fills the device, but gives a block four tiles at least, and makes no more cuts than the queue's memory holds.
Cuts cut(const Queue& q, const GainShape& s) {
  Cuts c;
  c.warps = int(min(ceil_div(s.batch, kRows), int64_t(kMostWarps)));
  int64_t tile = c.warps * kRows;
  int64_t tiles = ceil_div(s.batch, tile);
  int64_t most = min(4 * q.multiprocessors / ceil_div(s.out, kWarp), s.samples * tiles / 4);
  most = max(min(most, kPart / s.out), int64_t(1));
  int64_t most_samples = s.shared ? min(s.samples, 4 * kPart / (s.batch * s.out)) : s.samples;
  int64_t most_tiles = min(tiles, (s.per_sample_bias ? 1 : 2) * kPart / (s.samples * s.out));
  // What needs no memory is cut first: samples, or tiles of a product that they share.
  int64_t first = max(min(most, s.shared ? most_tiles : most_samples), int64_t(1));
  int64_t second = max(min(most / first, s.shared ? most_samples : most_tiles), int64_t(1));
  c.samples = ceil_div(s.samples, s.shared ? second : first);
  c.rows = ceil_div(tiles, s.shared ? first : second) * tile;
  c.sample_cuts = ceil_div(s.samples, c.samples);
  c.row_cuts = ceil_div(s.batch, c.rows);
  return c;
}

// A gradient that is summed over blocks: its sink, and the job that follows where there are several cuts.
struct Plan {
  Jobs jobs = {};
  int count = 0;
  int64_t most_rows = 1;

  Sink sink(float* gradient, float* memory, int64_t rows, int64_t ld, int64_t out, int64_t cuts, bool adds = true) {
    if (gradient == nullptr || cuts == 1) {
      return {gradient, ld, 0, adds};
    }
    jobs.job[count++] = {gradient, memory, rows, ld, rows * out, cuts, adds};
    most_rows = max(most_rows, rows);
    return {memory, out, rows * out, false};
  }
};

}  // namespace

int gain_fwd(const Queue& q, float* y, const float* t, const float* g, const float* r, const float* bias, const GainShape& s) {
  int64_t units = ceil_div(s.batch, kRows) * s.samples * ceil_div(s.out, 4);
  bool whole = in_quads(y, s.out) && in_quads(t, s.out);
  Inputs in = {t, g, r, bias};
  return for_activation(s.activation, [&](auto kind) {
    return BHN_LAUNCH(forward<kind.value>, blocks_for(q, units, kThreads), kThreads, 0, q, y, in, s, whole);
  });
}

int gain_bwd(const Queue& q, float* d_t, float* d_g, float* d_r, float* d_bias, const float* d_y, const float* t, const float* g,
             const float* r, const float* bias, const GainShape& s) {
  Cuts c = cut(q, s);
  int64_t all = c.sample_cuts * c.row_cuts;
  Plan plan;
  Sinks to = {s.shared ? nullptr : d_t, s.per_example ? d_g : nullptr, {}, {}, {}, {}, {}};
  to.shared_t = plan.sink(s.shared ? d_t : nullptr, q.floats, s.batch, s.out, s.out, c.sample_cuts, !s.overwrite);
  to.sample_g = plan.sink(s.per_example ? nullptr : d_g, q.floats + 4 * kPart, s.samples, s.ld_g, s.out, c.row_cuts);
  to.all_r = plan.sink(d_r, q.floats + 6 * kPart, 1, s.out, s.out, all);
  to.sample_bias = plan.sink(s.per_sample_bias ? d_bias : nullptr, q.floats + 7 * kPart, s.samples, s.ld_bias, s.out, c.row_cuts);
  to.all_bias = plan.sink(s.per_sample_bias ? nullptr : d_bias, q.floats + 7 * kPart, 1, s.out, s.out, all);
  Inputs in = {t, g, r, bias};
  unsigned columns = unsigned(ceil_div(s.out, kWarp));
  dim3 grid(columns, unsigned(c.sample_cuts), unsigned(c.row_cuts));
  cudaError_t error = for_activation(s.activation, [&](auto kind) {
    return s.shared ? BHN_LAUNCH(shared_backward<kind.value>, grid, c.warps * kWarp, 0, q, to, d_y, in, s, c)
                    : BHN_LAUNCH(backward<kind.value>, grid, c.warps * kWarp, 0, q, to, d_y, in, s, c);
  });
  if (error != cudaSuccess || plan.count == 0) {
    return error;
  }
  grid = dim3(columns, unsigned(min(plan.most_rows, int64_t(1024))), unsigned(plan.count));
  return BHN_LAUNCH(add_cuts, grid, kThreads, 0, q, plan.jobs, s.out);
}

}  // namespace bhn::cuda
