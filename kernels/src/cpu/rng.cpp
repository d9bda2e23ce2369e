// Uniforms and standard normals from Philox4x32-10; the definition is in bhn.h.
// Bytes: 4 n written. Integer work: 10 rounds of 2 multiplications for 4 values; normals add one log, one square
// root, one sine and one cosine for 2 values. Bound by arithmetic.
#include "cpu/kernels.h"
#include "cpu/philox_blocks.h"

namespace bhn::BHN_ISA {
namespace {

inline void normals(uint32_t first, const Key& key, float* out) {
  uint32_t words[4][kLanes];
  draw(first, key, words);
  for (int lane = 0; lane < 4; lane += 2) {
#pragma omp simd
    for (int i = 0; i < kLanes; ++i) {
      float u = float(int32_t(words[lane][i] >> 8) + 1) * 5.9604644775390625e-8f;
      float v = float(int32_t(words[lane + 1][i] >> 8)) * 5.9604644775390625e-8f;
      float l = -2.0f * vlog(u);
      float radius = __builtin_sqrtf(l > 0.0f ? l : 0.0f);
      float sine, cosine;
      vsincos2pi(v, &sine, &cosine);
      out[4 * i + lane] = radius * cosine;
      out[4 * i + lane + 1] = radius * sine;
    }
  }
}

template <class Fill>
void generate(int threads, float* out, int64_t n, int64_t first, const Fill& fill) {
  constexpr int64_t kGroup = 4 * kLanes;
  int64_t begin_group = first / kGroup;
  int64_t end_group = (first + n + kGroup - 1) / kGroup;
#pragma omp parallel for if (n >= kParallel / 8) num_threads(threads) schedule(static)
  for (int64_t group = begin_group; group < end_group; ++group) {
    float values[kGroup];
    fill(uint32_t(group * kLanes), values);
    int64_t from = group * kGroup > first ? group * kGroup : first;
    int64_t to = (group + 1) * kGroup < first + n ? (group + 1) * kGroup : first + n;
    for (int64_t i = from; i < to; ++i) {
      out[i - first] = values[i - group * kGroup];
    }
  }
}

}  // namespace

void rng_uniform(int threads, float* out, int64_t n, int64_t first, uint64_t seed, uint32_t stream, uint64_t counter) {
  Key k = key(seed, stream, counter);
  generate(threads, out, n, first, [&](uint32_t block, float* values) { uniforms(block, k, values); });
}

void rng_normal(int threads, float* out, int64_t n, int64_t first, uint64_t seed, uint32_t stream, uint64_t counter) {
  Key k = key(seed, stream, counter);
  generate(threads, out, n, first, [&](uint32_t block, float* values) { normals(block, k, values); });
}

}  // namespace bhn::BHN_ISA
