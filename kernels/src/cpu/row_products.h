// Products of rows of about equal length with vectors, and sums of such rows, in registers. A product is the sum of its lanes in a
// fixed order, whether it is computed alone or in a group, so its bits do not depend on how many samples there are.
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
#define BHN_UNROLL _Pragma("GCC unroll 4")
#define BHN_LAMBDA __attribute__((always_inline))

struct RowGroup {
  const float* u[kGroupRows];
  int64_t n[kGroupRows];
  int64_t whole;  // entries that all of them have, in full vectors
  bool equal;     // all are as long: what is left over is one masked vector for all

  RowGroup(const MadeRows& at, const float* params, int64_t first) {
    int64_t least = at.length(first);
    equal = true;
    for (int64_t k = 0; k < kGroupRows; ++k) {
      u[k] = params + at.start(first + k);
      n[k] = at.length(first + k);
      equal &= n[k] == n[0];
      least = n[k] < least ? n[k] : least;
    }
    whole = least / kLanes * kLanes;
  }
};

// step(i, get) for the vectors of entries [from, n): get(p + i) loads one, the last perhaps in part.
template <class Step>
BHN_INLINE void vectors(int64_t from, int64_t n, const Step& step) {
  int64_t i = from;
  for (; i + kLanes <= n; i += kLanes) {
    step(i, [](const float* p) BHN_LAMBDA { return load(p); });
  }
  if (i < n) {
    int64_t rest = n - i;
    step(i, [rest](const float* p) BHN_LAMBDA { return load_first(p, rest); });
  }
}

// Of a group: together(i, get) for what its rows share, alone(k, i, get) for what a row has besides.
template <class Together, class Alone>
BHN_INLINE void vectors(const RowGroup& rows, const Together& together, const Alone& alone) {
  if (rows.equal) {
    vectors(0, rows.n[0], together);
    return;
  }
  vectors(0, rows.whole, together);
  BHN_UNROLL for (int64_t k = 0; k < kGroupRows; ++k) {
    vectors(rows.whole, rows.n[k], [&](int64_t i, const auto& get) BHN_LAMBDA { alone(k, i, get); });
  }
}

// u x and |u|^2.
BHN_INLINE float dot_and_squares(const float* u, const float* x, int64_t n, float* squares) {
  Lanes a = {}, b = {};
  vectors(0, n, [&](int64_t i, const auto& get) BHN_LAMBDA {
    Lanes v = get(u + i);
    a += v * get(x + i);
    b += v * v;
  });
  *squares = total(b);
  return total(a);
}

// out[s * ld_out] = u x_s for kGroupSamples samples.
BHN_INLINE void dots(float* out, int64_t ld_out, const float* u, int64_t n, const float* x, int64_t ld) {
  Lanes sum[kGroupSamples] = {};
  vectors(0, n, [&](int64_t i, const auto& get) BHN_LAMBDA {
    Lanes v = get(u + i);
    BHN_UNROLL for (int64_t s = 0; s < kGroupSamples; ++s) { sum[s] += v * get(x + s * ld + i); }
  });
  BHN_UNROLL for (int64_t s = 0; s < kGroupSamples; ++s) { out[s * ld_out] = total(sum[s]); }
}

// out[s * ld_out + k] = u_k x_s for kGroupSamples samples.
BHN_INLINE void dots(float* out, int64_t ld_out, const RowGroup& rows, const float* x, int64_t ld) {
  Lanes sum[kGroupRows][kGroupSamples] = {};
  vectors(
      rows,
      [&](int64_t i, const auto& get) BHN_LAMBDA {
        Lanes at[kGroupSamples];
        BHN_UNROLL for (int64_t s = 0; s < kGroupSamples; ++s) { at[s] = get(x + s * ld + i); }
        BHN_UNROLL for (int64_t k = 0; k < kGroupRows; ++k) {
          Lanes v = get(rows.u[k] + i);
          BHN_UNROLL for (int64_t s = 0; s < kGroupSamples; ++s) { sum[k][s] += v * at[s]; }
        }
      },
      [&](int64_t k, int64_t i, const auto& get) BHN_LAMBDA {
        Lanes v = get(rows.u[k] + i);
        BHN_UNROLL for (int64_t s = 0; s < kGroupSamples; ++s) { sum[k][s] += v * get(x + s * ld + i); }
      });
  BHN_UNROLL for (int64_t k = 0; k < kGroupRows; ++k) {
    FourLanes products = totals(sum[k][0], sum[k][1], sum[k][2], sum[k][3]);
    BHN_UNROLL for (int64_t s = 0; s < kGroupSamples; ++s) { out[s * ld_out + k] = products[s]; }
  }
}

// y += a u.
BHN_INLINE void add_row(float* y, float a, const float* u, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    store(y + i, load(y + i) + a * load(u + i));
  }
  if (i < n) {
    store_first(y + i, load_first(y + i, n - i) + a * load_first(u + i, n - i), n - i);
  }
}

// y_s += sum_k a[s * ld_a + k] u_k for all samples, in the order of the rows.
BHN_INLINE void add_rows(float* y, int64_t ld_y, const float* a, int64_t ld_a, const RowGroup& rows, int64_t samples) {
  for (int64_t s = 0; s < samples; ++s) {
    float* out = y + s * ld_y;
    const float* factor = a + s * ld_a;
    for (int64_t i = 0; i < rows.whole; i += kLanes) {
      Lanes sum = load(out + i);
      BHN_UNROLL for (int64_t k = 0; k < kGroupRows; ++k) { sum += factor[k] * load(rows.u[k] + i); }
      store(out + i, sum);
    }
    int64_t rest = rows.n[0] - rows.whole;
    if (rows.equal && rest > 0) {
      Lanes sum = load_first(out + rows.whole, rest);
      BHN_UNROLL for (int64_t k = 0; k < kGroupRows; ++k) { sum += factor[k] * load_first(rows.u[k] + rows.whole, rest); }
      store_first(out + rows.whole, sum, rest);
    }
    for (int64_t k = 0; !rows.equal && k < kGroupRows; ++k) {
      add_row(out + rows.whole, factor[k], rows.u[k] + rows.whole, rows.n[k] - rows.whole);
    }
  }
}

// g[i] = sum_s a[s * ld_a] x[s * ld_x + i] + c u[i] for i < n. It writes up to kLanes - 1 further entries of g.
BHN_INLINE void gradient_entries(float* g, const float* a, int64_t ld_a, const float* x, int64_t ld_x, float c, const float* u,
                                 int64_t samples, int64_t n) {
  vectors(0, n, [&](int64_t i, const auto& get) BHN_LAMBDA {
    Lanes sum = c * get(u + i);
    for (int64_t s = 0; s < samples; ++s) {
      sum += a[s * ld_a] * get(x + s * ld_x + i);
    }
    store(g + i, sum);
  });
}

// |sum_s a[s * ld_a] x_s + c u|^2.
BHN_INLINE float gradient_squares(const float* a, int64_t ld_a, const float* x, int64_t ld_x, float c, const float* u, int64_t n,
                                  int64_t samples) {
  Lanes squares = {};
  vectors(0, n, [&](int64_t i, const auto& get) BHN_LAMBDA {
    Lanes g = c * get(u + i);
    for (int64_t s = 0; s < samples; ++s) {
      g += a[s * ld_a] * get(x + s * ld_x + i);
    }
    squares += g * g;
  });
  return total(squares);
}

// The same of the rows of a group, with a[s * ld_a + k] and c[k].
BHN_INLINE void gradient_squares(float* squares, const float* a, int64_t ld_a, const float* x, int64_t ld_x, const float* c,
                                 const RowGroup& rows, int64_t samples) {
  Lanes sum[kGroupRows] = {};
  vectors(
      rows,
      [&](int64_t i, const auto& get) BHN_LAMBDA {
        Lanes g[kGroupRows];
        BHN_UNROLL for (int64_t k = 0; k < kGroupRows; ++k) { g[k] = c[k] * get(rows.u[k] + i); }
        for (int64_t s = 0; s < samples; ++s) {
          Lanes at = get(x + s * ld_x + i);
          BHN_UNROLL for (int64_t k = 0; k < kGroupRows; ++k) { g[k] += a[s * ld_a + k] * at; }
        }
        BHN_UNROLL for (int64_t k = 0; k < kGroupRows; ++k) { sum[k] += g[k] * g[k]; }
      },
      [&](int64_t k, int64_t i, const auto& get) BHN_LAMBDA {
        Lanes g = c[k] * get(rows.u[k] + i);
        for (int64_t s = 0; s < samples; ++s) {
          g += a[s * ld_a + k] * get(x + s * ld_x + i);
        }
        sum[k] += g * g;
      });
  BHN_UNROLL for (int64_t k = 0; k < kGroupRows; ++k) { squares[k] = total(sum[k]); }
}

}  // namespace bhn::BHN_ISA
