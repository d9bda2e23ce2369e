// The epilogue of a product: y = act(t g r + bias), and its gradients with the pre-activation computed again.
// Bytes: forward 8 an element of y (t read once for all samples where it is shared); backward 12, or 16 where d_t is added to. With ReLU 3
// FLOPs forward and about 15 backward. Bound by memory. The backward gives each thread whole columns, so that sums over rows have a fixed
// order.
#include <cstring>

#include "cpu/kernels.h"
#include "cpu/vecmath.h"

namespace bhn::BHN_ISA {
namespace {

// Rows and columns that share their gains in the forward.
constexpr int64_t kTileRows = 16;
constexpr int64_t kTileCols = 256;

// scale = g r and add = bias of columns j0 .. j0 + width - 1; a missing one is NULL.
void epilogue(float* scale, float* add, const float* gain, const float* r, const float* shift, int64_t j0, int64_t width) {
#pragma omp simd
  for (int64_t j = 0; j < width; ++j) {
    scale[j] = gain == nullptr ? 1.0f : gain[j0 + j];
    add[j] = shift == nullptr ? 0.0f : shift[j0 + j];
  }
  if (r != nullptr) {
#pragma omp simd
    for (int64_t j = 0; j < width; ++j) {
      scale[j] *= r[j0 + j];
    }
  }
}

// Tiles of rows of one sample, so that gains are read once a tile; a row of its own where each has its own gains.
template <int kActivation>
void forward(int threads, float* y, const float* t, const float* g, const float* r, const float* bias, const GainShape& s) {
  int64_t tile_rows = s.per_example ? 1 : kTileRows;
  int64_t tiles = (s.batch + tile_rows - 1) / tile_rows;
#pragma omp parallel for if (s.samples * s.batch * s.out >= kParallel) num_threads(threads) schedule(static)
  for (int64_t tile = 0; tile < s.samples * tiles; ++tile) {
    int64_t sample = tile / tiles;
    int64_t first = (tile - sample * tiles) * tile_rows;
    int64_t last = first + tile_rows < s.batch ? first + tile_rows : s.batch;
    const float* gain = g == nullptr ? nullptr : g + (s.per_example ? sample * s.batch + first : sample) * s.ld_g;
    const float* shift = bias == nullptr ? nullptr : bias + (s.per_sample_bias ? sample * s.ld_bias : 0);
    for (int64_t j0 = 0; j0 < s.out; j0 += kTileCols) {
      int64_t width = s.out - j0 < kTileCols ? s.out - j0 : kTileCols;
      float scale[kTileCols];
      float add[kTileCols];
      epilogue(scale, add, gain, r, shift, j0, width);
      for (int64_t b = first; b < last; ++b) {
        float* out = y + (sample * s.batch + b) * s.out + j0;
        const float* in = t + (s.shared ? b : sample * s.batch + b) * s.out + j0;
#pragma omp simd
        for (int64_t j = 0; j < width; ++j) {
          out[j] = activate<kActivation>(in[j] * scale[j] + add[j]);
        }
      }
    }
  }
}

// Most columns that one thread owns at a time in the backward; their sums live on its stack.
constexpr int64_t kBlock = 512;
constexpr int64_t kLine = 16;

struct Gradients {
  float *d_t, *d_g, *d_r, *d_bias;
};

// One block of columns, all rows in order.
template <int kActivation>
void backward_block(int64_t j0, int64_t width, const Gradients& out, const float* d_y, const float* t, const float* g, const float* r,
                    const float* bias, const GainShape& s) {
  float norm[kBlock], gain[kBlock], shift[kBlock];
  float sum_r[kBlock], sum_bias[kBlock], sum_g[kBlock];
  for (int64_t j = 0; j < width; ++j) {
    norm[j] = r == nullptr ? 1.0f : r[j0 + j];
    sum_r[j] = sum_bias[j] = 0.0f;
  }
  for (int64_t sample = 0; sample < s.samples; ++sample) {
    for (int64_t j = 0; j < width; ++j) {
      sum_g[j] = 0.0f;
      shift[j] = bias == nullptr ? 0.0f : bias[(s.per_sample_bias ? sample * s.ld_bias : 0) + j0 + j];
      gain[j] = g == nullptr ? 1.0f : g[sample * (s.per_example ? s.batch : 1) * s.ld_g + j0 + j];
      if (s.per_sample_bias) {
        sum_bias[j] = 0.0f;
      }
    }
    for (int64_t b = 0; b < s.batch; ++b) {
      int64_t row = sample * s.batch + b;
      if (s.per_example && g != nullptr) {
        for (int64_t j = 0; j < width; ++j) {
          gain[j] = g[row * s.ld_g + j0 + j];
        }
      }
      const float* up = d_y + row * s.out + j0;
      const float* in = t + (s.shared ? b : row) * s.out + j0;
      float d_gain[kBlock];
      float d_in[kBlock];
#pragma omp simd
      for (int64_t j = 0; j < width; ++j) {
        float d = up[j] * slope<kActivation>(in[j] * (gain[j] * norm[j]) + shift[j]);
        d_in[j] = d * (gain[j] * norm[j]);
        float dt = d * in[j];
        d_gain[j] = dt * norm[j];
        sum_g[j] += dt * norm[j];
        sum_r[j] += dt * gain[j];
        sum_bias[j] += d;
      }
      if (out.d_t != nullptr) {
        float* to = out.d_t + (s.shared ? b : row) * s.out + j0;
        if (s.overwrite && (sample == 0 || !s.shared)) {
          std::memcpy(to, d_in, width * sizeof(float));
        } else {
#pragma omp simd
          for (int64_t j = 0; j < width; ++j) {
            to[j] += d_in[j];
          }
        }
      }
      if (out.d_g != nullptr && s.per_example) {
        float* to = out.d_g + row * s.ld_g + j0;
#pragma omp simd
        for (int64_t j = 0; j < width; ++j) {
          to[j] += d_gain[j];
        }
      }
    }
    for (int64_t j = 0; j < width; ++j) {
      if (out.d_g != nullptr && !s.per_example) {
        out.d_g[sample * s.ld_g + j0 + j] += sum_g[j];
      }
      if (out.d_bias != nullptr && s.per_sample_bias) {
        out.d_bias[sample * s.ld_bias + j0 + j] += sum_bias[j];
      }
    }
  }
  for (int64_t j = 0; j < width; ++j) {
    if (out.d_r != nullptr) {
      out.d_r[j0 + j] += sum_r[j];
    }
    if (out.d_bias != nullptr && !s.per_sample_bias) {
      out.d_bias[j0 + j] += sum_bias[j];
    }
  }
}

template <int kActivation>
void backward(int threads, const Gradients& out, const float* d_y, const float* t, const float* g, const float* r, const float* bias,
              const GainShape& s) {
  // One wide block for each thread: of a row that is short a core reads nothing ahead.
  int64_t share = ((s.out + threads - 1) / threads + kLine - 1) / kLine * kLine;
  int64_t columns = share < kBlock ? share : kBlock;
  int64_t blocks = (s.out + columns - 1) / columns;
#pragma omp parallel for if (s.samples * s.batch * s.out >= kParallel) num_threads(threads) schedule(static)
  for (int64_t block = 0; block < blocks; ++block) {
    int64_t j0 = block * columns;
    int64_t width = s.out - j0 < columns ? s.out - j0 : columns;
    backward_block<kActivation>(j0, width, out, d_y, t, g, r, bias, s);
  }
}

}  // namespace

void gain_fwd(int threads, float* y, const float* t, const float* g, const float* r, const float* bias, const GainShape& s) {
  switch (s.activation) {
    case 1:
      return forward<1>(threads, y, t, g, r, bias, s);
    case 2:
      return forward<2>(threads, y, t, g, r, bias, s);
    case 3:
      return forward<3>(threads, y, t, g, r, bias, s);
    default:
      return forward<0>(threads, y, t, g, r, bias, s);
  }
}

void gain_bwd(int threads, float* d_t, float* d_g, float* d_r, float* d_bias, const float* d_y, const float* t, const float* g,
              const float* r, const float* bias, const GainShape& s) {
  Gradients out = {d_t, d_g, d_r, d_bias};
  switch (s.activation) {
    case 1:
      return backward<1>(threads, out, d_y, t, g, r, bias, s);
    case 2:
      return backward<2>(threads, out, d_y, t, g, r, bias, s);
    case 3:
      return backward<3>(threads, out, d_y, t, g, r, bias, s);
    default:
      return backward<0>(threads, out, d_y, t, g, r, bias, s);
  }
}

}  // namespace bhn::BHN_ISA
