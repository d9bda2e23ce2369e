// A flow's conditioner. Row i of U sees the first n_i entries of its x: t = x u, y = t g r + b, r = 1/|u|. The first H rows see z
// and give h = relu(y), the others see h and give the heads.
//
// Few samples make this bound by memory. With W = sum of all n_i: 4 W bytes forward and 4 W backward, since every weight is read
// once: its product and its row's norm come from one pass, its part of the input's gradient and the norm of its own gradient from
// another. The gradient of U is not written: it has rank S but for the way through the norm, and its factors are S + 1 numbers a row.
// FLOPs: 2 S W forward, 4 S W backward. At D = 1610 and H = 200, autoregressive: W = 480,588, 1.9 MB. From four samples on it is bound by
// arithmetic: rows and samples are taken in groups.
// Rows are cut into parts of about equal weight, whose sums are added in order: the bits do not depend on the number of threads.
#include "cpu/row_products.h"

namespace bhn::BHN_ISA {
namespace {

constexpr int64_t kParts = BHN_MADE_PARTS;
constexpr int64_t kBlock = 64;  // rows whose norms, factors and outputs are computed side by side
constexpr float kLeastNorm = 1e-12f;
constexpr float kMostNorm = 1e15f;

double wide_norm(const float* u, int64_t n) {
  double squares = 0;
  for (int64_t i = 0; i < n; ++i) {
    squares += double(u[i]) * u[i];
  }
  return __builtin_sqrt(squares);
}

// 1/|u| from the sum of its squares, whose range is that of float.
float inverse_norm(const float* u, int64_t n, float squares) {
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
      int64_t end = from + kBlock < to ? from + kBlock : to;
      float squares[kBlock];
      products(from, end, squares);
      norms(from, end, squares);
      for (int64_t s = 0; s < at.s.samples; ++s) {
        outputs(from, end, t + s * at.rows, y + s * ld_y - first);
      }
    }
  }

 private:
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
    float least = relu ? 0.0f : -__builtin_inff();
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
double wide_gradient_norm(const float* a, int64_t ld_a, const float* x, int64_t ld_x, float c, const float* u, int64_t samples, int64_t n) {
  double squares = 0;
  float g[kBlock];
  for (int64_t i = 0; i < n; i += kBlock) {
    int64_t width = n - i < kBlock ? n - i : kBlock;
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
      int64_t end = from + kBlock < to ? from + kBlock : to;
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

 private:
  void factors(int64_t from, int64_t to) const {
    bool norm = at.s.weight_norm;
    const float* gains = params + at.gain(0);
    float along[kBlock];  // of d_y t
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
    // d r = g along, and d u gets -d r r^3 u. The cube of r may leave the range of float where the product does not.
#pragma omp simd
    for (int64_t row = from; row < to; ++row) {
      float part = along[row - from];
      out.c[row] = norm ? float(-double(gains[row]) * part * r[row] * r[row] * r[row]) : 0.0f;
      out.d_g[row] = norm ? part * r[row] : 0.0f;
    }
  }

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
#pragma omp parallel if (worth_threads(s)) num_threads(threads)
  {
#pragma omp for schedule(dynamic)
    for (int64_t c = 0; c < kParts; ++c) {
      hidden.forward(at.part(0, s.hidden, c, kParts), at.part(0, s.hidden, c + 1, kParts));
    }
#pragma omp for schedule(dynamic)
    for (int64_t c = 0; c < kParts; ++c) {
      output.forward(at.part(s.hidden, at.rows, c, kParts), at.part(s.hidden, at.rows, c + 1, kParts));
    }
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
#pragma omp for schedule(dynamic)
    for (int64_t c = 0; c < kParts; ++c) {
      float* d_x = work + c * s.samples * s.hidden;
      for (int64_t i = 0; i < s.samples * s.hidden; ++i) {
        d_x[i] = 0.0f;
      }
      output.backward(at.part(s.hidden, at.rows, c, kParts), at.part(s.hidden, at.rows, c + 1, kParts), d_x, s.hidden);
    }
#pragma omp for schedule(static)
    for (int64_t i = 0; i < s.samples * s.hidden; ++i) {
      float sum = 0;
      for (int64_t c = 0; c < kParts; ++c) {
        sum += work[c * s.samples * s.hidden + i];
      }
      d_h[i] = h[i] > 0.0f ? sum : 0.0f;
    }
#pragma omp for schedule(dynamic)
    for (int64_t c = 0; c < kParts; ++c) {
      float* d_x = d_z == nullptr ? nullptr : work + c * s.samples * s.inputs;
      for (int64_t i = 0; d_x != nullptr && i < s.samples * s.inputs; ++i) {
        d_x[i] = 0.0f;
      }
      hidden.backward(at.part(0, s.hidden, c, kParts), at.part(0, s.hidden, c + 1, kParts), d_x, s.inputs);
    }
    if (d_z != nullptr) {
      for (int64_t sample = 0; sample < s.samples; ++sample) {
        const float* part = work + sample * s.inputs;
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
  }
}

void made_grad(int threads, float* d_params, const float* factors, const float* z, const float* h, const float* params,
               const MadeShape& s) {
  MadeRows at(s);
  MadeFactors<const float> in(factors, s.samples, at.rows);
#pragma omp parallel for if (worth_threads(s)) num_threads(threads) schedule(static)
  for (int64_t c = 0; c < kParts; ++c) {
    int64_t end = at.part(0, at.rows, c + 1, kParts);
    for (int64_t row = at.part(0, at.rows, c, kParts); row < end; ++row) {
      const float* x = row < s.hidden ? z : h;
      int64_t ld = row < s.hidden ? s.ld_z : s.hidden;
      float* d = d_params + at.start(row);
      RowGradient gradient(in.a + row, at.rows, x, ld, in.c[row], params + at.start(row), s.samples);
      vectors(0, at.length(row), [&](int64_t i, const auto& part) BHN_LAMBDA { part.put(d + i, part.get(d + i) + gradient(i, part)); });
      if (s.weight_norm) {
        d_params[at.gain(row)] += in.d_g[row];
      }
      d_params[at.bias(row)] += in.d_b[row];
    }
  }
}

}  // namespace bhn::BHN_ISA
