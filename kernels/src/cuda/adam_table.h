// What a step of Adam works on, as a kernel's parameter: pointers and sizes of its tensors, and how they are cut among warps.
#pragma once

#include "bhn.h"
#include "cuda/launch.h"

namespace bhn::cuda::adam {

constexpr int64_t kPiece = 256;
constexpr int64_t kLeastChunk = 512;
constexpr int kMostChunks = 2048;
constexpr int kPlain = 44;
constexpr int kFactored = 16;
constexpr int kEntries = kFactored + kPlain;
static_assert(kMostChunks <= Queue::kDoubles);

// A tensor, or the gains and biases of a conditioner.
struct Plain {
  float *theta, *m, *v;
  const float* grad;
  int64_t size;
};

// The weights of a conditioner: row i has the gradient sum_s a[s, i] x_s + c[i] u, of length norm[i].
struct Factored {
  float *theta, *m, *v;
  const float *factors, *z, *h;
  const int32_t* row_start;
  int64_t samples, weights, ld_z;
  int32_t inputs, hidden, outputs;

  __host__ __device__ int64_t rows() const { return hidden + 2 * int64_t(outputs); }
  __device__ int64_t start(int64_t row) const {
    if (row_start != nullptr) {
      return row_start[row];
    }
    return row <= hidden ? row * inputs : int64_t(hidden) * inputs + (row - hidden) * hidden;
  }
  __device__ int64_t most(int64_t row) const { return row < hidden ? inputs : hidden; }
};

// Entries are the conditioners' weights, then the rest; chunk and piece are their first chunks and pieces.
struct Table {
  Plain plain[kPlain];
  Factored factored[kFactored];
  int32_t chunk[kEntries + 1], piece[kEntries + 1];
  int32_t factored_count, plain_count;
  int32_t partials;  // sums to write and add
  bool later;        // add to the sums of the tables before
  int64_t length;    // of a chunk
  int64_t* step;
  float* report;
  const float* hyper;
  double* sums;
  Fault* fault;

  __host__ __device__ int entries() const { return factored_count + plain_count; }
};
static_assert(sizeof(Table) <= 4096, "what every CUDA version takes as a kernel's parameters");

// The arguments of a step, and how many of them are in tables already.
struct Work {
  float *const *theta, *const *m, *const *v;
  const float* const* grad;
  const int64_t* sizes;
  const bhn_made_gradient* made;
  int64_t tensors, mades;
  int64_t tensor = 0, entry = 0;

  bool done() const { return tensor == tensors; }
};

inline void add_factored(Table& table, const Work& w) {
  const bhn_made_gradient& from = w.made[w.entry];
  int64_t k = w.tensor;
  Factored& f = table.factored[table.factored_count++];
  f = {w.theta[k],
       w.m[k],
       w.v[k],
       from.factors,
       from.z,
       from.h,
       from.row_start,
       from.samples,
       from.weights,
       from.ld_z,
       int32_t(from.inputs),
       int32_t(from.hidden),
       int32_t(from.outputs)};
  const float* d_g = f.factors + (f.samples + 2) * f.rows();  // the gains' gradient, followed by the biases'
  table.plain[table.plain_count++] = {f.theta + f.weights, f.m + f.weights, f.v + f.weights, d_g, 2 * f.rows()};
}

// Cuts the entries into chunks and pieces.
inline void cut(Table& table) {
  int64_t size[kEntries], total = 0, chunks = 0, pieces = 0;
  for (int e = 0; e < table.entries(); ++e) {
    size[e] = e < table.factored_count ? table.factored[e].rows() : table.plain[e - table.factored_count].size;
    total += size[e];
  }
  table.length = ceil_div(total, kMostChunks - kEntries);
  table.length = table.length < kLeastChunk ? kLeastChunk : ceil_div(table.length, 4 * kWarp) * 4 * kWarp;
  for (int e = 0; e < table.entries(); ++e) {
    chunks += ceil_div(size[e], table.length);
    pieces += ceil_div(e < table.factored_count ? table.factored[e].weights : size[e], kPiece);
    table.chunk[e + 1] = int32_t(chunks);
    table.piece[e + 1] = int32_t(pieces);
  }
  table.partials = int32_t(chunks);
}

// The next tensors, as many as fit.
inline Table next(Work& w, const Queue& q, int64_t* step, float* report, const float* hyper) {
  Table table = {};
  table.later = w.tensor > 0;
  table.step = step;
  table.report = report;
  table.hyper = hyper;
  table.sums = q.doubles;
  table.fault = q.fault;
  for (; !w.done() && table.plain_count < kPlain; ++w.tensor) {
    int64_t k = w.tensor;
    if (w.entry < w.mades && w.made[w.entry].tensor == k) {
      if (table.factored_count == kFactored) {
        break;
      }
      add_factored(table, w);
      ++w.entry;
    } else if (w.sizes[k] > 0) {
      table.plain[table.plain_count++] = {w.theta[k], w.m[k], w.v[k], w.grad[k], w.sizes[k]};
    }
  }
  cut(table);
  return table;
}

}  // namespace bhn::cuda::adam
