// A flow's conditioner: h = relu((z W1^T) g1 r1 + b1), heads = (h W2^T) g2 r2 + b2, W = mask * U, r = 1/|W_row|.
//
// Few samples make this bound by memory. Bytes with P = H I + 2 O H weights: forward 4 P (every weight is read once:
// its product and its row's norm come from the same pass); backward 12 P for the gradient (read weight, read and
// write gradient) and 4 H I for d_z. FLOPs: 2 S P forward, 4 S P backward. At I = O = 1610, H = 200: 3.9 MB and
// 11.6 MB. Masks come from degrees, which stay in the first-level cache. Every row belongs to one thread, and sums
// over rows are added in fixed chunks, so the bits do not depend on the number of threads.
#include "cpu/kernels.h"
#include "cpu/vecmath.h"

namespace bhn::BHN_ISA {
namespace {

// Offsets in a parameter block.
struct Layout {
  int64_t u2, g1, g2, b1, b2;
  explicit Layout(const MadeShape& s) {
    u2 = s.hidden * s.inputs;
    g1 = u2 + 2 * s.outputs * s.hidden;
    g2 = g1 + s.hidden;
    b1 = g2 + 2 * s.outputs;
    b2 = b1 + s.hidden;
  }
};

// Which entries of a row live: those whose column degree is at most high.
struct Mask {
  const int32_t* column;  // NULL: all live
  int32_t high;
};

Mask hidden_mask(const MadeShape& s, int64_t h) { return {s.in_degree, s.in_degree == nullptr ? 0 : s.hidden_degree[h]}; }

Mask head_mask(const MadeShape& s, int64_t j) {
  int64_t o = j < s.outputs ? j : j - s.outputs;
  return {s.hidden_degree, s.hidden_degree == nullptr ? 0 : s.out_degree[o]};
}

BHN_INLINE float live(const Mask& mask, const float* u, int64_t i) { return mask.column[i] <= mask.high ? u[i] : 0.0f; }

// Sum over the live entries of u x, and of u^2.
float dot(const Mask& mask, const float* u, const float* x, int64_t n) {
  float sum = 0;
  if (mask.column == nullptr) {
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; ++i) {
      sum += u[i] * x[i];
    }
  } else {
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; ++i) {
      sum += live(mask, u, i) * x[i];
    }
  }
  return sum;
}

float dot_and_squares(const Mask& mask, const float* u, const float* x, int64_t n, float* squares) {
  float sum = 0;
  float square = 0;
  if (mask.column == nullptr) {
#pragma omp simd reduction(+ : sum, square)
    for (int64_t i = 0; i < n; ++i) {
      sum += u[i] * x[i];
      square += u[i] * u[i];
    }
  } else {
#pragma omp simd reduction(+ : sum, square)
    for (int64_t i = 0; i < n; ++i) {
      float w = live(mask, u, i);
      sum += w * x[i];
      square += w * w;
    }
  }
  *squares = square;
  return sum;
}

// y += a W_row over the live entries.
void add_row(const Mask& mask, float* y, float a, const float* u, int64_t n) {
  if (mask.column == nullptr) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
      y[i] += a * u[i];
    }
  } else {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
      y[i] += a * live(mask, u, i);
    }
  }
}

// d += a x + c u, over the live entries of d.
void add_gradient(const Mask& mask, float* d, float a, const float* x, float c, const float* u, int64_t n) {
  if (mask.column == nullptr) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
      d[i] += a * x[i] + c * u[i];
    }
  } else {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
      d[i] += mask.column[i] <= mask.high ? a * x[i] + c * u[i] : 0.0f;
    }
  }
}

// 1/|W_row| from the sum of its squares.
float inverse_norm(const Mask& mask, const float* u, int64_t n, float squares) {
  float norm = __builtin_sqrtf(squares);
  if (norm < 1e-15f || norm > 1e15f) {
    // Squares of such rows leave the range of float.
    double wide = 0;
    for (int64_t i = 0; i < n; ++i) {
      double w = mask.column == nullptr ? u[i] : live(mask, u, i);
      wide += w * w;
    }
    norm = float(__builtin_sqrt(wide));
  }
  return norm == 0.0f ? 0.0f : 1.0f / (norm < 1e-12f ? 1e-12f : norm);
}

// One unit for all samples: out[s * ld_out] = (x_s W_row) g r + b. The row's norm comes from the first sample's pass.
void unit_forward(const Mask& mask, const float* u, const float* x, int64_t ld_x, int64_t n, int64_t samples, float g, float b,
                  bool weight_norm, float* r, float* out, int64_t ld_out, bool relu) {
  float first = 0.0f;
  *r = 1.0f;
  if (weight_norm) {
    float squares;
    first = dot_and_squares(mask, u, samples > 0 ? x : u, n, &squares);
    *r = inverse_norm(mask, u, n, squares);
  }
  for (int64_t s = 0; s < samples; ++s) {
    float t = s == 0 && weight_norm ? first : dot(mask, u, x + s * ld_x, n);
    float y = weight_norm ? t * (g * *r) + b : t + b;
    out[s * ld_out] = relu && y < 0.0f ? 0.0f : y;
  }
}

// Gradients of one unit: d_pre is that of its pre-activation. Returns nothing; d_t = d_pre g r is left in d_pre.
struct UnitGradient {
  float *d_u, *d_g, *d_b;
};

void unit_backward(const Mask& mask, const float* u, const float* x, int64_t ld_x, int64_t n, int64_t samples, float g, float r,
                   bool weight_norm, float* d_pre, int64_t ld_pre, const UnitGradient& out) {
  float scale = weight_norm ? g * r : 1.0f;
  float d_b = 0;
  float sum = 0;  // of d_pre t
  for (int64_t s = 0; s < samples; ++s) {
    float d = d_pre[s * ld_pre];
    d_b += d;
    if (out.d_u != nullptr && weight_norm) {
      sum += d * dot(mask, u, x + s * ld_x, n);
    }
    d_pre[s * ld_pre] = d * scale;
  }
  if (out.d_u == nullptr) {
    return;
  }
  // Through the norm: d r = g sum, and d u gets -d r r^3 u. The cube of r may leave the range of float where the product does not.
  float through_norm = weight_norm ? float(-double(g) * sum * r * r * r) : 0.0f;
  for (int64_t s = 0; s < samples; ++s) {
    add_gradient(mask, out.d_u, d_pre[s * ld_pre], x + s * ld_x, s == 0 ? through_norm : 0.0f, u, n);
  }
  *out.d_b += d_b;
  if (weight_norm) {
    *out.d_g += sum * r;
  }
}

bool worth_threads(const MadeShape& s) { return s.samples * s.hidden * (s.inputs + 2 * s.outputs) >= kParallel; }

}  // namespace

void made_fwd(int threads, float* heads, float* h, float* r, const float* z, const float* params, const MadeShape& s) {
  Layout at(s);
  int64_t units = 2 * s.outputs;
#pragma omp parallel if (worth_threads(s)) num_threads(threads)
  {
#pragma omp for schedule(static)
    for (int64_t i = 0; i < s.hidden; ++i) {
      unit_forward(hidden_mask(s, i), params + i * s.inputs, z, s.ld_z, s.inputs, s.samples, params[at.g1 + i], params[at.b1 + i],
                   s.weight_norm, r + i, h + i, s.hidden, true);
    }
#pragma omp for schedule(static)
    for (int64_t j = 0; j < units; ++j) {
      unit_forward(head_mask(s, j), params + at.u2 + j * s.hidden, h, s.hidden, s.hidden, s.samples, params[at.g2 + j], params[at.b2 + j],
                   s.weight_norm, r + s.hidden + j, heads + j, units, false);
    }
  }
}

void made_bwd(int threads, float* d_z, float* d_params, float* work, const float* d_heads, const float* z, const float* h, const float* r,
              const float* params, const MadeShape& s) {
  Layout at(s);
  int64_t units = 2 * s.outputs;
  // work: d_heads times g r [S, 2 O], then the hidden units' gradients [S, H].
  float* d_t2 = work;
  float* d_h = work + s.samples * units;
  constexpr int64_t kColumns = 64;
  int64_t hidden_blocks = (s.hidden + kColumns - 1) / kColumns;
  int64_t input_blocks = (s.inputs + kColumns - 1) / kColumns;
#pragma omp parallel if (worth_threads(s)) num_threads(threads)
  {
#pragma omp for schedule(static)
    for (int64_t j = 0; j < units; ++j) {
      for (int64_t i = 0; i < s.samples; ++i) {
        d_t2[i * units + j] = d_heads[i * units + j];
      }
      UnitGradient out = {};
      if (d_params != nullptr) {
        out = {d_params + at.u2 + j * s.hidden, d_params + at.g2 + j, d_params + at.b2 + j};
      }
      unit_backward(head_mask(s, j), params + at.u2 + j * s.hidden, h, s.hidden, s.hidden, s.samples, params[at.g2 + j], r[s.hidden + j],
                    s.weight_norm, d_t2 + j, units, out);
    }
#pragma omp for collapse(2) schedule(static)
    for (int64_t i = 0; i < s.samples; ++i) {
      for (int64_t block = 0; block < hidden_blocks; ++block) {
        int64_t from = block * kColumns;
        int64_t width = s.hidden - from < kColumns ? s.hidden - from : kColumns;
        float sum[kColumns] = {};
        for (int64_t j = 0; j < units; ++j) {
          Mask mask = head_mask(s, j);
          mask.column = mask.column == nullptr ? nullptr : mask.column + from;
          add_row(mask, sum, d_t2[i * units + j], params + at.u2 + j * s.hidden + from, width);
        }
        for (int64_t k = 0; k < width; ++k) {
          d_h[i * s.hidden + from + k] = h[i * s.hidden + from + k] > 0.0f ? sum[k] : 0.0f;
        }
      }
    }
#pragma omp for schedule(static)
    for (int64_t i = 0; i < s.hidden; ++i) {
      UnitGradient out = {};
      if (d_params != nullptr) {
        out = {d_params + i * s.inputs, d_params + at.g1 + i, d_params + at.b1 + i};
      }
      unit_backward(hidden_mask(s, i), params + i * s.inputs, z, s.ld_z, s.inputs, s.samples, params[at.g1 + i], r[i], s.weight_norm,
                    d_h + i, s.hidden, out);
    }
    if (d_z != nullptr) {
#pragma omp for collapse(2) schedule(static)
      for (int64_t i = 0; i < s.samples; ++i) {
        for (int64_t block = 0; block < input_blocks; ++block) {
          int64_t from = block * kColumns;
          int64_t width = s.inputs - from < kColumns ? s.inputs - from : kColumns;
          float sum[kColumns] = {};
          for (int64_t k = 0; k < s.hidden; ++k) {
            Mask mask = hidden_mask(s, k);
            mask.column = mask.column == nullptr ? nullptr : mask.column + from;
            add_row(mask, sum, d_h[i * s.hidden + k], params + k * s.inputs + from, width);
          }
          for (int64_t k = 0; k < width; ++k) {
            d_z[i * s.ld_z + from + k] += sum[k];
          }
        }
      }
    }
  }
}

void made_mask(int threads, float* u, const int32_t* row_degree, const int32_t* col_degree, int64_t rows, int64_t cols, int64_t ld_u,
               int64_t degree_rows) {
#pragma omp parallel for if (rows * cols >= kParallel) num_threads(threads) schedule(static)
  for (int64_t j = 0; j < rows; ++j) {
    int32_t degree = row_degree[j % degree_rows];
    for (int64_t i = 0; i < cols; ++i) {
      u[j * ld_u + i] = col_degree[i] <= degree ? u[j * ld_u + i] : 0.0f;
    }
  }
}

}  // namespace bhn::BHN_ISA
