// Adam with clipping over many tensors: one pass for the global norm, one for the update.
// Bytes a parameter: 4 (norm) + 28 (update: read g, theta, m, v; write theta, m, v). About 12 FLOPs, a square root
// and a division. Bound by memory. Work is cut into fixed chunks over the concatenation of all tensors.
// A conditioner's gradient is formed here from its factors: no bytes for the norm, 24 for the update, 2 S + 2 FLOPs more.
#include "cpu/made_rows.h"

namespace bhn::BHN_ISA {
namespace {

constexpr int64_t kMostChunks = 4096;

// A tensor without a gradient array is a conditioner's.
int64_t plain(const float* const* grad, const int64_t* sizes, int64_t i) { return grad[i] == nullptr ? 0 : sizes[i]; }

int64_t total_size(const float* const* grad, const int64_t* sizes, int64_t tensors) {
  int64_t total = 0;
  for (int64_t i = 0; i < tensors; ++i) {
    total += plain(grad, sizes, i);
  }
  return total;
}

int64_t chunk_length(int64_t total) {
  int64_t length = (total + kMostChunks - 1) / kMostChunks;
  return length < 8192 ? 8192 : length;
}

// Calls piece(tensor, begin, end) for the parts of tensors that lie in [from, to) of the concatenation.
template <class Piece>
void pieces(const float* const* grad, const int64_t* sizes, int64_t tensors, int64_t from, int64_t to, const Piece& piece) {
  int64_t start = 0;
  for (int64_t i = 0; i < tensors && start < to; ++i) {
    int64_t size = plain(grad, sizes, i);
    int64_t begin = from > start ? from - start : 0;
    int64_t end = to - start < size ? to - start : size;
    if (begin < end) {
      piece(i, begin, end);
    }
    start += size;
  }
}

BHN_INLINE void element(float* theta, float* m, float* v, float gradient, const AdamNumbers& k) {
  float d = gradient * k.scale;
  d = d > k.clip ? k.clip : d;
  d = d < -k.clip ? -k.clip : d;
  float a = k.beta1 * *m + k.one_minus_beta1 * d;
  float b = k.beta2 * *v + k.one_minus_beta2 * d * d;
  *m = a;
  *v = b;
  *theta -= k.step_size * a / (__builtin_sqrtf(b) + k.epsilon);
}

}  // namespace

double adam_squares(int threads, const float* const* grad, const int64_t* sizes, int64_t tensors, double* partials) {
  int64_t total = total_size(grad, sizes, tensors);
  int64_t length = chunk_length(total);
  int64_t chunks = (total + length - 1) / length;
#pragma omp parallel for if (total >= kParallel) num_threads(threads) schedule(static)
  for (int64_t c = 0; c < chunks; ++c) {
    double part = 0;
    pieces(grad, sizes, tensors, c * length, (c + 1) * length, [&](int64_t tensor, int64_t begin, int64_t end) {
      const float* g = grad[tensor];
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t i = begin; i < end; ++i) {
        sum += double(g[i]) * double(g[i]);
      }
      part += sum;
    });
    partials[c] = part;
  }
  double sum = 0;
  for (int64_t c = 0; c < chunks; ++c) {
    sum += partials[c];
  }
  return sum;
}

void adam_update(int threads, float* const* theta, float* const* m, float* const* v, const float* const* grad, const int64_t* sizes,
                 int64_t tensors, const AdamNumbers& numbers) {
  int64_t total = total_size(grad, sizes, tensors);
  int64_t length = chunk_length(total);
  int64_t chunks = (total + length - 1) / length;
  AdamNumbers k = numbers;
#pragma omp parallel for if (total >= kParallel) num_threads(threads) schedule(static)
  for (int64_t c = 0; c < chunks; ++c) {
    pieces(grad, sizes, tensors, c * length, (c + 1) * length, [&](int64_t tensor, int64_t begin, int64_t end) {
      float* __restrict__ t = theta[tensor];
      float* __restrict__ first = m[tensor];
      float* __restrict__ second = v[tensor];
      const float* __restrict__ g = grad[tensor];
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) {
        element(t + i, first + i, second + i, g[i], k);
      }
    });
  }
}

double adam_made_squares(const MadeGradient& made) {
  MadeRows at(made.shape);
  MadeFactors<const float> in(made.factors, made.shape.samples, at.rows);
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t row = 0; row < at.rows; ++row) {
    sum += double(in.norm[row]) * in.norm[row] + double(in.d_g[row]) * in.d_g[row] + double(in.d_b[row]) * in.d_b[row];
  }
  return sum;
}

void adam_made_update(int threads, float* theta, float* m, float* v, const MadeGradient& made, const AdamNumbers& numbers) {
  const MadeShape& s = made.shape;
  MadeRows at(s);
  MadeFactors<const float> in(made.factors, s.samples, at.rows);
  AdamNumbers k = numbers;
  constexpr int64_t kParts = BHN_MADE_PARTS;
#pragma omp parallel for if (s.samples * s.weights >= kParallel) num_threads(threads) schedule(static)
  for (int64_t c = 0; c < kParts; ++c) {
    float g[kGradientBlock];
    int64_t end = at.part(0, at.rows, c + 1, kParts);
    for (int64_t row = at.part(0, at.rows, c, kParts); row < end; ++row) {
      const float* x = row < s.hidden ? made.z : made.h;
      int64_t ld = row < s.hidden ? s.ld_z : s.hidden;
      int64_t n = at.length(row);
      for (int64_t i = 0; i < n; i += kGradientBlock) {
        int64_t width = n - i < kGradientBlock ? n - i : kGradientBlock;
        int64_t first = at.start(row) + i;
        float* __restrict__ t = theta + first;
        float* __restrict__ mean = m + first;
        float* __restrict__ square = v + first;
        gradient_block(g, in.a + row, at.rows, x + i, ld, in.c[row], t, s.samples, width);
#pragma omp simd
        for (int64_t j = 0; j < width; ++j) {
          element(t + j, mean + j, square + j, g[j], k);
        }
      }
      int64_t gain = at.gain(row), bias = at.bias(row);
      element(theta + gain, m + gain, v + gain, in.d_g[row], k);
      element(theta + bias, m + bias, v + bias, in.d_b[row], k);
    }
  }
}

}  // namespace bhn::BHN_ISA
