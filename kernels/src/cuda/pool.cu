// The largest of each window, channels last, and its gradient, with the maximum searched again.
// A thread owns an element of y in the forward and one of x in the backward, which adds up the windows that it is in: no atomics,
// and a fixed order. Bytes, for windows that do not overlap: 4 an element of x and 4 of y; backward 12 of x, 4 of y, and the window
// from the caches. Bound by memory.
#include "cuda/launch.h"

namespace bhn::cuda {
namespace {

constexpr int kThreads = 256;

// Windows along an axis.
__host__ __device__ inline int64_t windows(int64_t size, const PoolShape& s) { return (size - s.window) / s.stride + 1; }

// Where, from the window's first element, its first maximum is; a NaN is one.
__device__ __forceinline__ int64_t maximum(const float* x, const PoolShape& s) {
  float best = x[0];
  int64_t place = 0;
  for (int64_t p = 0; p < s.window; ++p) {
    for (int64_t q = 0; q < s.window; ++q) {
      int64_t at = (p * s.width + q) * s.channels;
      float value = x[at];
      if (!(value <= best) && best == best) {
        best = value;
        place = at;
      }
    }
  }
  return place;
}

__global__ void __launch_bounds__(kThreads) forward(float* y, const float* x, PoolShape s) {
  int64_t rows = windows(s.height, s);
  int64_t cols = windows(s.width, s);
  for (int64_t o = global_thread(); o < s.batch * rows * cols * s.channels; o += grid_threads()) {
    int64_t c = o % s.channels;
    int64_t j = o / s.channels % cols;
    int64_t row = o / s.channels / cols;
    int64_t first = ((row / rows * s.height + row % rows * s.stride) * s.width + j * s.stride) * s.channels + c;
    y[o] = x[first + maximum(x + first, s)];
  }
}

// The first and the last window that an element of an axis is in.
__device__ __forceinline__ int64_t first_window(int64_t at, const PoolShape& s) {
  return at < s.window ? 0 : (at - s.window) / s.stride + 1;
}
__device__ __forceinline__ int64_t last_window(int64_t at, int64_t size, const PoolShape& s) {
  int64_t last = windows(size, s) - 1;
  return at / s.stride < last ? at / s.stride : last;
}

__global__ void __launch_bounds__(kThreads) backward(float* d_x, const float* d_y, const float* x, PoolShape s) {
  int64_t rows = windows(s.height, s);
  int64_t cols = windows(s.width, s);
  for (int64_t e = global_thread(); e < s.batch * s.height * s.width * s.channels; e += grid_threads()) {
    int64_t c = e % s.channels;
    int64_t column = e / s.channels % s.width;
    int64_t row = e / s.channels / s.width % s.height;
    int64_t b = e / s.channels / s.width / s.height;
    float sum = 0.0f;
    for (int64_t i = first_window(row, s); i <= last_window(row, s.height, s); ++i) {
      for (int64_t j = first_window(column, s); j <= last_window(column, s.width, s); ++j) {
        int64_t first = ((b * s.height + i * s.stride) * s.width + j * s.stride) * s.channels + c;
        if (first + maximum(x + first, s) == e) {
          sum += d_y[((b * rows + i) * cols + j) * s.channels + c];
        }
      }
    }
    d_x[e] += sum;
  }
}

}  // namespace

int pool_fwd(const Queue& q, float* y, const float* x, const PoolShape& s) {
  int64_t elements = s.batch * windows(s.height, s) * windows(s.width, s) * s.channels;
  return BHN_LAUNCH(forward, blocks_for(q, elements, kThreads), kThreads, 0, q, y, x, s);
}

int pool_bwd(const Queue& q, float* d_x, const float* d_y, const float* x, const PoolShape& s) {
  return BHN_LAUNCH(backward, blocks_for(q, s.batch * s.height * s.width * s.channels, kThreads), kThreads, 0, q, d_x, d_y, x, s);
}

}  // namespace bhn::cuda
