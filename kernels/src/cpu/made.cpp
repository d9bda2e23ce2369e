// A flow's conditioner. Row i of U sees the first n_i entries of its x: t = x u, y = t g r + b, r = 1/|u|. The first H rows see z
// and give h = relu(y), the others see h and give the heads.
//
// Few samples make this bound by memory. With W = sum of all n_i: 4 W bytes forward and 4 W backward, since every weight is read
// once: its product and its row's norm come from one pass, its part of the input's gradient and the norm of its own gradient from
// another. The gradient of U is not written: it has rank S but for the way through the norm, and its factors are S + 1 numbers a row.
// FLOPs: (2 S + 2) W forward, (4 S + 3) W backward, the last terms for norms. At D = 1610 and H = 200, autoregressive: W = 483,804, 1.9 MB.
// From four samples on loads and sums of short rows bound it, so rows and samples are taken in groups; many samples go by tiles
// (made_tiles.h), which arithmetic bounds.
// Rows are cut into parts of about equal weight, whose sums are added in order, or into tiles, which need no sums: the bits do not
// depend on the number of threads.
#include "cpu/made_layer.h"

namespace bhn::BHN_ISA {
namespace {

constexpr int64_t kParts = BHN_MADE_PARTS;
constexpr int64_t kChunk = 64;  // samples of a task

// Whether lengths of rows [from, to) do not fall and are at most `most`; where no start is negative, no difference overflows.
bool lengths_fit(const int32_t* start, int64_t from, int64_t to, int64_t most) {
  int32_t good = 1;
  int32_t bound = int32_t(most);
#pragma omp simd reduction(& : good)
  for (int64_t row = from; row < to; ++row) {
    int32_t length = int32_t(uint32_t(start[row + 1]) - uint32_t(start[row]));
    good &= (start[row + 1] >= 0) & (length >= 0) & (length <= bound);
  }
#pragma omp simd reduction(& : good)
  for (int64_t row = from + 1; row < to; ++row) {
    uint32_t length = uint32_t(start[row + 1]) - uint32_t(start[row]);
    uint32_t before = uint32_t(start[row]) - uint32_t(start[row - 1]);
    good &= int32_t(length - before) >= 0;
  }
  return good != 0;
}

bool worth_threads(const MadeShape& s) { return s.samples * s.weights >= kParallel; }

int64_t pieces(int64_t n, int64_t each) { return (n + each - 1) / each; }

void forward_by_rows(const Layer& layer, int64_t from, int64_t to) {
#pragma omp for schedule(dynamic)
  for (int64_t c = 0; c < kParts; ++c) {
    layer.forward(layer.at.part(from, to, c, kParts), layer.at.part(from, to, c + 1, kParts));
  }
}

void forward_by_tiles(const Layer& layer, int64_t from, int64_t to) {
#pragma omp for schedule(dynamic)
  for (int64_t c = 0; c < pieces(to - from, kTileColumns); ++c) {
    layer.forward_by_tiles(from + c * kTileColumns, lesser(from + (c + 1) * kTileColumns, to));
  }
}

// Rows [from, to), with the gradient of their x [S, columns] in kParts parts if sums is not NULL.
void backward_by_rows(const LayerGradient& layer, int64_t from, int64_t to, float* sums, int64_t columns) {
  int64_t size = layer.at.s.samples * columns;
#pragma omp for schedule(dynamic)
  for (int64_t c = 0; c < kParts; ++c) {
    float* sum = sums == nullptr ? nullptr : sums + c * size;
    if (sum != nullptr) {
      __builtin_memset(sum, 0, sizeof(float) * size_t(size));
    }
    layer.backward(layer.at.part(from, to, c, kParts), layer.at.part(from, to, c + 1, kParts), sum, columns);
  }
}

void backward_by_rows(const LayerGradient& hidden, const LayerGradient& output, float* d_z, float* d_h, float* sums) {
  const MadeShape& s = hidden.at.s;
  backward_by_rows(output, s.hidden, hidden.at.rows, sums, s.hidden);
#pragma omp for schedule(static)
  for (int64_t i = 0; i < s.samples * s.hidden; ++i) {
    float sum = 0;
    for (int64_t c = 0; c < kParts; ++c) {
      sum += sums[c * s.samples * s.hidden + i];
    }
    d_h[i] = output.x[i] > 0.0f ? sum : 0.0f;
  }
  backward_by_rows(hidden, 0, s.hidden, d_z == nullptr ? nullptr : sums, s.inputs);
  for (int64_t sample = 0; d_z != nullptr && sample < s.samples; ++sample) {
    const float* part = sums + sample * s.inputs;
    float* to = d_z + sample * s.ld_z;
#pragma omp for schedule(static) nowait
    for (int64_t i = 0; i < s.inputs; ++i) {
      float sum = 0;
      for (int64_t c = 0; c < kParts; ++c) {
        sum += part[c * s.samples * s.inputs + i];
      }
      to[i] += sum;
    }
  }
}

// The longest rows, which come last, are begun with.
void factors_by_tiles(const LayerGradient& layer, int64_t from, int64_t to) {
#pragma omp for schedule(static)
  for (int64_t c = 0; c < pieces(to - from, kStretch); ++c) {
    layer.factors(from + c * kStretch, lesser(from + (c + 1) * kStretch, to));
  }
#pragma omp for schedule(dynamic)
  for (int64_t c = pieces(to - from, kBlock) - 1; c >= 0; --c) {
    layer.norms_by_tiles(from + c * kBlock, lesser(from + (c + 1) * kBlock, to));
  }
}

// d_x [S, columns] += a u of rows [from, to); finish(i, columns, s, samples) for each part of it when it is done.
template <class Finish>
void input_gradient_by_tiles(float* d_x, int64_t ld, int64_t columns, const LayerGradient& layer, int64_t from, int64_t to,
                             const Finish& finish) {
  const MadeRows& at = layer.at;
  int64_t panels = pieces(columns, kTileColumns);
#pragma omp for schedule(dynamic)
  for (int64_t c = 0; c < panels * pieces(at.s.samples, kChunk); ++c) {
    int64_t i = c % panels * kTileColumns, s = c / panels * kChunk;
    int64_t width = lesser(kTileColumns, columns - i), samples = lesser(kChunk, at.s.samples - s);
    tile_input_gradient(d_x + s * ld + i, ld, layer.out.a + s * at.rows, at, layer.params, from, to, i, width, samples);
    finish(i, width, s, samples);
  }
}

void backward_by_tiles(const LayerGradient& hidden, const LayerGradient& output, float* d_z, float* d_h) {
  const MadeShape& s = hidden.at.s;
#pragma omp for schedule(static)
  for (int64_t i = 0; i < s.samples * s.hidden; ++i) {
    d_h[i] = 0.0f;
  }
  factors_by_tiles(output, s.hidden, hidden.at.rows);
  input_gradient_by_tiles(d_h, s.hidden, s.hidden, output, s.hidden, hidden.at.rows,
                          [&](int64_t first, int64_t columns, int64_t sample, int64_t samples) {
                            for (int64_t k = sample; k < sample + samples; ++k) {
                              for (int64_t i = k * s.hidden + first; i < k * s.hidden + first + columns; ++i) {
                                d_h[i] = output.x[i] > 0.0f ? d_h[i] : 0.0f;
                              }
                            }
                          });
  factors_by_tiles(hidden, 0, s.hidden);
  if (d_z != nullptr) {
    input_gradient_by_tiles(d_z, s.ld_z, s.inputs, hidden, 0, s.hidden, [](int64_t, int64_t, int64_t, int64_t) {});
  }
}

}  // namespace

bool made_rows_fit(const MadeShape& s) {
  int64_t rows = s.hidden + 2 * s.outputs;
  return s.row_start[0] == 0 && s.row_start[rows] == s.weights && lengths_fit(s.row_start, 0, s.hidden, s.inputs) &&
         lengths_fit(s.row_start, s.hidden, s.hidden + s.outputs, s.hidden) &&
         lengths_fit(s.row_start, s.hidden + s.outputs, rows, s.hidden);
}

void made_fwd(int threads, float* heads, float* h, float* t, float* r, const float* z, const float* params, const MadeShape& s) {
  MadeRows at(s);
  Layer hidden = {at, params, z, s.ld_z, t, r, h, s.hidden, 0, true};
  Layer output = {at, params, h, s.hidden, t, r, heads, 2 * s.outputs, s.hidden, false};
  auto forward = s.samples < kTiledSamples ? forward_by_rows : forward_by_tiles;
#pragma omp parallel if (worth_threads(s)) num_threads(threads)
  {
    forward(hidden, 0, s.hidden);
    forward(output, s.hidden, at.rows);
  }
}

void made_bwd(int threads, float* d_z, float* factors, float* work, const float* d_heads, const float* z, const float* h, const float* t,
              const float* r, const float* params, const MadeShape& s) {
  MadeRows at(s);
  MadeFactors<float> out(factors, s.samples, at.rows);
  int64_t width = s.inputs > s.hidden ? s.inputs : s.hidden;
  float* d_h = work + kParts * s.samples * width;
  LayerGradient output = {at, params, h, s.hidden, t, r, d_heads, 2 * s.outputs, s.hidden, out};
  LayerGradient hidden = {at, params, z, s.ld_z, t, r, d_h, s.hidden, 0, out};
#pragma omp parallel if (worth_threads(s)) num_threads(threads)
  {
    if (s.samples < kTiledSamples) {
      backward_by_rows(hidden, output, d_z, d_h, work);
    } else {
      backward_by_tiles(hidden, output, d_z, d_h);
    }
  }
}

void made_grad(int threads, float* d_params, const float* factors, const float* z, const float* h, const float* params,
               const MadeShape& s) {
  MadeRows at(s);
  MadeFactors<const float> in(factors, s.samples, at.rows);
#pragma omp parallel for if (worth_threads(s)) num_threads(threads) schedule(static)
  for (int64_t c = 0; c < kParts; ++c) {
    int64_t first = at.part(0, at.rows, c, kParts), end = at.part(0, at.rows, c + 1, kParts);
    made_gradients(in, z, h, params, at, first, end, [&](int64_t start, int64_t n, const auto& gradient) BHN_LAMBDA {
      float* d = d_params + start;
      vectors(0, n, [&](int64_t i, const auto& part) BHN_LAMBDA {
        Lanes g[1];
        gradient.fill(g, i, part);
        part.put(d + i, part.get(d + i) + g[0]);
      });
    });
    for (int64_t row = first; row < end; ++row) {
      if (s.weight_norm) {
        d_params[at.gain(row)] += in.d_g[row];
      }
      d_params[at.bias(row)] += in.d_b[row];
    }
  }
}

}  // namespace bhn::BHN_ISA
