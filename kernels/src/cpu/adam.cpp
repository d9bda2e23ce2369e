// Adam with clipping over many tensors: one pass for the global norm, one for the update.
// Bytes a parameter: 4 (norm) + 28 (update: read g, theta, m, v; write theta, m, v). About 12 FLOPs, a square root
// and a division. Bound by memory. Work is cut into fixed chunks over the concatenation of all tensors.
// A conditioner's gradient is formed here from its factors: no bytes for the norm, 24 for the update, 2 S + 2 FLOPs more.
#include "cpu/made_gradients.h"

namespace bhn::BHN_ISA {
namespace {

constexpr int64_t kMostChunks = 4096;
constexpr int64_t kParts = BHN_MADE_PARTS;

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

// Several sums, since one would wait for each of its additions.
BHN_INLINE double squares(const float* g, int64_t n) {
  constexpr int64_t kSums = 32;
  double sums[kSums] = {};
  int64_t whole = n / kSums * kSums;
  for (int64_t i = 0; i < whole; i += kSums) {
#pragma omp simd
    for (int64_t k = 0; k < kSums; ++k) {
      sums[k] += double(g[i + k]) * double(g[i + k]);
    }
  }
  for (int64_t i = whole; i < n; ++i) {
    sums[i - whole] += double(g[i]) * double(g[i]);
  }
  double sum = 0;
  for (double part : sums) {
    sum += part;
  }
  return sum;
}

// While this lives, what this thread computes or reads below the smallest normal number is zero. The moments of a weight that has no more
// gradient decay through that range for hundreds of steps, where processors are many times slower (lab/README.md).
class OnlyNormalNumbers {
 public:
  OnlyNormalNumbers() { set(before_ | kFlushToZero); }
  ~OnlyNormalNumbers() { set(before_); }
  OnlyNormalNumbers(const OnlyNormalNumbers&) = delete;
  OnlyNormalNumbers& operator=(const OnlyNormalNumbers&) = delete;

 private:
#if defined(__aarch64__)
  static constexpr unsigned kFlushToZero = 1u << 24;
  static BHN_INLINE_MEMBER void set(unsigned control) { __builtin_aarch64_set_fpcr(control); }
  unsigned before_ = __builtin_aarch64_get_fpcr();
#else
  static constexpr unsigned kFlushToZero = 0x8000 | 0x40;  // of results, and of what is read
  static BHN_INLINE_MEMBER void set(unsigned control) { _mm_setcsr(control); }
  unsigned before_ = _mm_getcsr();
#endif
};

template <class Part>
BHN_INLINE void update_lanes(float* theta, float* m, float* v, Lanes gradient, const AdamNumbers& k, const Part& part) {
  Lanes d = gradient * k.scale;
  d = d > k.clip ? splat(k.clip) : d;
  d = d < -k.clip ? splat(-k.clip) : d;
  Lanes mean = k.beta1 * part.get(m) + k.one_minus_beta1 * d;
  Lanes square = k.beta2 * part.get(v) + k.one_minus_beta2 * d * d;
  part.put(m, mean);
  part.put(v, square);
  part.put(theta, part.get(theta) - k.step_size * mean / (root(square) + k.epsilon));
}

// n entries of a tensor.
template <class Gradient>
BHN_INLINE void update(float* theta, float* m, float* v, int64_t n, const Gradient& gradient, const AdamNumbers& numbers) {
  constexpr int64_t kVectors = 4;
  AdamNumbers k = numbers;
  int64_t i = 0;
  for (; i + kVectors * kLanes <= n; i += kVectors * kLanes) {
    Lanes g[kVectors];
    gradient.fill(g, i, Whole());
    BHN_UNROLL for (int64_t j = 0; j < kVectors; ++j) {
      int64_t at = i + j * kLanes;
      update_lanes(theta + at, m + at, v + at, g[j], k, Whole());
    }
  }
  vectors(i, n, [&](int64_t at, const auto& part) BHN_LAMBDA {
    Lanes g[1];
    gradient.fill(g, at, part);
    update_lanes(theta + at, m + at, v + at, g[0], k, part);
  });
}

int64_t rows_of(const bhn_made_gradient& made) { return made.hidden + 2 * made.outputs; }

MadeFactors<const float> factors_of(const bhn_made_gradient& made) { return {made.factors, made.samples, rows_of(made)}; }

double made_squares(const bhn_made_gradient& made) {
  MadeFactors<const float> in = factors_of(made);
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t row = 0; row < rows_of(made); ++row) {
    sum += double(in.norm[row]) * in.norm[row] + double(in.d_g[row]) * in.d_g[row] + double(in.d_b[row]) * in.d_b[row];
  }
  return sum;
}

// Part c of a conditioner's parameters.
void update_part(float* theta, float* m, float* v, const bhn_made_gradient& made, int64_t c, const AdamNumbers& numbers) {
  MadeShape shape = shape_of(made);
  MadeRows at(shape);
  MadeFactors<const float> in = factors_of(made);
  int64_t first = at.part(0, at.rows, c, kParts), end = at.part(0, at.rows, c + 1, kParts);
  made_gradients(in, made.z, made.h, theta, at, first, end,
                 [&](int64_t i, int64_t n, const auto& gradient) BHN_LAMBDA { update(theta + i, m + i, v + i, n, gradient, numbers); });
  int64_t gain = at.gain(first), bias = at.bias(first);
  update(theta + gain, m + gain, v + gain, end - first, WrittenGradient{in.d_g + first}, numbers);
  update(theta + bias, m + bias, v + bias, end - first, WrittenGradient{in.d_b + first}, numbers);
}

int64_t made_weights(const bhn_made_gradient* made, int64_t mades) {
  int64_t sum = 0;
  for (int64_t i = 0; i < mades; ++i) {
    sum += made[i].weights;
  }
  return sum;
}

}  // namespace

double adam_squares(int threads, const float* const* grad, const int64_t* sizes, int64_t tensors, const bhn_made_gradient* made,
                    int64_t mades, double* partials) {
  int64_t total = total_size(grad, sizes, tensors);
  int64_t length = chunk_length(total);
  int64_t chunks = (total + length - 1) / length;
#pragma omp parallel for if (total >= kParallel) num_threads(threads) schedule(static)
  for (int64_t c = 0; c < chunks; ++c) {
    double part = 0;
    pieces(grad, sizes, tensors, c * length, (c + 1) * length,
           [&](int64_t tensor, int64_t begin, int64_t end) { part += squares(grad[tensor] + begin, end - begin); });
    partials[c] = part;
  }
  double sum = 0;
  for (int64_t c = 0; c < chunks; ++c) {
    sum += partials[c];
  }
  for (int64_t i = 0; i < mades; ++i) {
    sum += made_squares(made[i]);
  }
  return sum;
}

// Threads take chunks as they come: what they do to an element depends on nothing else.
void adam_update(int threads, float* const* theta, float* const* m, float* const* v, const float* const* grad, const int64_t* sizes,
                 int64_t tensors, const bhn_made_gradient* made, int64_t mades, const AdamNumbers& numbers) {
  int64_t total = total_size(grad, sizes, tensors);
  int64_t length = chunk_length(total);
  int64_t chunks = (total + length - 1) / length;
#pragma omp parallel if (total + made_weights(made, mades) >= kParallel) num_threads(threads)
  {
    OnlyNormalNumbers here;
#pragma omp for schedule(dynamic) nowait
    for (int64_t c = 0; c < chunks; ++c) {
      pieces(grad, sizes, tensors, c * length, (c + 1) * length, [&](int64_t tensor, int64_t begin, int64_t end) {
        update(theta[tensor] + begin, m[tensor] + begin, v[tensor] + begin, end - begin, WrittenGradient{grad[tensor] + begin}, numbers);
      });
    }
#pragma omp for schedule(dynamic) nowait
    for (int64_t k = 0; k < mades * kParts; ++k) {
      const bhn_made_gradient& one = made[k / kParts];
      update_part(theta[one.tensor], m[one.tensor], v[one.tensor], one, k % kParts, numbers);
    }
  }
}

}  // namespace bhn::BHN_ISA
