// Adam with clipping over many tensors: one pass for the global norm, one for the update.
// Bytes a parameter: 4 (norm) + 28 (update: read g, theta, m, v; write theta, m, v). About 12 FLOPs, a square root
// and a division. Bound by memory. Work is cut into fixed chunks over the concatenation of all tensors.
// A conditioner's gradient is formed here from its factors: no bytes for the norm, 24 for the update, 2 S + 2 FLOPs more. Its rows are
// short and of any length, so their gradients go into blocks for a loop that does not see rows.
#include "cpu/row_products.h"

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

// n entries of a tensor.
BHN_INLINE void update(float* __restrict__ theta, float* __restrict__ m, float* __restrict__ v, const float* __restrict__ gradient,
                       int64_t n, const AdamNumbers& numbers) {
  AdamNumbers k = numbers;
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    float d = gradient[i] * k.scale;
    d = d > k.clip ? k.clip : d;
    d = d < -k.clip ? -k.clip : d;
    float mean = k.beta1 * m[i] + k.one_minus_beta1 * d;
    float square = k.beta2 * v[i] + k.one_minus_beta2 * d * d;
    m[i] = mean;
    v[i] = square;
    theta[i] -= k.step_size * mean / (__builtin_sqrtf(square) + k.epsilon);
  }
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
#pragma omp parallel for if (total >= kParallel) num_threads(threads) schedule(static)
  for (int64_t c = 0; c < chunks; ++c) {
    pieces(grad, sizes, tensors, c * length, (c + 1) * length, [&](int64_t tensor, int64_t begin, int64_t end) {
      update(theta[tensor] + begin, m[tensor] + begin, v[tensor] + begin, grad[tensor] + begin, end - begin, numbers);
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
  constexpr int64_t kParts = BHN_MADE_PARTS;
  constexpr int64_t kBlock = 512;
  const MadeShape& s = made.shape;
  MadeRows at(s);
  MadeFactors<const float> in(made.factors, s.samples, at.rows);
#pragma omp parallel for if (s.samples * s.weights >= kParallel) num_threads(threads) schedule(static)
  for (int64_t c = 0; c < kParts; ++c) {
    float g[kBlock + kLanes];
    int64_t first_row = at.part(0, at.rows, c, kParts), end_row = at.part(0, at.rows, c + 1, kParts);
    int64_t end = at.start(end_row);
    int64_t row = first_row;
    for (int64_t first = at.start(first_row); first < end; first += kBlock) {
      int64_t width = end - first < kBlock ? end - first : kBlock;
      for (int64_t done = 0; done < width;) {
        while (at.start(row + 1) <= first + done) {
          ++row;
        }
        int64_t i = first + done - at.start(row);
        int64_t n = at.length(row) - i < width - done ? at.length(row) - i : width - done;
        bool hidden = row < s.hidden;
        gradient_entries(g + done, in.a + row, at.rows, (hidden ? made.z : made.h) + i, hidden ? s.ld_z : s.hidden, in.c[row],
                         theta + first + done, s.samples, n);
        done += n;
      }
      update(theta + first, m + first, v + first, g, width, numbers);
    }
    int64_t gain = at.gain(first_row), bias = at.bias(first_row);
    update(theta + gain, m + gain, v + gain, in.d_g + first_row, end_row - first_row, numbers);
    update(theta + bias, m + bias, v + bias, in.d_b + first_row, end_row - first_row, numbers);
  }
}

}  // namespace bhn::BHN_ISA
