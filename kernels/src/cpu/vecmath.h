// Float functions that gcc vectorises inside `omp simd` loops: no branches, no calls. Polynomials after the
// Cephes library's single-precision ones (S. Moshier); errors against double are in tests/internal/vecmath.cpp.
#pragma once

#include <cmath>
#include <cstdint>

#define BHN_INLINE static inline __attribute__((always_inline))
#define BHN_LAMBDA __attribute__((always_inline))
#define BHN_INLINE_MEMBER inline __attribute__((always_inline))

namespace bhn::BHN_ISA {

BHN_INLINE float from_bits(int32_t bits) { return __builtin_bit_cast(float, bits); }
BHN_INLINE int32_t to_bits(float x) { return __builtin_bit_cast(int32_t, x); }

// e^x; 0 below the smallest normal number, infinity above the largest.
BHN_INLINE float vexp(float x) {
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  float clamped = x < -87.3f ? -87.3f : x;
  clamped = clamped > 88.72283f ? 88.72283f : clamped;
  float shifted = clamped * 1.44269504088896341f + magic;
  float n = shifted - magic;
  float r = clamped - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  // 2^n in two factors, since n = 128 occurs.
  int32_t e = to_bits(shifted) - to_bits(magic);
  int32_t half = e >> 1;
  float y = p * from_bits((half + 127) << 23) * from_bits((e - half + 127) << 23);
  y = x < -87.3f ? 0.0f : y;
  y = x > 88.72283f ? __builtin_inff() : y;
  return x != x ? x : y;
}

// ln x for normal x > 0; -infinity at 0, NaN below.
BHN_INLINE float vlog(float x) {
  int32_t bits = to_bits(x);
  int32_t e = ((bits >> 23) & 0xff) - 126;
  float m = from_bits((bits & 0x007fffff) | 0x3f000000);  // in [0.5, 1)
  bool low = m < 0.707106781186547524f;
  e = low ? e - 1 : e;
  m = low ? m + m - 1.0f : m - 1.0f;
  float z = m * m;
  float p = 7.0376836292e-2f;
  p = p * m + -1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m + -1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m + -1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m + -2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float y = p * m * z;
  float fe = float(e);
  y = y + fe * -2.12194440e-4f;
  y = y - 0.5f * z;
  y = m + y;
  y = y + fe * 0.693359375f;
  y = x == 0.0f ? -__builtin_inff() : y;
  y = x < 0.0f ? __builtin_nanf("") : y;
  return x == __builtin_inff() || x != x ? x : y;
}

// ln(1 + x) for x >= 0, accurate near 0.
BHN_INLINE float vlog1p(float x) {
  float u = 1.0f + x;
  float d = u - 1.0f;
  float y = vlog(u) * (x / (d == 0.0f ? 1.0f : d));
  return d == 0.0f ? x : y;
}

BHN_INLINE float vtanh(float x) {
  float a = x < 0.0f ? -x : x;
  float z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z + -5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z + -3.33332819422e-1f;
  float small = p * z * x + x;
  float large = 1.0f - 2.0f / (vexp(a + a) + 1.0f);
  large = x < 0.0f ? -large : large;
  return a < 0.625f ? small : large;
}

// ln(1 + e^x)
BHN_INLINE float vsoftplus(float x) {
  float a = x < 0.0f ? x : -x;
  float positive = x > 0.0f ? x : 0.0f;
  return positive + vlog1p(vexp(a));
}

BHN_INLINE float vsigmoid(float x) {
  float e = vexp(x < 0.0f ? x : -x);
  float y = 1.0f / (1.0f + e);
  return x < 0.0f ? e * y : y;
}

// sin(2 pi v) and cos(2 pi v) for v in [0, 1): quadrants are exact.
BHN_INLINE void vsincos2pi(float v, float* sine, float* cosine) {
  const float magic = 12582912.0f;
  float shifted = v * 4.0f + magic;
  float q = shifted - magic;
  float t = (v - q * 0.25f) * 6.28318530717958648f;
  float z = t * t;
  float s = -1.9515295891e-4f;
  s = s * z + 8.3321608736e-3f;
  s = s * z + -1.6666654611e-1f;
  s = s * z * t + t;
  float c = 2.443315711809948e-5f;
  c = c * z + -1.388731625493765e-3f;
  c = c * z + 4.166664568298827e-2f;
  c = c * z * z - 0.5f * z + 1.0f;
  int32_t quadrant = to_bits(shifted) & 3;
  float sa = (quadrant & 1) ? c : s;
  float ca = (quadrant & 1) ? s : c;
  *sine = (quadrant & 2) ? -sa : sa;
  *cosine = ((quadrant + 1) & 2) ? -ca : ca;
}

// Sum of ln(e^a + delta), with take(i, e^a + delta) for each term, and the slope e^a / (e^a + delta) of a term. Without delta they are a and
// 1, also where e^a leaves the range of float. Logarithms are taken in blocks, since gcc does not vectorise them together with their sum in
// double.
template <class Take>
BHN_INLINE double sum_log_scales(const float* a, int64_t n, float delta, const Take& take) {
  double sum = 0;
  if (delta == 0.0f) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
      take(i, vexp(a[i]));
    }
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; ++i) {
      sum += double(a[i]);
    }
    return sum;
  }
  constexpr int64_t kBlock = 256;
  float logs[kBlock];
  for (int64_t from = 0; from < n; from += kBlock) {
    int64_t width = n - from < kBlock ? n - from : kBlock;
#pragma omp simd
    for (int64_t i = 0; i < width; ++i) {
      float scale = vexp(a[from + i]) + delta;
      take(from + i, scale);
      logs[i] = vlog(scale);
    }
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < width; ++i) {
      sum += double(logs[i]);
    }
  }
  return sum;
}
BHN_INLINE double sum_log_scales(const float* a, int64_t n, float delta) {
  return sum_log_scales(a, n, delta, [](int64_t, float) BHN_LAMBDA {});
}
BHN_INLINE float log_scale_slope(float e, float delta) { return delta == 0.0f ? 1.0f : e / (e + delta); }

// ln(y^y e^-y / gamma(1 + y)), y >= 0: what a Poisson distribution of mean y gives y. log_y = ln y. Neither y^y e^-y nor gamma(1 + y) is
// formed for large y, where they cancel: that is Stirling's series. Below, gamma(1 + y) is gamma(2 + t), |t| <= 1/2, times factors.
BHN_INLINE float vpoisson_peak(float y, float log_y) {
  float x = 1.0f / y;
  float z = x * x;
  float large = -0.918938533204672742f - 0.5f * log_y - x * (8.33333333e-2f - z * (2.77777778e-3f - z * 7.93650794e-4f));
  const float magic = 12582912.0f;  // as in vexp
  float n = (y - 1.0f + magic) - magic;
  float t = y - 1.0f - n;
  t = n < 0.0f ? y : t;  // exact also for the smallest y
  float factors = 1.0f;
  for (int k = 0; k < 3; ++k) {
    factors *= n > float(k) ? t + float(k + 2) : 1.0f;
  }
  factors = n < 0.0f ? 1.0f / (1.0f + y) : factors;
  float p = 5.7763048e-4f;
  p = p * t + -1.3127715e-3f;
  p = p * t + 2.8756405e-3f;
  p = p * t + -7.3663439e-3f;
  p = p * t + 2.0582030e-2f;
  p = p * t + -6.7353271e-2f;
  p = p * t + 3.2246700e-1f;
  p = p * t + 4.2278433e-1f;
  return y == 0.0f ? 0.0f : y < 4.5f ? y * log_y - y - (vlog(factors) + t * p) : large;
}

// e^d - 1 - d for |d| < 1/2.
BHN_INLINE float vexp_beyond_line(float d) {
  float p = 2.48015873e-5f;
  p = p * d + 1.98412698e-4f;
  p = p * d + 1.38888889e-3f;
  p = p * d + 8.33333333e-3f;
  p = p * d + 4.16666667e-2f;
  p = p * d + 1.66666667e-1f;
  p = p * d + 0.5f;
  return p * d * d;
}

// Activations by number, with the derivative at the pre-activation. GELU is exact and not vectorised; it has come to its limits at 40, and
// an infinity times 0 would not be a number.
template <int kActivation>
BHN_INLINE float activate(float x) {
  if constexpr (kActivation == 1) {
    return x > 0.0f ? x : (x != x ? x : 0.0f);
  } else if constexpr (kActivation == 2) {
    return vtanh(x);
  } else if constexpr (kActivation == 3) {
    double low = x < -40.0f ? -40.0 : double(x);
    return float(0.5 * low * (1.0 + ::erf(low * 0.70710678118654752)));
  } else {
    return x;
  }
}

template <int kActivation>
BHN_INLINE float slope(float x) {
  if constexpr (kActivation == 1) {
    return x > 0.0f ? 1.0f : 0.0f;
  } else if constexpr (kActivation == 2) {
    float e = vexp(x < 0.0f ? x + x : -x - x);  // 1 - tanh^2 cancels where tanh is near 1
    return 4.0f * e / ((1.0f + e) * (1.0f + e));
  } else if constexpr (kActivation == 3) {
    double d = x < -40.0f ? -40.0 : x > 40.0f ? 40.0 : double(x);
    return float(0.5 * (1.0 + ::erf(d * 0.70710678118654752)) + d * 0.39894228040143268 * ::exp(-0.5 * d * d));
  } else {
    return 1.0f;
  }
}

// Elements below which a parallel region costs more than it saves.
constexpr int64_t kParallel = 1 << 15;

}  // namespace bhn::BHN_ISA
