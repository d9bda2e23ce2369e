// Sixteen floats at once, in whatever registers the instruction set has, and a last part of fewer. Sums over short rows are written
// with these: an `omp simd` reduction keeps its order, so gcc adds lanes and what is left over one after the other, which takes longer
// than the rest of a row of 200.
#pragma once

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "cpu/vecmath.h"

namespace bhn::BHN_ISA {

constexpr int64_t kLanes = 16;
typedef float Lanes __attribute__((vector_size(64)));
typedef float HalfLanes __attribute__((vector_size(32)));
typedef float QuarterLanes __attribute__((vector_size(16)));
typedef float UnalignedLanes __attribute__((vector_size(64), aligned(4), may_alias));

// All are inlined: how such a value would be passed does not matter, and their callers need not hear of it.
#pragma GCC diagnostic ignored "-Wpsabi"

BHN_INLINE Lanes load(const float* from) { return *reinterpret_cast<const UnalignedLanes*>(from); }

BHN_INLINE void store(float* to, Lanes v) { *reinterpret_cast<UnalignedLanes*>(to) = v; }

#if defined(__AVX2__) && !defined(__AVX512F__)
// Eight lanes from the `skip`th on of which those below n are on.
BHN_INLINE __m256i mask_of(int64_t n, int64_t skip) {
  alignas(64) static const int32_t on[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(on + kLanes - n + skip));
}
#endif

// The first n of sixteen, 0 <= n < 16, and zeros; the others are not read.
BHN_INLINE Lanes load_first(const float* from, int64_t n) {
#if defined(__AVX512F__)
  return Lanes(_mm512_maskz_loadu_ps(__mmask16((1u << n) - 1), from));
#elif defined(__AVX2__)
  HalfLanes low = HalfLanes(_mm256_maskload_ps(from, mask_of(n, 0)));
  HalfLanes high = HalfLanes(_mm256_maskload_ps(from + 8, mask_of(n, 8)));
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#else
  Lanes v = {};
  for (int64_t i = 0; i < n; ++i) {
    v[i] = from[i];
  }
  return v;
#endif
}

// Only these n are written.
BHN_INLINE void store_first(float* to, Lanes v, int64_t n) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(to, __mmask16((1u << n) - 1), __m512(v));
#elif defined(__AVX2__)
  _mm256_maskstore_ps(to, mask_of(n, 0), __m256(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7)));
  _mm256_maskstore_ps(to + 8, mask_of(n, 8), __m256(__builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15)));
#else
  for (int64_t i = 0; i < n; ++i) {
    to[i] = v[i];
  }
#endif
}

BHN_INLINE float total(Lanes v) {
  HalfLanes half = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
  QuarterLanes quarter = __builtin_shufflevector(half, half, 0, 1, 2, 3) + __builtin_shufflevector(half, half, 4, 5, 6, 7);
  return (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
}

}  // namespace bhn::BHN_ISA
