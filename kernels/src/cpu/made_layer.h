// One layer of a conditioner, for some of its rows: what both ways of made.cpp have in common, and the way row by row.
#pragma once

#include "cpu/made_gradients.h"

namespace bhn::BHN_ISA {

constexpr int64_t kBlock = kGradientRows;  // rows whose norms, factors and outputs are computed side by side
constexpr int64_t kStretch = 256;          // rows whose factors are computed at once
constexpr float kMostNorm = 1e15f;

inline double wide_norm(const float* u, int64_t n) {
  double squares = 0;
  for (int64_t i = 0; i < n; ++i) {
    squares += double(u[i]) * u[i];
  }
  return __builtin_sqrt(squares);
}

// 1/|u| from the sum of its squares, whose range is that of float.
inline float inverse_norm(const float* u, int64_t n, float squares) {
  float norm = __builtin_sqrtf(squares);
  if (!(norm > 1e-15f && norm < kMostNorm)) {
    norm = float(wide_norm(u, n));
  }
  return norm == 0.0f ? 0.0f : 1.0f / (norm < kLeastNorm ? kLeastNorm : norm);
}

// One layer's rows [from, to) for all samples.
struct Layer {
  const MadeRows& at;
  const float* params;
  const float* x;
  int64_t ld_x;
  float *t, *r;
  float* y;
  int64_t ld_y, first;  // y[s * ld_y + row - first]
  bool relu;

  void forward(int64_t from, int64_t to) const {
    for (; from < to; from += kBlock) {
      int64_t end = lesser(from + kBlock, to);
      float squares[kBlock];
      products(from, end, squares);
      norms(from, end, squares);
      for (int64_t s = 0; s < at.s.samples; ++s) {
        outputs(from, end, t + s * at.rows, y + s * ld_y - first);
      }
    }
  }

  // For many samples, at most kTileColumns rows.
  void forward_by_tiles(int64_t from, int64_t to) const {
    float squares[kTileColumns] = {}, scale[kTileColumns];
    for (int64_t row = from; at.s.weight_norm && row < to; ++row) {
      const float* u = params + at.start(row);
      dot_and_squares(u, u, at.length(row), squares + row - from);
    }
    norms(from, to, squares);
    for (int64_t row = from; row < to; ++row) {
      scale[row - from] = at.s.weight_norm ? params[at.gain(row)] * r[row] : 1.0f;
    }
    tile_products(t, {y + from - first, ld_y, scale, params + at.bias(from), least()}, at, params, x, ld_x, from, to);
  }

 private:
  float least() const { return relu ? 0.0f : -__builtin_inff(); }

  // Squares and the first samples one by one, the rest of them in groups.
  void products(int64_t from, int64_t to, float* squares) const {
    int64_t samples = at.s.samples;
    int64_t single = samples % kGroupSamples;
    bool pass = at.s.weight_norm || single > 0;
    for (int64_t row = from; pass && row < to; ++row) {
      const float* u = params + at.start(row);
      int64_t n = at.length(row);
      float product = dot_and_squares(u, samples > 0 ? x : u, n, squares + row - from);
      for (int64_t s = 0; s < single; ++s) {
        float unused;
        t[s * at.rows + row] = s == 0 ? product : dot_and_squares(u, x + s * ld_x, n, &unused);
      }
    }
    for (int64_t s = single; s < samples; s += kGroupSamples) {
      int64_t row = from;
      for (; row + kGroupRows <= to; row += kGroupRows) {
        dots(t + s * at.rows + row, at.rows, RowGroup<kGroupRows>(at, params, row), x + s * ld_x, ld_x);
      }
      for (; row < to; ++row) {
        dots(t + s * at.rows + row, at.rows, params + at.start(row), at.length(row), x + s * ld_x, ld_x);
      }
    }
  }

  void norms(int64_t from, int64_t to, const float* squares) const {
    for (int64_t row = from; !at.s.weight_norm && row < to; ++row) {
      r[row] = 1.0f;
    }
    if (!at.s.weight_norm) {
      return;
    }
    int32_t good = 1;
#pragma omp simd reduction(& : good)
    for (int64_t row = from; row < to; ++row) {
      float norm = __builtin_sqrtf(squares[row - from]);
      r[row] = 1.0f / norm;
      good &= (norm > kLeastNorm) & (norm < kMostNorm);
    }
    for (int64_t row = from; good == 0 && row < to; ++row) {
      r[row] = inverse_norm(params + at.start(row), at.length(row), squares[row - from]);
    }
  }

  void outputs(int64_t from, int64_t to, const float* product, float* out) const {
    const float* gain = params + at.gain(0);
    const float* bias = params + at.bias(0);
    float least = this->least();
    if (at.s.weight_norm) {
#pragma omp simd
      for (int64_t row = from; row < to; ++row) {
        float value = product[row] * (gain[row] * r[row]) + bias[row];
        out[row] = value < least ? least : value;
      }
      return;
    }
#pragma omp simd
    for (int64_t row = from; row < to; ++row) {
      float value = product[row] + bias[row];
      out[row] = value < least ? least : value;
    }
  }
};

// |sum_s a_s x_s + c u| in double, where its square leaves the range of float.
inline double wide_gradient_norm(const float* a, int64_t ld_a, const float* x, int64_t ld_x, float c, const float* u, int64_t samples,
                                 int64_t n) {
  double squares = 0;
  float g[kBlock];
  for (int64_t i = 0; i < n; i += kBlock) {
    int64_t width = lesser(n - i, kBlock);
    RowGradient gradient(a, ld_a, x + i, ld_x, c, u + i, samples);
    vectors(0, width, [&](int64_t k, const auto& part) BHN_LAMBDA { part.put(g + k, gradient(k, part)); });
    double norm = wide_norm(g, width);
    squares += norm * norm;
  }
  return __builtin_sqrt(squares);
}

// One layer's rows [from, to): their factors from the gradients of their outputs, and d_x += a u.
struct LayerGradient {
  const MadeRows& at;
  const float *params, *x;
  int64_t ld_x;
  const float *t, *r, *d_y;
  int64_t ld_d_y, first;  // d_y[s * ld_d_y + row - first]
  MadeFactors<float> out;

  void backward(int64_t from, int64_t to, float* d_x, int64_t ld_d_x) const {
    for (; from < to; from += kBlock) {
      int64_t end = lesser(from + kBlock, to);
      factors(from, end);
      if (at.s.samples == 1 && d_x != nullptr) {
        one(from, end, d_x);
        continue;
      }
      norms(from, end);
      if (d_x != nullptr) {
        add(from, end, d_x, ld_d_x);
      }
    }
  }

  void factors(int64_t from, int64_t to) const {
    bool norm = at.s.weight_norm;
    const float* gains = params + at.gain(0);
    float along[kStretch];  // of d_y t
    for (int64_t row = from; row < to; ++row) {
      along[row - from] = 0.0f;
      out.d_b[row] = 0.0f;
    }
    for (int64_t s = 0; s < at.s.samples; ++s) {
      const float* d = d_y + s * ld_d_y - first;
      const float* product = t + s * at.rows;
      float* a = out.a + s * at.rows;
#pragma omp simd
      for (int64_t row = from; row < to; ++row) {
        out.d_b[row] += d[row];
        along[row - from] += d[row] * product[row];
        a[row] = norm ? d[row] * (gains[row] * r[row]) : d[row] * r[row];
      }
    }
    // d r = g along, and d u gets -d r r^3 u, but where |u| is taken as the least and r does not change with u. The cube of r may leave the
    // range of float where the product does not.
#pragma omp simd
    for (int64_t row = from; row < to; ++row) {
      float part = along[row - from];
      out.c[row] = norm && r[row] < 1.0f / kLeastNorm ? float(-double(gains[row]) * part * r[row] * r[row] * r[row]) : 0.0f;
      out.d_g[row] = norm ? part * r[row] : 0.0f;
    }
  }

  // For many samples: the norms of at most kBlock rows.
  void norms_by_tiles(int64_t from, int64_t to) const {
    float squares[kBlock] = {};
    tile_gradients(out.a, x, ld_x, out.c, at, params, from, to, [&](int64_t row, int64_t, int64_t n, const float* g) {
      Lanes sum = {};
      vectors(0, n, [&](int64_t i, const auto& part) BHN_LAMBDA { sum += part.get(g + i) * part.get(g + i); });
      squares[row - from] += total(sum);
    });
    for (int64_t row = from; row < to; ++row) {
      norm_from(row, squares[row - from]);
    }
  }

 private:
  void norms(int64_t from, int64_t to) const {
    int64_t samples = at.s.samples;
    int64_t row = from;
    for (; row + kBackwardRows <= to; row += kBackwardRows) {
      float squares[kBackwardRows];
      gradient_squares(squares, out.a + row, at.rows, x, ld_x, out.c + row, RowGroup<kBackwardRows>(at, params, row), samples);
      for (int64_t k = 0; k < kBackwardRows; ++k) {
        norm_from(row + k, squares[k]);
      }
    }
    for (; row < to; ++row) {
      norm_directly(row);
    }
  }

  void norm_directly(int64_t row) const {
    const float* u = params + at.start(row);
    norm_from(row, gradient_squares(out.a + row, at.rows, x, ld_x, out.c[row], u, at.length(row), at.s.samples));
  }

  // Whether no sample gives the row a gradient, as where a unit is off for all of them.
  bool dead(int64_t row) const {
    bool nothing = out.c[row] == 0.0f;
    for (int64_t s = 0; s < at.s.samples; ++s) {
      nothing &= out.a[s * at.rows + row] == 0.0f;
    }
    return nothing;
  }

  void norm_from(int64_t row, float squares) const {
    bool good = (squares > 1e-30f && squares < 1e30f) || (squares == 0.0f && dead(row));
    out.norm[row] =
        good ? __builtin_sqrtf(squares)
             : float(wide_gradient_norm(out.a + row, at.rows, x, ld_x, out.c[row], params + at.start(row), at.s.samples, at.length(row)));
  }

  // Norms and d_x of one sample from one pass, row by row: memory then is one stream, which the core reads ahead of.
  void one(int64_t from, int64_t to, float* d_x) const {
    for (int64_t row = from; row < to; ++row) {
      norm_from(row, add_row_and_squares(d_x, out.a[row], x, out.c[row], params + at.start(row), at.length(row)));
    }
  }

  void add(int64_t from, int64_t to, float* d_x, int64_t ld_d_x) const {
    int64_t row = from;
    for (; row + kBackwardRows <= to; row += kBackwardRows) {
      add_rows(d_x, ld_d_x, out.a + row, at.rows, RowGroup<kBackwardRows>(at, params, row), at.s.samples);
    }
    for (; row < to; ++row) {
      for (int64_t s = 0; s < at.s.samples; ++s) {
        add_row(d_x + s * ld_d_x, out.a[s * at.rows + row], params + at.start(row), at.length(row));
      }
    }
  }
};

}  // namespace bhn::BHN_ISA
