// A flow's conditioner. Row i of U sees the first n_i entries of its x: t = x u, y = t g r + b, r = 1/|u|. The first H rows see z
// and give h = relu(y), the others see h and give the heads.
//
// Few samples make this bound by memory. With W = sum of all n_i: 4 W bytes forward and 4 W backward, since every weight is read
// once: its product and its row's norm come from one pass; its part of the input's gradient and the norm of its own gradient from
// another. The gradient of U is not written: it has rank S but for the way through the norm, and its factors are S + 1 numbers a
// row. FLOPs: 2 S W forward, 4 S W backward. At D = 1610 and H = 200, autoregressive: W = 483,000, 1.9 MB.
// Rows are cut into parts of about equal weight, whose sums are added in order: the bits do not depend on the number of threads.
#include "cpu/made_rows.h"

namespace bhn::BHN_ISA {
namespace {

constexpr int64_t kParts = BHN_MADE_PARTS;

float dot_and_squares(const float* u, const float* x, int64_t n, float* squares) {
  float sum = 0;
  float square = 0;
#pragma omp simd reduction(+ : sum, square)
  for (int64_t i = 0; i < n; ++i) {
    sum += u[i] * x[i];
    square += u[i] * u[i];
  }
  *squares = square;
  return sum;
}

float dot(const float* u, const float* x, int64_t n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) {
    sum += u[i] * x[i];
  }
  return sum;
}

// Four samples for one load of the row.
void dot4(float* out, int64_t ld_out, const float* u, const float* x, int64_t ld, int64_t n) {
  const float *x1 = x + ld, *x2 = x1 + ld, *x3 = x2 + ld;
  float a = 0, b = 0, c = 0, d = 0;
#pragma omp simd reduction(+ : a, b, c, d)
  for (int64_t i = 0; i < n; ++i) {
    a += u[i] * x[i];
    b += u[i] * x1[i];
    c += u[i] * x2[i];
    d += u[i] * x3[i];
  }
  out[0] = a;
  out[ld_out] = b;
  out[2 * ld_out] = c;
  out[3 * ld_out] = d;
}

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
  if (!(norm > 1e-15f && norm < 1e15f)) {
    norm = float(wide_norm(u, n));
  }
  return norm == 0.0f ? 0.0f : 1.0f / (norm < 1e-12f ? 1e-12f : norm);
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
    int64_t samples = at.s.samples;
    for (int64_t row = from; row < to; ++row) {
      const float* u = params + at.start(row);
      int64_t n = at.length(row);
      int64_t s = 0;
      r[row] = 1.0f;
      if (at.s.weight_norm) {
        float squares;
        float product = dot_and_squares(u, samples > 0 ? x : u, n, &squares);
        r[row] = inverse_norm(u, n, squares);
        if (samples > 0) {
          t[row] = product;
          s = 1;
        }
      }
      for (; s + 4 <= samples; s += 4) {
        dot4(t + s * at.rows + row, at.rows, u, x + s * ld_x, ld_x, n);
      }
      for (; s < samples; ++s) {
        t[s * at.rows + row] = dot(u, x + s * ld_x, n);
      }
      float scale = at.s.weight_norm ? params[at.gain(row)] * r[row] : 1.0f;
      float bias = params[at.bias(row)];
      for (s = 0; s < samples; ++s) {
        float value = at.s.weight_norm ? t[s * at.rows + row] * scale + bias : t[s * at.rows + row] + bias;
        y[s * ld_y + row - first] = relu && value < 0.0f ? 0.0f : value;
      }
    }
  }
};

// y += a x for all samples, with the row read once from memory.
void add_row(float* y, int64_t ld_y, const float* a, int64_t ld_a, const float* u, int64_t n, int64_t samples) {
  for (int64_t s = 0; s < samples; ++s) {
    float factor = a[s * ld_a];
    float* out = y + s * ld_y;
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
      out[i] += factor * u[i];
    }
  }
}

float gradient_norm(const float* a, int64_t ld_a, const float* x, int64_t ld_x, float c, const float* u, int64_t samples, int64_t n) {
  float squares = 0;
  double wide = 0;
  float g[kGradientBlock];
  for (int64_t i = 0; i < n; i += kGradientBlock) {
    int64_t width = n - i < kGradientBlock ? n - i : kGradientBlock;
    gradient_block(g, a, ld_a, x + i, ld_x, c, u + i, samples, width);
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t k = 0; k < width; ++k) {
      sum += g[k] * g[k];
    }
    squares += sum;
    if (!(sum > 1e-30f && sum < 1e30f)) {
      double norm = wide_norm(g, width);
      wide += norm * norm;
    } else {
      wide += sum;
    }
  }
  return float(__builtin_sqrt(wide));
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
    int64_t samples = at.s.samples;
    for (int64_t row = from; row < to; ++row) {
      const float* u = params + at.start(row);
      int64_t n = at.length(row);
      float gain = at.s.weight_norm ? params[at.gain(row)] : 1.0f;
      float scale = gain * r[row];
      float sum = 0;
      float along = 0;  // of d_y t
      for (int64_t s = 0; s < samples; ++s) {
        float d = d_y[s * ld_d_y + row - first];
        sum += d;
        along += d * t[s * at.rows + row];
        out.a[s * at.rows + row] = d * scale;
      }
      // d r = g along, and d u gets -d r r^3 u. The cube of r may leave the range of float where the product does not.
      out.c[row] = at.s.weight_norm ? float(-double(gain) * along * r[row] * r[row] * r[row]) : 0.0f;
      out.d_g[row] = at.s.weight_norm ? along * r[row] : 0.0f;
      out.d_b[row] = sum;
      out.norm[row] = gradient_norm(out.a + row, at.rows, x, ld_x, out.c[row], u, samples, n);
      if (d_x != nullptr) {
        add_row(d_x, ld_d_x, out.a + row, at.rows, u, n, samples);
      }
    }
  }
};

bool worth_threads(const MadeShape& s) { return s.samples * s.weights >= kParallel; }

}  // namespace

void made_fwd(int threads, float* heads, float* h, float* t, float* r, const float* z, const float* params, const MadeShape& s) {
  MadeRows at(s);
  Layer hidden = {at, params, z, s.ld_z, t, r, h, s.hidden, 0, true};
  Layer output = {at, params, h, s.hidden, t, r, heads, 2 * s.outputs, s.hidden, false};
#pragma omp parallel if (worth_threads(s)) num_threads(threads)
  {
#pragma omp for schedule(static)
    for (int64_t c = 0; c < kParts; ++c) {
      hidden.forward(at.part(0, s.hidden, c, kParts), at.part(0, s.hidden, c + 1, kParts));
    }
#pragma omp for schedule(static)
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
#pragma omp for schedule(static)
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
#pragma omp for schedule(static)
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
    float g[kGradientBlock];
    int64_t end = at.part(0, at.rows, c + 1, kParts);
    for (int64_t row = at.part(0, at.rows, c, kParts); row < end; ++row) {
      const float* x = row < s.hidden ? z : h;
      int64_t ld = row < s.hidden ? s.ld_z : s.hidden;
      int64_t n = at.length(row);
      for (int64_t i = 0; i < n; i += kGradientBlock) {
        int64_t width = n - i < kGradientBlock ? n - i : kGradientBlock;
        gradient_block(g, in.a + row, at.rows, x + i, ld, in.c[row], params + at.start(row) + i, s.samples, width);
        float* d = d_params + at.start(row) + i;
#pragma omp simd
        for (int64_t k = 0; k < width; ++k) {
          d[k] += g[k];
        }
      }
      if (s.weight_norm) {
        d_params[at.gain(row)] += in.d_g[row];
      }
      d_params[at.bias(row)] += in.d_b[row];
    }
  }
}

}  // namespace bhn::BHN_ISA
