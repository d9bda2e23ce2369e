// Products of rows of about equal length with few vectors, and sums of such rows, in registers. A product is the sum of its lanes in a
// fixed order, whether it is computed alone or in a group.
#pragma once

#include "cpu/lanes.h"
#include "cpu/made_rows.h"

namespace bhn::BHN_ISA {

// Rows and samples of a group: as many sums as there are registers for.
#if defined(__AVX512F__)
constexpr int64_t kGroupRows = 4;
#else
constexpr int64_t kGroupRows = 2;
#endif
constexpr int64_t kGroupSamples = 4;
constexpr int64_t kBackwardRows = 4;
constexpr int64_t kAhead = 1536;  // 6 KB
#define BHN_UNROLL _Pragma("GCC unroll 4")

template <int64_t kRows>
struct RowGroup {
  const float* u[kRows];
  int64_t n[kRows];
  int64_t whole;  // entries that all of them have, in full vectors
  int64_t most;

  RowGroup(const MadeRows& at, const float* params, int64_t first) {
    int64_t least = at.length(first);
    most = least;
    BHN_UNROLL for (int64_t k = 0; k < kRows; ++k) {
      u[k] = params + at.start(first + k);
      n[k] = at.length(first + k);
      least = n[k] < least ? n[k] : least;
      most = n[k] > most ? n[k] : most;
    }
    whole = least / kLanes * kLanes;
  }
};

template <int64_t n>
struct Count {
  static constexpr int64_t value = n;
};

// Of a group: together(i, Count<n>()) for n whole vectors that all rows have; then rest(i, parts, most) for what is left, of which row k
// has parts[k], perhaps nothing, and the longest row `most`.
template <int64_t kRows, class Together, class Rest>
BHN_INLINE void vectors(const RowGroup<kRows>& rows, const Together& together, const Rest& rest) {
  int64_t i = 0;
  for (; i + 2 * kLanes <= rows.whole; i += 2 * kLanes) {
    together(i, Count<2>());
  }
  if (i < rows.whole) {
    together(i, Count<1>());
    i += kLanes;
  }
  for (; i < rows.most; i += kLanes) {
    First parts[kRows];
    BHN_UNROLL for (int64_t k = 0; k < kRows; ++k) { parts[k] = First::of(rows.n[k] - i); }
    rest(i, parts, First::of(rows.most - i));
  }
}

// step(i, part) for the vectors of entries [0, n) of u, which is one row of many: what comes kAhead later is asked for, a line of
// memory at a time, since rows are too short for a core to see that they follow each other.
template <class Step>
BHN_INLINE void stream(const float* u, int64_t n, const Step& step) {
  constexpr int64_t kLine = 16;
  int64_t i = 0;
  for (; i + kLine <= n; i += kLine) {
    __builtin_prefetch(u + i + kAhead);
    BHN_UNROLL for (int64_t k = 0; k < kLine; k += kLanes) { step(i + k, Whole()); }
  }
  vectors(i, n, step);
}

// u x and |u|^2.
BHN_INLINE float dot_and_squares(const float* u, const float* x, int64_t n, float* squares) {
  Lanes a = {}, b = {};
  stream(u, n, [&](int64_t i, const auto& part) BHN_LAMBDA {
    Lanes v = part.get(u + i);
    a += v * part.get(x + i);
    b += v * v;
  });
  *squares = total(b);
  return total(a);
}

// out[s * ld_out] = u x_s for kGroupSamples samples.
BHN_INLINE void dots(float* out, int64_t ld_out, const float* u, int64_t n, const float* x, int64_t ld) {
  Lanes sum[kGroupSamples] = {};
  vectors(0, n, [&](int64_t i, const auto& part) BHN_LAMBDA {
    Lanes v = part.get(u + i);
    BHN_UNROLL for (int64_t s = 0; s < kGroupSamples; ++s) { sum[s] += v * part.get(x + s * ld + i); }
  });
  BHN_UNROLL for (int64_t s = 0; s < kGroupSamples; ++s) { out[s * ld_out] = total(sum[s]); }
}

// out[s * ld_out + k] = u_k x_s for kGroupSamples samples.
BHN_INLINE void dots(float* out, int64_t ld_out, const RowGroup<kGroupRows>& rows, const float* x, int64_t ld) {
  Lanes sum[kGroupRows][kGroupSamples] = {};
  vectors(
      rows,
      [&](int64_t from, auto count) BHN_LAMBDA {
        BHN_UNROLL for (int64_t i = from; i < from + count.value * kLanes; i += kLanes) {
          Lanes at[kGroupSamples];
          BHN_UNROLL for (int64_t s = 0; s < kGroupSamples; ++s) { at[s] = load(x + s * ld + i); }
          BHN_UNROLL for (int64_t k = 0; k < kGroupRows; ++k) {
            Lanes v = load(rows.u[k] + i);
            BHN_UNROLL for (int64_t s = 0; s < kGroupSamples; ++s) { sum[k][s] += v * at[s]; }
          }
        }
      },
      [&](int64_t i, const auto& parts, First) BHN_LAMBDA {
        BHN_UNROLL for (int64_t k = 0; k < kGroupRows; ++k) {
          Lanes v = parts[k].get(rows.u[k] + i);
          BHN_UNROLL for (int64_t s = 0; s < kGroupSamples; ++s) { sum[k][s] += v * parts[k].get(x + s * ld + i); }
        }
      });
  BHN_UNROLL for (int64_t k = 0; k < kGroupRows; ++k) {
    FourLanes products = totals(sum[k][0], sum[k][1], sum[k][2], sum[k][3]);
    BHN_UNROLL for (int64_t s = 0; s < kGroupSamples; ++s) { out[s * ld_out + k] = products[s]; }
  }
}

// y += a u.
BHN_INLINE void add_row(float* y, float a, const float* u, int64_t n) {
  vectors(0, n, [&](int64_t i, const auto& part) BHN_LAMBDA { part.put(y + i, part.get(y + i) + a * part.get(u + i)); });
}

// y += a u, and |a x + c u|^2.
BHN_INLINE float add_row_and_squares(float* y, float a, const float* x, float c, const float* u, int64_t n) {
  Lanes squares = {};
  stream(u, n, [&](int64_t i, const auto& part) BHN_LAMBDA {
    Lanes v = part.get(u + i);
    part.put(y + i, part.get(y + i) + a * v);
    Lanes g = multiply_add(splat(a), part.get(x + i), c * v);
    squares += g * g;
  });
  return total(squares);
}

// y_s += sum_k a[s * ld_a + k] u_k for all samples, in the order of the rows. Rows are read once for all samples.
BHN_INLINE void add_rows(float* y, int64_t ld_y, const float* a, int64_t ld_a, const RowGroup<kBackwardRows>& rows, int64_t samples) {
  vectors(
      rows,
      [&](int64_t i, auto count) BHN_LAMBDA {
        constexpr int64_t n = count.value;
        Lanes u[kBackwardRows][n];
        BHN_UNROLL for (int64_t k = 0; k < kBackwardRows; ++k) {
          BHN_UNROLL for (int64_t v = 0; v < n; ++v) { u[k][v] = load(rows.u[k] + i + v * kLanes); }
        }
        for (int64_t s = 0; s < samples; ++s) {
          float* out = y + s * ld_y + i;
          const float* factor = a + s * ld_a;
          Lanes sum[n];
          BHN_UNROLL for (int64_t v = 0; v < n; ++v) { sum[v] = load(out + v * kLanes); }
          BHN_UNROLL for (int64_t k = 0; k < kBackwardRows; ++k) {
            BHN_UNROLL for (int64_t v = 0; v < n; ++v) { sum[v] += factor[k] * u[k][v]; }
          }
          BHN_UNROLL for (int64_t v = 0; v < n; ++v) { store(out + v * kLanes, sum[v]); }
        }
      },
      [&](int64_t i, const auto& parts, First most) BHN_LAMBDA {
        Lanes u[kBackwardRows];
        BHN_UNROLL for (int64_t k = 0; k < kBackwardRows; ++k) { u[k] = parts[k].get(rows.u[k] + i); }
        for (int64_t s = 0; s < samples; ++s) {
          float* out = y + s * ld_y + i;
          Lanes sum = most.get(out);
          BHN_UNROLL for (int64_t k = 0; k < kBackwardRows; ++k) { sum += a[s * ld_a + k] * u[k]; }
          most.put(out, sum);
        }
      });
}

// sum_s a[s * ld_a] x_s + c u, vector by vector. What the first sample needs stays in registers: usually there is but one.
class RowGradient {
 public:
  BHN_INLINE_MEMBER RowGradient(const float* a, int64_t ld_a, const float* x, int64_t ld_x, float c, const float* u, int64_t samples)
      : a_(a), x_(samples == 0 ? u : x), u_(u), ld_a_(ld_a), ld_x_(ld_x), samples_(samples), c_(c), first_(samples == 0 ? 0.0f : a[0]) {}

  template <class Part>
  BHN_INLINE_MEMBER Lanes operator()(int64_t i, const Part& part) const {
    Lanes sum[1];
    fill(sum, i, part);
    return sum[0];
  }

  // n vectors from entry i on: sums over samples that do not wait for each other.
  template <int64_t n, class Part>
  BHN_INLINE_MEMBER void fill(Lanes (&sum)[n], int64_t i, const Part& part) const {
    BHN_UNROLL for (int64_t v = 0; v < n; ++v) {
      sum[v] = multiply_add(splat(first_), part.get(x_ + i + v * kLanes), c_ * part.get(u_ + i + v * kLanes));
    }
    if (samples_ > 1) {
      add_others(sum, i, part);
    }
  }

 private:
  // A call, so that the sums have the registers for themselves.
  template <int64_t n, class Part>
  __attribute__((noinline)) void add_others(Lanes (&to)[n], int64_t i, const Part& part) const {
    Lanes sum[n];
    BHN_UNROLL for (int64_t v = 0; v < n; ++v) { sum[v] = to[v]; }
    const float* a = a_;
    const float* x = x_ + i;
    for (int64_t s = 1; s < samples_; ++s) {
      a += ld_a_;
      x += ld_x_;
      BHN_UNROLL for (int64_t v = 0; v < n; ++v) { sum[v] = multiply_add(splat(*a), part.get(x + v * kLanes), sum[v]); }
    }
    BHN_UNROLL for (int64_t v = 0; v < n; ++v) { to[v] = sum[v]; }
  }

  const float *a_, *x_, *u_;  // no samples: nothing of x may be read
  int64_t ld_a_, ld_x_, samples_;
  float c_, first_;
};

// |sum_s a[s * ld_a] x_s + c u|^2.
BHN_INLINE float gradient_squares(const float* a, int64_t ld_a, const float* x, int64_t ld_x, float c, const float* u, int64_t n,
                                  int64_t samples) {
  Lanes squares = {};
  RowGradient gradient(a, ld_a, x, ld_x, c, u, samples);
  vectors(0, n, [&](int64_t i, const auto& part) BHN_LAMBDA {
    Lanes g = gradient(i, part);
    squares += g * g;
  });
  return total(squares);
}

// The same of the rows of a group, with a[s * ld_a + k] and c[k].
BHN_INLINE void gradient_squares(float* squares, const float* a, int64_t ld_a, const float* x, int64_t ld_x, const float* c,
                                 const RowGroup<kBackwardRows>& rows, int64_t samples) {
  Lanes sum[kBackwardRows] = {};
  vectors(
      rows,
      [&](int64_t i, auto count) BHN_LAMBDA {
        constexpr int64_t n = count.value;
        Lanes g[kBackwardRows][n];
        BHN_UNROLL for (int64_t k = 0; k < kBackwardRows; ++k) {
          BHN_UNROLL for (int64_t v = 0; v < n; ++v) { g[k][v] = c[k] * load(rows.u[k] + i + v * kLanes); }
        }
        for (int64_t s = 0; s < samples; ++s) {
          Lanes at[n];
          BHN_UNROLL for (int64_t v = 0; v < n; ++v) { at[v] = load(x + s * ld_x + i + v * kLanes); }
          BHN_UNROLL for (int64_t k = 0; k < kBackwardRows; ++k) {
            BHN_UNROLL for (int64_t v = 0; v < n; ++v) { g[k][v] += a[s * ld_a + k] * at[v]; }
          }
        }
        BHN_UNROLL for (int64_t k = 0; k < kBackwardRows; ++k) {
          BHN_UNROLL for (int64_t v = 0; v < n; ++v) { sum[k] += g[k][v] * g[k][v]; }
        }
      },
      [&](int64_t i, const auto& parts, First) BHN_LAMBDA {
        BHN_UNROLL for (int64_t k = 0; k < kBackwardRows; ++k) {
          Lanes g = c[k] * parts[k].get(rows.u[k] + i);
          for (int64_t s = 0; s < samples; ++s) {
            g += a[s * ld_a + k] * parts[k].get(x + s * ld_x + i);
          }
          sum[k] += g * g;
        }
      });
  BHN_UNROLL for (int64_t k = 0; k < kBackwardRows; ++k) { squares[k] = total(sum[k]); }
}

}  // namespace bhn::BHN_ISA
