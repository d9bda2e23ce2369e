// A vector register of floats, and its first few. Sums over short rows are written with these: an `omp simd` reduction keeps its
// order, so gcc adds lanes and what is left over one after the other, which takes longer than the rest of a row of 200.
#pragma once

#if defined(__aarch64__)
#include <arm_neon.h>
#else
#include <immintrin.h>
#endif

#include "cpu/vecmath.h"

namespace bhn::BHN_ISA {

#if defined(__AVX512F__)
constexpr int64_t kLanes = 16;
#elif defined(__AVX2__)
constexpr int64_t kLanes = 8;
#else
constexpr int64_t kLanes = 4;
#endif
typedef float Lanes __attribute__((vector_size(4 * kLanes)));
typedef float UnalignedLanes __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));
typedef float FourLanes __attribute__((vector_size(16)));
typedef float UnalignedFour __attribute__((vector_size(16), aligned(4), may_alias));
#if defined(__AVX2__)
typedef float EightLanes __attribute__((vector_size(32)));
#endif

BHN_INLINE Lanes load(const float* from) { return *reinterpret_cast<const UnalignedLanes*>(from); }
BHN_INLINE void store(float* to, Lanes v) { *reinterpret_cast<UnalignedLanes*>(to) = v; }
BHN_INLINE FourLanes load_four(const float* from) { return *reinterpret_cast<const UnalignedFour*>(from); }
BHN_INLINE void store_four(float* to, FourLanes v) { *reinterpret_cast<UnalignedFour*>(to) = v; }

#if defined(__AVX2__) && !defined(__AVX512F__)
BHN_INLINE __m256i first_lanes(int64_t n) {
  alignas(64) static const int32_t on[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(on + kLanes - n));
}
#endif

BHN_INLINE Lanes splat(float v) {
#if defined(__AVX512F__)
  return Lanes(_mm512_set1_ps(v));
#elif defined(__AVX2__)
  return Lanes(_mm256_set1_ps(v));
#else
  return Lanes{v, v, v, v};
#endif
}

// a b + c, rounded once where there is an instruction for that: of a b + c d gcc may round either product.
BHN_INLINE Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
#if defined(__AVX512F__)
  return Lanes(_mm512_fmadd_ps(__m512(a), __m512(b), __m512(c)));
#elif defined(__AVX2__)
  return Lanes(_mm256_fmadd_ps(__m256(a), __m256(b), __m256(c)));
#elif defined(__aarch64__)
  return Lanes(vfmaq_f32(float32x4_t(c), float32x4_t(a), float32x4_t(b)));
#else
  return a * b + c;
#endif
}

BHN_INLINE Lanes root(Lanes v) {
#if defined(__AVX512F__)
  return Lanes(_mm512_maskz_sqrt_ps(0xffff, __m512(v)));
#elif defined(__AVX2__)
  return Lanes(_mm256_sqrt_ps(__m256(v)));
#elif defined(__aarch64__)
  return Lanes(vsqrtq_f32(float32x4_t(v)));
#else
  return Lanes(_mm_sqrt_ps(__m128(v)));
#endif
}

// The first n, 0 <= n <= kLanes, and zeros; the others are not read.
BHN_INLINE Lanes load_first(const float* from, int64_t n) {
#if defined(__AVX512F__)
  return Lanes(_mm512_maskz_loadu_ps(__mmask16((1u << n) - 1), from));
#elif defined(__AVX2__)
  return Lanes(_mm256_maskload_ps(from, first_lanes(n)));
#else
  return Lanes{n > 0 ? from[0] : 0.0f, n > 1 ? from[1] : 0.0f, n > 2 ? from[2] : 0.0f, n > 3 ? from[3] : 0.0f};
#endif
}

// Only the first n are written.
BHN_INLINE void store_first(float* to, Lanes v, int64_t n) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(to, __mmask16((1u << n) - 1), __m512(v));
#elif defined(__AVX2__)
  _mm256_maskstore_ps(to, first_lanes(n), __m256(v));
#else
  for (int64_t i = 0; i < n; ++i) {
    to[i] = v[i];
  }
#endif
}

// What a step over entries moves: a whole vector, or the first few of one.
struct Whole {
  BHN_INLINE_MEMBER Lanes get(const float* from) const { return load(from); }
  BHN_INLINE_MEMBER void put(float* to, Lanes v) const { store(to, v); }
};
struct First {
  int64_t n;  // 0 <= n <= kLanes
  static BHN_INLINE_MEMBER First of(int64_t left) { return {left < 0 ? 0 : left > kLanes ? kLanes : left}; }
  BHN_INLINE_MEMBER Lanes get(const float* from) const { return load_first(from, n); }
  BHN_INLINE_MEMBER void put(float* to, Lanes v) const { store_first(to, v, n); }
};

// step(i, part) for the vectors of entries [i, n).
template <class Step>
BHN_INLINE void vectors(int64_t i, int64_t n, const Step& step) {
  for (; i + kLanes <= n; i += kLanes) {
    step(i, Whole());
  }
  if (i < n) {
    step(i, First{n - i});
  }
}

// The sum of the lanes in four.
BHN_INLINE FourLanes fold(Lanes v) {
#if defined(__AVX512F__)
  EightLanes half = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
#elif defined(__AVX2__)
  EightLanes half = v;
#endif
#if defined(__AVX2__)
  return __builtin_shufflevector(half, half, 0, 1, 2, 3) + __builtin_shufflevector(half, half, 4, 5, 6, 7);
#else
  return v;
#endif
}

BHN_INLINE float total(Lanes v) {
  FourLanes four = fold(v);
  return (four[0] + four[2]) + (four[1] + four[3]);
}

// The totals of four.
BHN_INLINE FourLanes totals(Lanes a, Lanes b, Lanes c, Lanes d) {
  FourLanes p = fold(a), q = fold(b), r = fold(c), s = fold(d);
  FourLanes pq01 = __builtin_shufflevector(p, q, 0, 4, 1, 5), pq23 = __builtin_shufflevector(p, q, 2, 6, 3, 7);
  FourLanes rs01 = __builtin_shufflevector(r, s, 0, 4, 1, 5), rs23 = __builtin_shufflevector(r, s, 2, 6, 3, 7);
  return (__builtin_shufflevector(pq01, rs01, 0, 1, 4, 5) + __builtin_shufflevector(pq23, rs23, 0, 1, 4, 5)) +
         (__builtin_shufflevector(pq01, rs01, 2, 3, 6, 7) + __builtin_shufflevector(pq23, rs23, 2, 3, 6, 7));
}

}  // namespace bhn::BHN_ISA
