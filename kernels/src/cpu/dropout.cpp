// Inverted dropout: y = x mask / (1 - rate). Each row starts at a multiple of four elements, so its blocks are its own.
// Bytes: 8 for each unit of y, 12 backward. Bound by the integer work of Philox.
#include "cpu/kernels.h"
#include "cpu/philox_blocks.h"

namespace bhn::BHN_ISA {
namespace {

template <class Row>
void dropout_rows(int threads, const DropoutShape& s, const Row& row) {
  constexpr int kGroup = 4 * kLanes;
  int64_t blocks = (s.cols + 3) / 4;
  float keep = 1.0f / (1.0f - s.rate);
#pragma omp parallel for if (s.samples * s.batch * s.cols >= kParallel) num_threads(threads) schedule(static)
  for (int64_t b = 0; b < s.batch; ++b) {
    for (int64_t sample = 0; sample < s.samples; ++sample) {
      Key k = key(s.seed, s.stream, s.counter + uint64_t(sample));
      for (int64_t j0 = 0; j0 < s.cols; j0 += kGroup) {
        float u[kGroup];
        uniforms(uint32_t((s.first_row + b) * blocks + j0 / 4), k, u);
        int64_t count = s.cols - j0 < kGroup ? s.cols - j0 : kGroup;
        float scale[kGroup];
#pragma omp simd
        for (int i = 0; i < kGroup; ++i) {
          scale[i] = u[i] < s.rate ? 0.0f : keep;
        }
        row(sample, b, j0, count, scale);
      }
    }
  }
}

}  // namespace

void dropout_fwd(int threads, float* y, const float* x, const DropoutShape& s) {
  dropout_rows(threads, s, [&](int64_t sample, int64_t b, int64_t j0, int64_t count, const float* scale) {
    float* to = y + (sample * s.batch + b) * s.cols + j0;
    const float* from = x + (s.shared ? b : sample * s.batch + b) * s.cols + j0;
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) {
      to[i] = scale[i] == 0.0f ? 0.0f : from[i] * scale[i];  // also of an infinity
    }
  });
}

void dropout_bwd(int threads, float* d_x, const float* d_y, const DropoutShape& s) {
  dropout_rows(threads, s, [&](int64_t sample, int64_t b, int64_t j0, int64_t count, const float* scale) {
    const float* from = d_y + (sample * s.batch + b) * s.cols + j0;
    float* to = d_x + (s.shared ? b : sample * s.batch + b) * s.cols + j0;
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) {
      to[i] += scale[i] == 0.0f ? 0.0f : from[i] * scale[i];
    }
  });
}

}  // namespace bhn::BHN_ISA
