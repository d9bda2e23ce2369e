// Inverted dropout: y = x mask / (1 - rate); the backward draws the mask again.
// A thread owns four neighbouring columns of a row, which share one Philox block. Bytes: 8 an element (12 backward); 10 rounds of two
// multiplications for four elements. Bound by memory.
#include "cuda/launch.h"
#include "philox.h"

namespace bhn::cuda {
namespace {

constexpr int kThreads = 256;

template <bool kBackward>
__global__ void __launch_bounds__(kThreads) dropout(float* to, const float* from, const int64_t* counter, DropoutShape s) {
  int64_t blocks = (s.cols + 3) / 4;
  int64_t rows = s.samples * s.batch;
  float keep = 1.0f / (1.0f - s.rate);
  for (int64_t i = global_thread(); i < rows * blocks; i += grid_threads()) {
    int64_t row = i / blocks;
    int64_t block = i % blocks;
    int64_t sample = row / s.batch;
    int64_t b = row % s.batch;
    uint64_t at = uint64_t(*counter) + uint64_t(sample);
    auto words = philox::philox4x32(uint32_t((s.first_row + b) * blocks + block), s.stream, uint32_t(at), uint32_t(at >> 32),
                                    uint32_t(s.seed), uint32_t(s.seed >> 32));
    for (int k = 0; k < 4 && 4 * block + k < s.cols; ++k) {
      int64_t j = 4 * block + k;
      float mask = float(words.x[k] >> 8) * 0x1p-24f < s.rate ? 0.0f : keep;
      if (!kBackward) {
        to[row * s.cols + j] = from[(s.shared ? b : row) * s.cols + j] * mask;
      } else {
        to[row * s.cols + j] += from[row * s.cols + j] * mask;
      }
    }
  }
}

// d_x of a shared input sums over samples: a thread owns its element for all of them.
__global__ void __launch_bounds__(kThreads) shared_backward(float* d_x, const float* d_y, const int64_t* counter, DropoutShape s) {
  int64_t blocks = (s.cols + 3) / 4;
  float keep = 1.0f / (1.0f - s.rate);
  for (int64_t i = global_thread(); i < s.batch * blocks; i += grid_threads()) {
    int64_t b = i / blocks;
    int64_t block = i % blocks;
    for (int64_t sample = 0; sample < s.samples; ++sample) {
      uint64_t at = uint64_t(*counter) + uint64_t(sample);
      auto words = philox::philox4x32(uint32_t((s.first_row + b) * blocks + block), s.stream, uint32_t(at), uint32_t(at >> 32),
                                      uint32_t(s.seed), uint32_t(s.seed >> 32));
      for (int k = 0; k < 4 && 4 * block + k < s.cols; ++k) {
        int64_t j = 4 * block + k;
        float mask = float(words.x[k] >> 8) * 0x1p-24f < s.rate ? 0.0f : keep;
        d_x[b * s.cols + j] += d_y[(sample * s.batch + b) * s.cols + j] * mask;
      }
    }
  }
}

int64_t quads(const DropoutShape& s) { return s.samples * s.batch * ((s.cols + 3) / 4); }

}  // namespace

int dropout_fwd(const Queue& q, float* y, const float* x, const int64_t* counter, const DropoutShape& s) {
  return BHN_LAUNCH(dropout<false>, blocks_for(q, quads(s), kThreads), kThreads, 0, q, y, x, counter, s);
}

int dropout_bwd(const Queue& q, float* d_x, const float* d_y, const int64_t* counter, const DropoutShape& s) {
  if (s.shared) {
    return BHN_LAUNCH(shared_backward, blocks_for(q, quads(s) / s.samples, kThreads), kThreads, 0, q, d_x, d_y, counter, s);
  }
  return BHN_LAUNCH(dropout<true>, blocks_for(q, quads(s), kThreads), kThreads, 0, q, d_x, d_y, counter, s);
}

}  // namespace bhn::cuda
