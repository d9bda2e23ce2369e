// A flow's conditioner. Row i of U sees the first n_i entries of its x: t = x u, y = t g r + b, r = 1/|u|. The first H rows see z and give
// h = relu(y), the others see h and give the heads.
//
// Few samples (made_rows.h): warps own rows, and a weight is loaded once for up to eight samples; the row's norm comes from the same pass.
// With W the sum of all n_i: 4 W bytes forward; backward 4 W for the gradients' norms and 4 W for the sums over rows, both from the L2 cache
// after the first; (2 S + 2) W FLOPs forward, (4 S + 4) W backward, the last terms for norms. At D = 1610 and H = 200, autoregressive, W = 483,000: 1.9 MB, less than a
// microsecond of an H100's bandwidth, so latency bounds it: rows are spread over warps, and launches are few.
// Many samples (made_tiles.h): products in tiles, bound by the FMA units.
#include "cuda/made_rows.h"
#include "cuda/made_tiles.h"

namespace bhn::cuda {
namespace {

// ---- few samples ----

template <int kTile>
__global__ void __launch_bounds__(kMadeThreads, 2) hidden_forward(MadeLayer layer, float* h, int split) {
  int64_t width = layer.rows.hidden;
  forward_rows<kTile, 1>(
      layer, blockIdx.x, gridDim.x, width, split, [](int64_t i, int) { return i; },
      [=](int64_t i, int64_t s, const float* y) { h[s * width + i] = y[0] < 0.0f ? 0.0f : y[0]; });
}

template <int kTile>
__global__ void __launch_bounds__(kMadeThreads, 2) heads_forward(MadeLayer layer, float* heads, int split) {
  int64_t outputs = layer.rows.outputs, first = layer.rows.hidden;
  forward_rows<kTile, 2>(
      layer, blockIdx.x, gridDim.x, outputs, split, [=](int64_t i, int k) { return first + k * outputs + i; },
      [=](int64_t i, int64_t s, const float* y) {
        heads[s * 2 * outputs + i] = y[0];
        heads[s * 2 * outputs + outputs + i] = y[1];
      });
}

// Rows [from, to) with the gradients d_y of their outputs. The first row_blocks blocks write factors, the others sums over rows, in parts
// [P, S, width], P = parts_of its rows.
template <int kTile>
__global__ void __launch_bounds__(kMadeThreads, 2) layer_backward(MadeLayer layer, RowFactors out, float* parts, const float* d_y,
                                                                  int64_t from, int64_t to, int64_t width, int split, int64_t row_blocks) {
  auto up = [=](int64_t row, int64_t s) { return d_y[s * (to - from) + row - from]; };
  if (blockIdx.x < row_blocks) {
    backward_rows(layer, out, blockIdx.x, row_blocks, from, to, split, up);
    return;
  }
  column_sums<kTile>(
      layer, blockIdx.x - row_blocks, gridDim.x - row_blocks, from, to, width, parts_of(to - from),
      [&](int64_t row, int64_t s) { return up(row, s) * (layer.weight_norm ? layer.params[layer.rows.gain(row)] * layer.r[row] : 1.0f); },
      [=](int64_t part, int64_t s, int64_t i, float sum) { parts[(part * layer.samples + s) * width + i] = sum; });
}

// ---- many samples ----

// Only r, of all rows.
__global__ void __launch_bounds__(kMadeThreads, 2) row_norms(MadeLayer layer, int split) {
  forward_rows<1, 1>(
      layer, blockIdx.x, gridDim.x, layer.rows.rows, split, [](int64_t i, int) { return i; }, [](int64_t, int64_t, const float*) {});
}

// Keeps a product in t and gives the row's output for sample s.
__device__ __forceinline__ float finish(const MadeLayer& layer, int64_t s, int64_t row, float product, bool relu) {
  float scale = layer.weight_norm ? layer.params[layer.rows.gain(row)] * layer.r[row] : 1.0f;
  float value = product * scale + layer.params[layer.rows.bias(row)];
  layer.t[s * layer.rows.rows + row] = product;
  return relu && value < 0.0f ? 0.0f : value;
}

// The k-th number of part `part` of `count`: a part takes every count-th chunk of kTileK.
__device__ __forceinline__ int64_t in_part(int64_t k, int64_t part, int64_t count) {
  return (k / kTileK * count + part) * kTileK + k % kTileK;
}

// y[s, row - from] for a tile of samples and rows of [from, to). If parts is given, part blockIdx.z of their products instead, [P, S, rows].
template <bool kRelu>
__global__ void __launch_bounds__(kTileThreads) forward_tiles(MadeLayer layer, float* y, float* parts, int64_t from, int64_t to) {
  BHN_SHARED(Row, places, [kTileN]);
  int64_t row0 = from + int64_t(blockIdx.x) * kTileN, part = blockIdx.z, count = gridDim.z;
  if (threadIdx.x < kTileN) {
    places[threadIdx.x] = row0 + threadIdx.x < to ? layer.rows.at(row0 + threadIdx.x) : Row{0, 0};
  }
  __syncthreads();
  int depth = 0;
  for (int n = 0; n < kTileN; ++n) {
    depth = max(depth, places[n].length);
  }
  for (int64_t s0 = int64_t(blockIdx.y) * kTileM; s0 < layer.samples; s0 += int64_t(gridDim.y) * kTileM) {
    float sum[kTileI][kTileJ] = {};
    tile_product<true, true>(
        sum, ceil_div(depth, count * kTileK) * kTileK,
        [&](int m, int64_t k) {
          int64_t i = in_part(k, part, count);
          return s0 + m < layer.samples && i < depth ? layer.x[(s0 + m) * layer.ld_x + i] : 0.0f;
        },
        [&](int n, int64_t k) {
          int64_t i = in_part(k, part, count);
          return i < places[n].length ? layer.params[places[n].start + i] : 0.0f;
        });
    each_entry(sum, [&](int m, int n, float product) {
      int64_t s = s0 + m, row = row0 + n;
      if (s < layer.samples && row < to) {
        if (parts != nullptr) {
          parts[(part * layer.samples + s) * (to - from) + row - from] = product;
        } else {
          y[s * (to - from) + row - from] = finish(layer, s, row, product, kRelu);
        }
      }
    });
  }
}

// h from parts of the hidden rows' products, [P, S, H].
__global__ void __launch_bounds__(kMadeThreads) finish_hidden(MadeLayer layer, float* h, const float* parts, int64_t count) {
  int64_t width = layer.rows.hidden, size = layer.samples * width;
  for (int64_t i = global_thread(); i < size; i += grid_threads()) {
    float product = 0.0f;
#pragma unroll 4
    for (int64_t p = 0; p < count; ++p) {
      product += parts[p * size + i];
    }
    h[i] = finish(layer, i / width, i % width, product, true);
  }
}

// Factors of rows [from, to) but for the norms: a lane owns a row, a warp every kMadeWarps-th sample.
__global__ void __launch_bounds__(kMadeThreads)
    factors_of_rows(MadeLayer layer, RowFactors out, const float* d_y, int64_t from, int64_t to) {
  BHN_SHARED(float, sums, [2][kMadeWarps][kWarp]);
  int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  int64_t row = from + int64_t(blockIdx.x) * kWarp + lane;
  float gain = 0.0f, r = 0.0f, sum = 0.0f, along = 0.0f;
  if (row < to) {
    gain = layer.weight_norm ? layer.params[layer.rows.gain(row)] : 1.0f;
    r = layer.r[row];
    for (int64_t s = warp; s < layer.samples; s += kMadeWarps) {
      float d = d_y[s * (to - from) + row - from];
      sum += d;
      along += d * layer.t[s * layer.rows.rows + row];
      out.a[s * layer.rows.rows + row] = d * (gain * r);
    }
  }
  sums[0][warp][lane] = sum;
  sums[1][warp][lane] = along;
  __syncthreads();
  if (warp == 0 && row < to) {
    for (int w = 1; w < kMadeWarps; ++w) {
      sum += sums[0][w][lane];
      along += sums[1][w][lane];
    }
    out.c[row] = layer.weight_norm ? norm_factor(gain, along, r) : 0.0f;
    out.d_g[row] = layer.weight_norm ? along * r : 0.0f;
    out.d_b[row] = sum;
  }
}

// Part blockIdx.z of the sums over rows, [S, width]: it takes every gridDim.z-th chunk of kTileK rows.
__global__ void __launch_bounds__(kTileThreads, 4)
    column_tiles(MadeLayer layer, float* parts, const float* a, int64_t from, int64_t to, int64_t width) {
  int64_t i0 = int64_t(blockIdx.x) * kTileN, part = blockIdx.z, count = gridDim.z;
  auto row_of = [=](int64_t k) { return from + in_part(k, part, count); };
  for (int64_t s0 = int64_t(blockIdx.y) * kTileM; s0 < layer.samples; s0 += int64_t(gridDim.y) * kTileM) {
    float sum[kTileI][kTileJ] = {};
    tile_product<true, false>(
        sum, ceil_div(to - from, count * kTileK) * kTileK,
        [&](int m, int64_t k) { return s0 + m < layer.samples && row_of(k) < to ? a[(s0 + m) * layer.rows.rows + row_of(k)] : 0.0f; },
        [&](int n, int64_t k) {
          Row at = row_of(k) < to ? layer.rows.at(row_of(k)) : Row{0, 0};
          return i0 + n < at.length ? layer.params[at.start + i0 + n] : 0.0f;
        });
    each_entry(sum, [&](int m, int n, float value) {
      if (s0 + m < layer.samples && i0 + n < width) {
        parts[(part * layer.samples + s0 + m) * width + i0 + n] = value;
      }
    });
  }
}

// sum_s a_s x_s for rows row0 + m and entries i0 + n. Its barriers also show every thread what was in shared memory before.
__device__ __forceinline__ void gradient_tile(float (&sum)[kTileI][kTileJ], const MadeLayer& layer, const float* a, int64_t row0,
                                              int64_t to, int64_t i0, int64_t width) {
  tile_product<false, false>(
      sum, layer.samples, [&](int m, int64_t s) { return row0 + m < to ? a[s * layer.rows.rows + row0 + m] : 0.0f; },
      [&](int n, int64_t s) { return i0 + n < width ? layer.x[s * layer.ld_x + i0 + n] : 0.0f; });
}

// Norms of the gradients of rows: of every gridDim.y-th tile of their entries, squared, if partial is given.
__global__ void __launch_bounds__(kTileThreads)
    gradient_norms(MadeLayer layer, RowFactors out, double* partial, int64_t from, int64_t to, int64_t width) {
  BHN_SHARED(Row, places, [kTileM]);
  BHN_SHARED(double, squares, [kTileM][8]);
  int64_t row0 = from + int64_t(blockIdx.x) * kTileM;
  if (threadIdx.x < kTileM) {
    places[threadIdx.x] = row0 + threadIdx.x < to ? layer.rows.at(row0 + threadIdx.x) : Row{0, 0};
  }
  double mine[kTileI] = {};
  for (int64_t i0 = int64_t(blockIdx.y) * kTileN; i0 < width; i0 += int64_t(gridDim.y) * kTileN) {
    float sum[kTileI][kTileJ] = {};
    gradient_tile(sum, layer, out.a, row0, to, i0, width);
    for (int i = 0; i < kTileI; ++i) {
      Row at = places[tile_m(i)];
      for (int j = 0; j < kTileJ; ++j) {
        int64_t k = i0 + tile_n(j);
        float g = k < at.length ? sum[i][j] + out.c[row0 + tile_m(i)] * layer.params[at.start + k] : 0.0f;
        mine[i] += double(g) * g;
      }
    }
  }
  for (int i = 0; i < kTileI; ++i) {
    squares[tile_m(i)][threadIdx.x % 8] = mine[i];
  }
  __syncthreads();
  int64_t row = row0 + threadIdx.x;
  if (threadIdx.x < kTileM && row < to) {
    double total = 0;
    for (int k = 0; k < 8; ++k) {
      total += squares[threadIdx.x][k];
    }
    if (partial == nullptr) {
      out.norm[row] = float(sqrt(total));
    } else {
      partial[blockIdx.y * (to - from) + row - from] = total;
    }
  }
}

__global__ void __launch_bounds__(kMadeThreads) finish_norms(float* norm, const double* partial, int64_t rows, int64_t parts) {
  for (int64_t row = global_thread(); row < rows; row += grid_threads()) {
    double total = 0;
    for (int64_t p = 0; p < parts; ++p) {
      total += partial[p * rows + row];
    }
    norm[row] = float(sqrt(total));
  }
}

// ---- both ----

// Sums of parts [P, S, width]: into the gradient of h before its ReLU, or added to that of z.
template <bool kHidden>
__global__ void __launch_bounds__(kMadeThreads)
    sum_parts(float* to, const float* parts, const float* h, int64_t count, int64_t samples, int64_t width, int64_t ld) {
  for (int64_t i = global_thread(); i < samples * width; i += grid_threads()) {
    float sum = 0.0f;
    for (int64_t p = 0; p < count; ++p) {
      sum += parts[p * samples * width + i];
    }
    if (kHidden) {
      to[i] = h[i] > 0.0f ? sum : 0.0f;
    } else {
      to[i / width * ld + i % width] += sum;
    }
  }
}

// d_params += the gradient of the layer's rows [from, to), in tiles of rows and entries.
__global__ void __launch_bounds__(kTileThreads)
    add_gradient(MadeLayer layer, RowFactors in, float* d_params, int64_t from, int64_t to, int64_t width) {
  BHN_SHARED(Row, places, [kTileM]);
  int64_t row0 = from + int64_t(blockIdx.x) * kTileM;
  if (threadIdx.x < kTileM) {
    places[threadIdx.x] = row0 + threadIdx.x < to ? layer.rows.at(row0 + threadIdx.x) : Row{0, 0};
  }
  for (int64_t i0 = int64_t(blockIdx.y) * kTileN; i0 < width; i0 += int64_t(gridDim.y) * kTileN) {
    float sum[kTileI][kTileJ] = {};
    gradient_tile(sum, layer, in.a, row0, to, i0, width);
    each_entry(sum, [&](int m, int n, float value) {
      Row at = places[m];
      if (i0 + n < at.length) {
        d_params[at.start + i0 + n] += value + in.c[row0 + m] * layer.params[at.start + i0 + n];
      }
    });
  }
  int64_t row = row0 + threadIdx.x;
  if (blockIdx.y == 0 && threadIdx.x < kTileM && row < to) {
    if (layer.weight_norm) {
      d_params[layer.rows.gain(row)] += in.d_g[row];
    }
    d_params[layer.rows.bias(row)] += in.d_b[row];
  }
}

// Blocks along the second axis of a grid, which take every so manieth tile.
unsigned tiles(int64_t n, int64_t size) { return unsigned(min(ceil_div(n, size), int64_t(65535))); }

MadeLayer hidden_layer(const Queue& q, float* t, float* r, const float* z, const float* params, const MadeShape& s) {
  return {MadeRows(s, q.fault), params, z, s.samples, s.ld_z, t, r, s.weight_norm};
}

MadeLayer heads_layer(const Queue& q, float* t, float* r, const float* h, const float* params, const MadeShape& s) {
  return {MadeRows(s, q.fault), params, h, s.samples, s.hidden, t, r, s.weight_norm};
}

// Into how many parts the products of the hidden rows are cut: these rows are long but few, and would leave most of the device idle. A part
// has two rounds of a tile at least, and the queue's memory holds all of them.
int64_t hidden_parts(const Queue& q, const MadeLayer& hidden) {
  int64_t rows = hidden.rows.hidden;
  int64_t blocks = ceil_div(rows, kTileN) * ceil_div(hidden.samples, kTileM);
  int64_t useful = min(ceil_div(2 * q.multiprocessors, blocks), ceil_div(hidden.rows.inputs, 2 * kTileK));
  return max(int64_t(1), min(useful, Queue::kFloats / (hidden.samples * rows)));
}

int forward_many(const Queue& q, float* heads, float* h, const MadeLayer& hidden, const MadeLayer& output) {
  int64_t rows = hidden.rows.rows, first = hidden.rows.hidden;
  int split = warps_a_row(max(hidden.rows.inputs, first));
  MadeLayer none = hidden;
  none.samples = 0;
  int error = BHN_LAUNCH(row_norms, blocks_for(q, rows * split * kWarp, kMadeThreads), kMadeThreads, 0, q, none, split);
  int64_t parts = hidden_parts(q, hidden);
  if (error == 0) {
    dim3 grid(unsigned(ceil_div(first, kTileN)), tiles(hidden.samples, kTileM), unsigned(parts));
    error = BHN_LAUNCH(forward_tiles<true>, grid, kTileThreads, 0, q, hidden, h, parts > 1 ? q.floats : nullptr, 0, first);
  }
  if (error == 0 && parts > 1) {
    unsigned blocks = blocks_for(q, hidden.samples * first, kMadeThreads);
    error = BHN_LAUNCH(finish_hidden, blocks, kMadeThreads, 0, q, hidden, h, q.floats, parts);
  }
  if (error == 0) {
    dim3 grid(unsigned(ceil_div(rows - first, kTileN)), tiles(hidden.samples, kTileM));
    error = BHN_LAUNCH(forward_tiles<false>, grid, kTileThreads, 0, q, output, heads, nullptr, first, rows);
  }
  return error;
}

// One layer's rows [from, to): their factors, and parts of their sums unless parts is NULL.
int layer_gradients(const Queue& q, const MadeLayer& layer, const RowFactors& out, float* parts, const float* d_y, int64_t from, int64_t to,
                    int64_t width) {
  if (layer.samples <= kFewSamples) {
    return with_tile(layer.samples, [&](auto tile) -> int {
      int split = warps_a_row(width);
      int64_t row_blocks = blocks_for(q, (to - from) * split * kWarp, kMadeThreads);
      int64_t column_blocks = parts == nullptr || layer.samples == 0 ? 0 : blocks_for(q, parts_of(to - from) * ceil_div(width, kWarp), 1);
      return BHN_LAUNCH(layer_backward<tile>, unsigned(row_blocks + column_blocks), kMadeThreads, 0, q, layer, out, parts, d_y, from, to,
                        width, split, row_blocks);
    });
  }
  int error = BHN_LAUNCH(factors_of_rows, unsigned(ceil_div(to - from, kWarp)), kMadeThreads, 0, q, layer, out, d_y, from, to);
  double* partial = reinterpret_cast<double*>(q.floats);
  int64_t cuts = max(int64_t(1), min(int64_t(tiles(width, kTileN)), Queue::kFloats / 2 / (to - from)));
  if (error == 0) {
    dim3 grid(unsigned(ceil_div(to - from, kTileM)), unsigned(cuts));
    error = BHN_LAUNCH(gradient_norms, grid, kTileThreads, 0, q, layer, out, cuts > 1 ? partial : nullptr, from, to, width);
  }
  if (error == 0 && cuts > 1) {
    error = BHN_LAUNCH(finish_norms, blocks_for(q, to - from, kMadeThreads), kMadeThreads, 0, q, out.norm + from, partial, to - from, cuts);
  }
  if (error == 0 && parts != nullptr) {
    dim3 grid(unsigned(ceil_div(width, kTileN)), tiles(layer.samples, kTileM), unsigned(parts_of(to - from)));
    error = BHN_LAUNCH(column_tiles, grid, kTileThreads, 0, q, layer, parts, out.a, from, to, width);
  }
  return error;
}

}  // namespace

int made_fwd(const Queue& q, float* heads, float* h, float* t, float* r, const float* z, const float* params, const MadeShape& s) {
  MadeLayer hidden = hidden_layer(q, t, r, z, params, s), output = heads_layer(q, t, r, h, params, s);
  if (s.samples > kFewSamples) {
    return forward_many(q, heads, h, hidden, output);
  }
  return with_tile(s.samples, [&](auto tile) -> int {
    int split = warps_a_row(s.inputs);
    unsigned blocks = blocks_for(q, s.hidden * split * kWarp, kMadeThreads);
    int error = BHN_LAUNCH(hidden_forward<tile>, blocks, kMadeThreads, 0, q, hidden, h, split);
    if (error != 0) {
      return error;
    }
    split = warps_a_row(s.hidden);
    blocks = blocks_for(q, s.outputs * split * kWarp, kMadeThreads);
    return BHN_LAUNCH(heads_forward<tile>, blocks, kMadeThreads, 0, q, output, heads, split);
  });
}

int made_bwd(const Queue& q, float* d_z, float* factors, float* work, const float* d_heads, const float* z, const float* h, const float* t,
             const float* r, const float* params, const MadeShape& s) {
  float *given_t = const_cast<float*>(t), *given_r = const_cast<float*>(r);  // only read
  MadeLayer hidden = hidden_layer(q, given_t, given_r, z, params, s), output = heads_layer(q, given_t, given_r, h, params, s);
  int64_t rows = hidden.rows.rows;
  RowFactors out(factors, s.samples, rows);
  float* d_h = work + BHN_MADE_PARTS * s.samples * max(s.inputs, s.hidden);
  int error = layer_gradients(q, output, out, work, d_heads, s.hidden, rows, s.hidden);
  if (error == 0 && s.samples > 0) {
    error = BHN_LAUNCH(sum_parts<true>, blocks_for(q, s.samples * s.hidden, kMadeThreads), kMadeThreads, 0, q, d_h, work, h,
                       parts_of(2 * s.outputs), s.samples, s.hidden, s.hidden);
  }
  if (error == 0) {
    error = layer_gradients(q, hidden, out, d_z == nullptr ? nullptr : work, d_h, 0, s.hidden, s.inputs);
  }
  if (error == 0 && d_z != nullptr && s.samples > 0) {
    error = BHN_LAUNCH(sum_parts<false>, blocks_for(q, s.samples * s.inputs, kMadeThreads), kMadeThreads, 0, q, d_z, work, nullptr,
                       parts_of(s.hidden), s.samples, s.inputs, s.ld_z);
  }
  return error;
}

int made_grad(const Queue& q, float* d_params, const float* factors, const float* z, const float* h, const float* params,
              const MadeShape& s) {
  MadeLayer hidden = hidden_layer(q, nullptr, nullptr, z, params, s), output = heads_layer(q, nullptr, nullptr, h, params, s);
  int64_t rows = hidden.rows.rows;
  RowFactors in(const_cast<float*>(factors), s.samples, rows);  // only read
  dim3 grid(unsigned(ceil_div(s.hidden, kTileM)), tiles(s.inputs, kTileN));
  int error = BHN_LAUNCH(add_gradient, grid, kTileThreads, 0, q, hidden, in, d_params, 0, s.hidden, s.inputs);
  if (error == 0) {
    grid = dim3(unsigned(ceil_div(rows - s.hidden, kTileM)), tiles(s.hidden, kTileN));
    error = BHN_LAUNCH(add_gradient, grid, kTileThreads, 0, q, output, in, d_params, s.hidden, rows, s.hidden);
  }
  return error;
}

}  // namespace bhn::cuda
