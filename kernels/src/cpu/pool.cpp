// The largest of each window, channels last, and its gradient, with the maximum searched again.
// Bytes, for windows that do not overlap: forward 4 an element of x and 4 of y; backward 12 of x and 4 of y. One comparison an
// element. Bound by memory. The backward gives each thread whole channels of an image, so that sums of overlapping windows
// have a fixed order.
#include "cpu/kernels.h"
#include "cpu/vecmath.h"

namespace bhn::BHN_ISA {
namespace {

// Channels whose maxima are held on the stack.
constexpr int64_t kBlock = 64;

// Whether a replaces the largest so far: a NaN does, and is not replaced.
BHN_INLINE bool larger(float a, float b) { return !(a <= b) & (b == b); }

// Windows along an axis.
BHN_INLINE int64_t windows(int64_t size, const PoolShape& s) { return (size - s.window) / s.stride + 1; }

// The gradient of channels c0 .. c0 + count - 1 of one image.
void backward_block(float* d_x, const float* d_y, const float* x, int64_t c0, int64_t count, const PoolShape& s) {
  int64_t rows = windows(s.height, s);
  int64_t cols = windows(s.width, s);
  float best[kBlock];
  int32_t place[kBlock];
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) {
      int64_t first = (i * s.stride * s.width + j * s.stride) * s.channels + c0;
      for (int64_t c = 0; c < count; ++c) {
        best[c] = x[first + c];
        place[c] = 0;
      }
      for (int64_t p = 0; p < s.window; ++p) {
        for (int64_t q = 0; q < s.window; ++q) {
          const float* in = x + first + (p * s.width + q) * s.channels;
          auto here = int32_t(p * s.window + q);
#pragma omp simd
          for (int64_t c = 0; c < count; ++c) {
            bool take = larger(in[c], best[c]);
            place[c] = take ? here : place[c];
            best[c] = take ? in[c] : best[c];
          }
        }
      }
      const float* up = d_y + (i * cols + j) * s.channels + c0;
      for (int64_t p = 0; p < s.window; ++p) {
        for (int64_t q = 0; q < s.window; ++q) {
          float* to = d_x + first + (p * s.width + q) * s.channels;
          auto here = int32_t(p * s.window + q);
#pragma omp simd
          for (int64_t c = 0; c < count; ++c) {
            to[c] += place[c] == here ? up[c] : 0.0f;
          }
        }
      }
    }
  }
}

}  // namespace

void pool_fwd(int threads, float* y, const float* x, const PoolShape& s) {
  int64_t rows = windows(s.height, s);
  int64_t cols = windows(s.width, s);
#pragma omp parallel for if (s.batch * s.height * s.width * s.channels >= kParallel) num_threads(threads) schedule(static)
  for (int64_t row = 0; row < s.batch * rows; ++row) {
    int64_t b = row / rows;
    int64_t i = row - b * rows;
    for (int64_t j = 0; j < cols; ++j) {
      float* out = y + (row * cols + j) * s.channels;
      const float* first = x + ((b * s.height + i * s.stride) * s.width + j * s.stride) * s.channels;
      for (int64_t c = 0; c < s.channels; ++c) {
        out[c] = first[c];
      }
      for (int64_t p = 0; p < s.window; ++p) {
        for (int64_t q = 0; q < s.window; ++q) {
          const float* in = first + (p * s.width + q) * s.channels;
#pragma omp simd
          for (int64_t c = 0; c < s.channels; ++c) {
            out[c] = larger(in[c], out[c]) ? in[c] : out[c];
          }
        }
      }
    }
  }
}

void pool_bwd(int threads, float* d_x, const float* d_y, const float* x, const PoolShape& s) {
  int64_t blocks = (s.channels + kBlock - 1) / kBlock;
  int64_t in = s.height * s.width * s.channels;
  int64_t out = windows(s.height, s) * windows(s.width, s) * s.channels;
#pragma omp parallel for if (s.batch * in >= kParallel) num_threads(threads) schedule(static)
  for (int64_t task = 0; task < s.batch * blocks; ++task) {
    int64_t b = task / blocks;
    int64_t c0 = (task - b * blocks) * kBlock;
    int64_t count = s.channels - c0 < kBlock ? s.channels - c0 : kBlock;
    backward_block(d_x + b * in, d_y + b * out, x + b * in, c0, count, s);
  }
}

}  // namespace bhn::BHN_ISA
