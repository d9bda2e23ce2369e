// Inverted dropout: y = x mask / (1 - rate); the backward draws the mask again.
// A thread owns four neighbouring columns of a row, which share one Philox block. Bytes: 8 an element (12 backward); 10 rounds of two
// multiplications for four elements. Bound by memory. An x shared by all samples is read from memory once and then from L2.
#include "cuda/elements.h"
#include "cuda/random.h"

namespace bhn::cuda {
namespace {

// mask / (1 - rate) for the four columns from 4 block on.
__device__ __forceinline__ Quad mask(const DropoutShape& s, const int64_t* counter, int64_t sample, int64_t b, int64_t block) {
  Stream stream = {counter, s.seed, s.stream};
  auto words = stream.words(uint32_t((s.first_row + b) * ((s.cols + 3) / 4) + block), sample);
  float keep = 1.0f / (1.0f - s.rate);
  Quad q;
#pragma unroll
  for (int k = 0; k < 4; ++k) {
    q.x[k] = unit(words.x[k]) < s.rate ? 0.0f : keep;
  }
  return q;
}

__global__ void __launch_bounds__(kPlaneThreads)
    forward(float* y, const float* x, const int64_t* counter, DropoutShape s, bool y_whole, bool x_whole) {
  for (int64_t row = plane_row(); row < s.samples * s.batch; row += plane_rows()) {
    int64_t sample = row / s.batch;
    int64_t b = row - sample * s.batch;
    for (int64_t j = 4 * plane_col(); j < s.cols; j += 4 * plane_cols()) {
      Quad q = load_quad(x + (s.shared ? b : row) * s.cols + j, s.cols - j, x_whole);
      Quad scale = mask(s, counter, sample, b, j / 4);
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        q.x[k] = scale.x[k] == 0.0f ? 0.0f : q.x[k] * scale.x[k];  // also of an infinity
      }
      store_quad(y + row * s.cols + j, q, s.cols - j, y_whole);
    }
  }
}

// Row i of d_x is the sum of rows i, i + rows, ... of d_y, in this order: of one, or of all samples where x is shared.
__global__ void __launch_bounds__(kPlaneThreads)
    backward(float* d_x, const float* d_y, const int64_t* counter, DropoutShape s, int64_t rows, bool x_whole, bool y_whole) {
  for (int64_t i = plane_row(); i < rows; i += plane_rows()) {
    for (int64_t j = 4 * plane_col(); j < s.cols; j += 4 * plane_cols()) {
      Quad sum = load_quad(d_x + i * s.cols + j, s.cols - j, x_whole);
      for (int64_t row = i; row < s.samples * s.batch; row += rows) {
        Quad up = load_quad(d_y + row * s.cols + j, s.cols - j, y_whole);
        int64_t sample = row / s.batch;
        Quad scale = mask(s, counter, sample, row - sample * s.batch, j / 4);
#pragma unroll
        for (int k = 0; k < 4; ++k) {
          sum.x[k] += scale.x[k] == 0.0f ? 0.0f : up.x[k] * scale.x[k];
        }
      }
      store_quad(d_x + i * s.cols + j, sum, s.cols - j, x_whole);
    }
  }
}

}  // namespace

int dropout_fwd(const Queue& q, float* y, const float* x, const int64_t* counter, const DropoutShape& s) {
  Plane p(q, s.samples * s.batch, ceil_div(s.cols, 4));
  return BHN_LAUNCH(forward, p.grid, p.block, 0, q, y, x, counter, s, in_quads(y, s.cols), in_quads(x, s.cols));
}

int dropout_bwd(const Queue& q, float* d_x, const float* d_y, const int64_t* counter, const DropoutShape& s) {
  int64_t rows = s.shared ? s.batch : s.samples * s.batch;
  Plane p(q, rows, ceil_div(s.cols, 4));
  return BHN_LAUNCH(backward, p.grid, p.block, 0, q, d_x, d_y, counter, s, rows, in_quads(d_x, s.cols), in_quads(d_y, s.cols));
}

}  // namespace bhn::cuda
