// Adam with clipping over many tensors: one pass for the global norm, one for the update.
// Bytes a parameter: 4 (norm) + 28 (update: read g, theta, m, v; write theta, m, v). About 12 FLOPs, a square root
// and a division. Bound by memory. Work is cut into fixed chunks over the concatenation of all tensors.
#include "cpu/kernels.h"
#include "cpu/vecmath.h"

namespace bhn::BHN_ISA {
namespace {

constexpr int64_t kMostChunks = 4096;

int64_t total_size(const int64_t* sizes, int64_t tensors) {
  int64_t total = 0;
  for (int64_t i = 0; i < tensors; ++i) {
    total += sizes[i];
  }
  return total;
}

int64_t chunk_length(int64_t total) {
  int64_t length = (total + kMostChunks - 1) / kMostChunks;
  return length < 8192 ? 8192 : length;
}

// Calls piece(tensor, begin, end) for the parts of tensors that lie in [from, to) of the concatenation.
template <class Piece>
void pieces(const int64_t* sizes, int64_t tensors, int64_t from, int64_t to, const Piece& piece) {
  int64_t start = 0;
  for (int64_t i = 0; i < tensors && start < to; ++i) {
    int64_t begin = from > start ? from - start : 0;
    int64_t end = to - start < sizes[i] ? to - start : sizes[i];
    if (begin < end) {
      piece(i, begin, end);
    }
    start += sizes[i];
  }
}

}  // namespace

double adam_squares(int threads, const float* const* grad, const int64_t* sizes, int64_t tensors, double* partials) {
  int64_t total = total_size(sizes, tensors);
  int64_t length = chunk_length(total);
  int64_t chunks = (total + length - 1) / length;
#pragma omp parallel for if (total >= kParallel) num_threads(threads) schedule(static)
  for (int64_t c = 0; c < chunks; ++c) {
    double part = 0;
    pieces(sizes, tensors, c * length, (c + 1) * length, [&](int64_t tensor, int64_t begin, int64_t end) {
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
  int64_t total = total_size(sizes, tensors);
  int64_t length = chunk_length(total);
  int64_t chunks = (total + length - 1) / length;
  AdamNumbers k = numbers;
#pragma omp parallel for if (total >= kParallel) num_threads(threads) schedule(static)
  for (int64_t c = 0; c < chunks; ++c) {
    pieces(sizes, tensors, c * length, (c + 1) * length, [&](int64_t tensor, int64_t begin, int64_t end) {
      float* __restrict__ t = theta[tensor];
      float* __restrict__ first = m[tensor];
      float* __restrict__ second = v[tensor];
      const float* __restrict__ g = grad[tensor];
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) {
        float d = g[i] * k.scale;
        d = d > k.clip ? k.clip : d;
        d = d < -k.clip ? -k.clip : d;
        float a = k.beta1 * first[i] + k.one_minus_beta1 * d;
        float b = k.beta2 * second[i] + k.one_minus_beta2 * d * d;
        first[i] = a;
        second[i] = b;
        t[i] -= k.step_size * a / (__builtin_sqrtf(b) + k.epsilon);
      }
    });
  }
}

}  // namespace bhn::BHN_ISA
