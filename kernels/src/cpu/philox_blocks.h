// Groups of Philox blocks side by side, for the twins that draw random numbers.
#pragma once

#define BHN_PHILOX_NS BHN_ISA
#include "philox.h"

#include "cpu/vecmath.h"

namespace bhn::BHN_ISA {

// Blocks computed side by side, so that the rounds vectorise.
constexpr int kLanes = 16;

struct Key {
  uint32_t stream, c2, c3, k0, k1;
};

BHN_INLINE Key key(uint64_t seed, uint32_t stream, uint64_t counter) {
  return {stream, uint32_t(counter), uint32_t(counter >> 32), uint32_t(seed), uint32_t(seed >> 32)};
}

// The words of blocks first .. first + kLanes - 1, lane by lane.
BHN_INLINE void draw(uint32_t first, const Key& key, uint32_t (*words)[kLanes]) {
#pragma omp simd
  for (int i = 0; i < kLanes; ++i) {
    Words w = philox4x32(first + uint32_t(i), key.stream, key.c2, key.c3, key.k0, key.k1);
    words[0][i] = w.x[0];
    words[1][i] = w.x[1];
    words[2][i] = w.x[2];
    words[3][i] = w.x[3];
  }
}

// 4 kLanes values in the order of elements.
BHN_INLINE void uniforms(uint32_t first, const Key& key, float* out) {
  uint32_t words[4][kLanes];
  draw(first, key, words);
  for (int lane = 0; lane < 4; ++lane) {
#pragma omp simd
    for (int i = 0; i < kLanes; ++i) {
      out[4 * i + lane] = float(int32_t(words[lane][i] >> 8)) * 5.9604644775390625e-8f;
    }
  }
}

}  // namespace bhn::BHN_ISA
