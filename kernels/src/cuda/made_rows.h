// Rows of a conditioner on a device, for few samples: what made and flow do with them. A group of warps of one block owns a row, or the
// two rows of an output, so that a weight is loaded once for a tile of samples; sums over rows are cut into columns and parts instead.
// Blocks are kMadeThreads; `block` of `blocks` says which share of the rows or columns is this block's.
#pragma once

#include <type_traits>

#include "cuda/launch.h"

namespace bhn::cuda {

constexpr int kMadeThreads = 256;
constexpr int kMadeWarps = kMadeThreads / kWarp;
// The gradients of a row take all samples at once, one a lane.
constexpr int64_t kFewSamples = kWarp;

struct Row {
  int64_t start;
  int length;
};

// Where rows lie in U. Those of row_start that do not fit are cut and reported.
struct MadeRows {
  const int32_t* row_start;
  int64_t inputs, hidden, outputs, weights, rows;
  Fault* fault;

  __host__ __device__ MadeRows(const MadeShape& s, Fault* faults)
      : row_start(s.row_start),
        inputs(s.inputs),
        hidden(s.hidden),
        outputs(s.outputs),
        weights(s.weights),
        rows(s.hidden + 2 * s.outputs),
        fault(faults) {}

  __device__ __forceinline__ Row at(int64_t row) const {
    int64_t most = row < hidden ? inputs : hidden;
    if (row_start == nullptr) {
      return {row < hidden ? row * inputs : hidden * inputs + (row - hidden) * hidden, int(most)};
    }
    int64_t from = row_start[row], to = row_start[row + 1];
    bool fresh = row == 0 || row == hidden || row == hidden + outputs;
    int64_t before = fresh ? 0 : from - row_start[row - 1];
    bool ends = (row > 0 || from == 0) && (row < rows - 1 ? to <= weights : to == weights);
    if (from >= 0 && from <= weights && to - from >= before && to - from >= 0 && to - from <= most && ends) {
      return {from, int(to - from)};
    }
    report(fault, Fault::kRowStart, row, to - from, most);
    from = max(int64_t(0), min(from, weights));
    return {from, int(max(int64_t(0), min(to - from, min(most, weights - from))))};
  }
  __device__ __forceinline__ int64_t gain(int64_t row) const { return weights + row; }
  __device__ __forceinline__ int64_t bias(int64_t row) const { return weights + rows + row; }
};

// One layer: rows that see the same x.
struct MadeLayer {
  MadeRows rows;
  const float *params, *x;
  int64_t samples, ld_x;
  float *t, *r;
  bool weight_norm;
};

// What a backward leaves; as MadeFactors of the CPU.
struct RowFactors {
  float *a, *c, *norm, *d_g, *d_b;
  __host__ __device__ RowFactors(float* factors, int64_t samples, int64_t rows)
      : a(factors), c(a + samples * rows), norm(c + rows), d_g(norm + rows), d_b(d_g + rows) {}
};

// Warps that share a row: enough that its loads are under way at the same time.
__host__ __device__ inline int warps_a_row(int64_t width) { return width > 1024 ? 8 : width > 512 ? 4 : width > 256 ? 2 : 1; }

// Calls launch with a tile of samples that suits them, a constant.
template <class Launch>
int with_tile(int64_t samples, const Launch& launch) {
  return samples <= 1   ? launch(std::integral_constant<int, 1>())
         : samples <= 4 ? launch(std::integral_constant<int, 4>())
                        : launch(std::integral_constant<int, 8>());
}

// Sums over a warp of kCount values, a power of two: those of lane l are of value l / (kWarp / kCount). Each step halves the values a lane
// still holds, so that eight take 9 exchanges instead of 40.
template <int kCount>
__device__ __forceinline__ float warp_sums(float (&values)[kCount]) {
  int offset = kWarp / 2;
#pragma unroll
  for (int half = kCount / 2; half > 0; half /= 2, offset /= 2) {
    bool upper = (threadIdx.x & offset) != 0;
    for (int i = 0; i < half; ++i) {
      float other = __shfl_xor_sync(kAllLanes, upper ? values[i] : values[i + half], offset);
      values[i] = (upper ? values[i + half] : values[i]) + other;
    }
  }
  for (; offset > 0; offset /= 2) {
    values[0] += __shfl_xor_sync(kAllLanes, values[0], offset);
  }
  return values[0];
}

// 1/|u|, and 0 for a row of zeros.
__device__ __forceinline__ float inverse_norm(double squares) {
  float norm = float(sqrt(squares));
  return norm == 0.0f ? 0.0f : 1.0f / fmaxf(norm, kLeastNorm);
}

// With d r = g along, d u gets -d r r^3 u: the factor of u. None where |u| is taken as the least, since r then does not change with u. The
// cube of r may leave the range of float where the product does not.
__device__ __forceinline__ float norm_factor(float gain, float along, float r) {
  return r < 1.0f / kLeastNorm ? float(-double(gain) * along * r * r * r) : 0.0f;
}

// The lane's shares of u x_s for kRows rows u and kTile samples, and of u u. Samples past the last repeat it. A lane asks for kAhead entries
// of every row before it waits for one: all that it has of a row as wide as warps_a_row leaves it, if there is one sample.
template <int kTile, int kRows>
__device__ __forceinline__ void row_products(float (&sum)[kRows][kTile], double (&squares)[kRows], const Row (&row)[kRows],
                                             const MadeLayer& layer, int64_t s0, int first, int step) {
  constexpr int kAhead = kTile == 1 ? 8 : 4;
  const float* x[kTile];
  for (int s = 0; s < kTile; ++s) {
    x[s] = layer.x + max(int64_t(0), min(s0 + s, layer.samples - 1)) * layer.ld_x;
  }
  int longest = 0;
  for (int k = 0; k < kRows; ++k) {
    longest = max(longest, row[k].length);
    squares[k] = 0;
    for (int s = 0; s < kTile; ++s) {
      sum[k][s] = 0.0f;
    }
  }
  for (int i0 = first; i0 < longest; i0 += kAhead * step) {
    float weight[kAhead][kRows];
#pragma unroll
    for (int e = 0; e < kAhead; ++e) {
      int i = i0 + e * step;
      for (int k = 0; k < kRows; ++k) {
        weight[e][k] = i < row[k].length ? layer.params[row[k].start + i] : 0.0f;
      }
    }
#pragma unroll
    for (int e = 0; e < kAhead; ++e) {
      int i = i0 + e * step;
      if (kTile > 1 && i >= longest) {
        break;
      }
      float value[kTile];
      for (int s = 0; s < kTile; ++s) {
        value[s] = layer.samples == 0 || i >= longest ? 0.0f : x[s][i];
      }
      for (int k = 0; k < kRows; ++k) {
        squares[k] += double(weight[e][k]) * weight[e][k];
        for (int s = 0; s < kTile; ++s) {
          sum[k][s] += weight[e][k] * value[s];
        }
      }
    }
  }
}

// Pre-activations of kRows rows for each i < count: row_of(i, k) names them, use(i, s, values) takes their values for sample s. Groups of
// `split` warps. Also writes t and r.
template <int kTile, int kRows, class RowOf, class Use>
__device__ void forward_rows(const MadeLayer& layer, int64_t block, int64_t blocks, int64_t count, int split, const RowOf& row_of,
                             const Use& use) {
  BHN_SHARED(float, products, [kMadeWarps][kRows][kTile]);
  BHN_SHARED(double, lengths, [kMadeWarps][kRows]);
  const MadeRows& rows = layer.rows;
  int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  int first = warp % split * kWarp + lane;
  int64_t groups = kMadeWarps / split;
  for (int64_t base = block * groups; base < count; base += blocks * groups) {
    int64_t i = base + warp / split;
    bool leads = i < count && warp % split == 0;
    // Asked for before the weights, or they would be waited for after them.
    float gain[kRows], bias[kRows];
    for (int k = 0; k < kRows; ++k) {
      gain[k] = leads && layer.weight_norm ? layer.params[rows.gain(row_of(i, k))] : 1.0f;
      bias[k] = leads ? layer.params[rows.bias(row_of(i, k))] : 0.0f;
    }
    int64_t s0 = 0;
    do {
      Row row[kRows];
      for (int k = 0; k < kRows; ++k) {
        row[k] = i < count ? rows.at(row_of(i, k)) : Row{0, 0};
      }
      float sum[kRows][kTile];
      double squares[kRows];
      row_products<kTile>(sum, squares, row, layer, s0, first, split * kWarp);
      for (int k = 0; k < kRows; ++k) {
        double square = layer.weight_norm ? warp_sum(squares[k]) : 0;
        float product = warp_sums(sum[k]);
        if (lane % (kWarp / kTile) == 0) {
          products[warp][k][lane / (kWarp / kTile)] = product;
          lengths[warp][k] = square;
        }
      }
      __syncthreads();
      int64_t s = s0 + lane;
      if (leads && lane < kTile && (s < layer.samples || s == 0)) {
        float values[kRows];
        for (int k = 0; k < kRows; ++k) {
          int64_t at = row_of(i, k);
          float product = 0.0f;
          double square = 0;
          for (int w = warp; w < warp + split; ++w) {
            product += products[w][k][lane];
            square += lengths[w][k];
          }
          float r = layer.weight_norm ? inverse_norm(square) : 1.0f;
          values[k] = product * (gain[k] * r) + bias[k];
          if (s == 0) {
            layer.r[at] = r;
          }
          if (s < layer.samples) {
            layer.t[s * rows.rows + at] = product;
          }
        }
        if (s < layer.samples) {
          use(i, s, values);
        }
      }
      __syncthreads();  // the next rows write products again; a warp that ran so far ahead is rare, and rarer in the emulation
      s0 += kTile;
    } while (s0 < layer.samples);
  }
}

// The lane's share of the squares of a row's gradient, sum_s a_s x_s + c u, four entries at a time.
__device__ __forceinline__ double gradient_squares(const float* a, float c, const float* u, const MadeLayer& layer, int n, int first,
                                                   int step) {
  constexpr int kEntries = 4;
  double squares = 0;
  for (int i = first; i < n; i += kEntries * step) {
    float weights[kEntries], sum[kEntries] = {};
    for (int k = 0; k < kEntries; ++k) {
      weights[k] = i + k * step < n ? u[i + k * step] : 0.0f;
    }
#pragma unroll 2
    for (int64_t s = 0; s < layer.samples; ++s) {
      const float* x = layer.x + s * layer.ld_x + i;
      for (int k = 0; k < kEntries; ++k) {
        sum[k] += i + k * step < n ? a[s] * x[k * step] : 0.0f;
      }
    }
    for (int k = 0; k < kEntries; ++k) {
      float g = sum[k] + c * weights[k];
      squares += double(g) * g;
    }
  }
  return squares;
}

// Factors of rows [from, to) from up(row, s), the gradients of their pre-activations; at most kFewSamples samples.
template <class Up>
__device__ void backward_rows(const MadeLayer& layer, const RowFactors& out, int64_t block, int64_t blocks, int64_t from, int64_t to,
                              int split, const Up& up) {
  BHN_SHARED(float, factors, [kMadeWarps][kWarp]);
  BHN_SHARED(double, lengths, [kMadeWarps]);
  const MadeRows& rows = layer.rows;
  int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  int64_t groups = kMadeWarps / split;
  for (int64_t base = from + block * groups; base < to; base += blocks * groups) {
    int64_t row = base + warp / split;
    bool leads = row < to && warp % split == 0;
    Row at = {0, 0};
    float c = 0.0f;
    if (row < to) {
      at = rows.at(row);
      float gain = layer.weight_norm ? layer.params[rows.gain(row)] : 1.0f;
      float r = layer.r[row];
      float d = lane < layer.samples ? up(row, lane) : 0.0f;
      float both[2] = {d, lane < layer.samples ? d * layer.t[lane * rows.rows + row] : 0.0f};
      float half = warp_sums(both);
      float sum = __shfl_sync(kAllLanes, half, 0), along = __shfl_sync(kAllLanes, half, kWarp / 2);
      float a = d * (gain * r);
      c = layer.weight_norm ? norm_factor(gain, along, r) : 0.0f;
      factors[warp][lane] = a;
      if (leads && lane < layer.samples) {
        out.a[lane * rows.rows + row] = a;
      }
      if (leads && lane == 0) {
        out.c[row] = c;
        out.d_g[row] = layer.weight_norm ? along * r : 0.0f;
        out.d_b[row] = sum;
      }
    }
    __syncwarp();
    double squares =
        gradient_squares(factors[warp], c, layer.params + at.start, layer, at.length, warp % split * kWarp + lane, split * kWarp);
    squares = warp_sum(squares);
    if (lane == 0) {
      lengths[warp] = squares;
    }
    __syncthreads();
    if (leads && lane == 0) {
      double total = 0;
      for (int w = warp; w < warp + split; ++w) {
        total += lengths[w];
      }
      out.norm[row] = float(sqrt(total));
    }
    __syncthreads();  // unseen: needed where warps that share a row have a second one, and run ahead of their leader
  }
}

// Rows that a warp of column_sums takes at a time.
constexpr int kChunk = 8;

// Into how many parts sums over rows are cut: as many as keep every warp of a part busy, and fit in work.
__host__ __device__ inline int64_t parts_of(int64_t rows) {
  return max(int64_t(1), min(int64_t(BHN_MADE_PARTS), rows / (kMadeWarps * kChunk)));
}

// d x_s[i] = sum of a(row, s) u[i] over rows [from, to), cut into `parts` parts and columns of a warp's width: use(part, s, i, sum) takes
// each sum. Within a part, warp w takes the chunks part * kMadeWarps + w + k parts kMadeWarps.
template <int kTile, class Factor, class Use>
__device__ void column_sums(const MadeLayer& layer, int64_t block, int64_t blocks, int64_t from, int64_t to, int64_t width, int64_t parts,
                            const Factor& factor, const Use& use) {
  constexpr int kAtOnce = kTile == 1 ? kWarp : kChunk;  // one factor a lane
  BHN_SHARED(float, factors, [kMadeWarps][kAtOnce][kTile]);
  BHN_SHARED(Row, places, [kMadeWarps][kAtOnce]);
  BHN_SHARED(float, sums, [kMadeWarps][kTile][kWarp]);
  int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  int64_t columns = (width + kWarp - 1) / kWarp;
  for (int64_t task = block; task < parts * columns; task += blocks) {
    int64_t part = task / columns;
    int64_t column = task % columns * kWarp + lane;
    for (int64_t s0 = 0; s0 < layer.samples; s0 += kTile) {
      float sum[kTile] = {};
      for (int64_t chunk = from + (part * kMadeWarps + warp) * kAtOnce; chunk < to; chunk += parts * kMadeWarps * kAtOnce) {
        for (int e = lane; e < kAtOnce * kTile; e += kWarp) {
          int64_t row = chunk + e % kAtOnce, s = s0 + e / kAtOnce;
          factors[warp][e % kAtOnce][e / kAtOnce] = row < to && s < layer.samples ? factor(row, s) : 0.0f;
        }
        if (lane < kAtOnce) {
          places[warp][lane] = chunk + lane < to ? layer.rows.at(chunk + lane) : Row{0, 0};
        }
        __syncwarp();
#pragma unroll 8
        for (int k = 0; k < kAtOnce; ++k) {
          Row at = places[warp][k];
          float weight = column < at.length ? layer.params[at.start + column] : 0.0f;
          for (int s = 0; s < kTile; ++s) {
            sum[s] += factors[warp][k][s] * weight;
          }
        }
        __syncwarp();
      }
      for (int s = 0; s < kTile; ++s) {
        sums[warp][s][lane] = sum[s];
      }
      __syncthreads();
      if (warp < kTile && s0 + warp < layer.samples && column < width) {
        float total = 0.0f;
        for (int w = 0; w < kMadeWarps; ++w) {
          total += sums[w][warp][lane];
        }
        use(part, s0 + warp, column, total);
      }
      __syncthreads();  // the next columns write sums again
    }
  }
}

}  // namespace bhn::cuda
