// C += A B by tiles of C that stay in registers: of each of the tile's rows a number of A, for all of them a row of a panel of B.
// A tile of 8 x 48 (AVX-512) takes 3 loads and 8 broadcasts for its 24 multiplications and additions.
#pragma once

#include <type_traits>

#include "cpu/lanes.h"

namespace bhn::BHN_ISA {

#if defined(__AVX512F__)
constexpr int64_t kTileRows = 8, kTileVectors = 3;
#elif defined(__AVX2__)
constexpr int64_t kTileRows = 4, kTileVectors = 3;
#else
constexpr int64_t kTileRows = 4, kTileVectors = 2;
#endif
constexpr int64_t kTileColumns = kTileVectors * kLanes;
#define BHN_UNROLL_TILE _Pragma("GCC unroll 8")

// A whose rows lie anywhere, each in one piece. Rows past the last are that one again.
struct RowsOfA {
  const float* at[kTileRows];

  RowsOfA(const float* a, int64_t ld, int64_t rows) {
    for (int64_t m = 0; m < kTileRows; ++m) {
      at[m] = a + (m < rows ? m : rows - 1) * ld;
    }
  }
  BHN_INLINE_MEMBER float operator()(int64_t m, int64_t k) const { return at[m][k]; }
};

// A as [depth][kTileRows].
struct PanelOfA {
  const float* at;

  BHN_INLINE_MEMBER float operator()(int64_t m, int64_t k) const { return at[k * kTileRows + m]; }
};

// Where the sums of C go, its rows ld apart. A tile's lines are asked for before its product: stores that wait for them take as long as it.
struct Sums {
  float* at;
  int64_t ld;

  BHN_INLINE_MEMBER Sums below(int64_t rows) const { return {at + rows * ld, ld}; }
  template <int64_t kVectors>
  BHN_INLINE_MEMBER void ask(int64_t row) const {
    const float* from = at + row * ld;
    BHN_UNROLL_TILE for (int64_t v = 0; v < kVectors; ++v) { __builtin_prefetch(from + v * kLanes, 1); }
    __builtin_prefetch(from + kVectors * kLanes - 1, 1);
  }
  template <class Part>
  BHN_INLINE_MEMBER Lanes get(int64_t row, int64_t v, Part part) const {
    return part.get(at + row * ld + v * kLanes);
  }
  template <class Part>
  BHN_INLINE_MEMBER void put(int64_t row, int64_t v, Lanes sum, Part part) const {
    part.put(at + row * ld + v * kLanes, sum);
  }
};

// A tile of C, of which only `rows` and `columns` are there unless it is whole; b is [depth][kVectors * kLanes]. Without kAdd, C = A B.
template <bool kAdd, bool kWhole, int64_t kVectors, class C, class A>
BHN_INLINE void tile_product(const C& c, int64_t rows, int64_t columns, const A& a, const float* b, int64_t depth) {
  using Last = std::conditional_t<kWhole, Whole, First>;
  Last last{};
  if constexpr (!kWhole) {
    last = First::of(columns - (kVectors - 1) * kLanes);
  }
  Lanes sum[kTileRows][kVectors] = {};
  BHN_UNROLL_TILE for (int64_t m = 0; m < kTileRows; ++m) {
    if (kWhole || m < rows) {
      c.template ask<kVectors>(m);
    }
  }
  BHN_UNROLL_TILE for (int64_t m = 0; m < kTileRows; ++m) {
    if (kAdd && (kWhole || m < rows)) {
      BHN_UNROLL_TILE for (int64_t v = 0; v < kVectors - 1; ++v) { sum[m][v] = c.get(m, v, Whole()); }
      sum[m][kVectors - 1] = c.get(m, kVectors - 1, last);
    }
  }
  for (int64_t k = 0; k < depth; ++k) {
    Lanes some[kVectors];
    BHN_UNROLL_TILE for (int64_t v = 0; v < kVectors; ++v) { some[v] = load(b + (k * kVectors + v) * kLanes); }
    BHN_UNROLL_TILE for (int64_t m = 0; m < kTileRows; ++m) {
      Lanes factor = splat(a(m, k));
      BHN_UNROLL_TILE for (int64_t v = 0; v < kVectors; ++v) { sum[m][v] = multiply_add(factor, some[v], sum[m][v]); }
    }
  }
  BHN_UNROLL_TILE for (int64_t m = 0; m < kTileRows; ++m) {
    if (kWhole || m < rows) {
      BHN_UNROLL_TILE for (int64_t v = 0; v < kVectors - 1; ++v) { c.put(m, v, sum[m][v], Whole()); }
      c.put(m, kVectors - 1, sum[m][kVectors - 1], last);
    }
  }
}

// step(vectors) with the number of vectors that so many columns, at most kTileColumns, lie in.
template <int64_t kVectors = kTileVectors, class Step>
BHN_INLINE void with_vectors(int64_t columns, const Step& step) {
  if constexpr (kVectors > 1) {
    if (columns <= (kVectors - 1) * kLanes) {
      return with_vectors<kVectors - 1>(columns, step);
    }
  }
  step(std::integral_constant<int64_t, kVectors>());
}

// step(v, part) for the vectors of the first n entries of a panel's row.
template <int64_t kVectors, class Step>
BHN_INLINE void panel_row(int64_t n, const Step& step) {
  BHN_UNROLL_TILE for (int64_t v = 0; v < kVectors; ++v) { step(v * kLanes, First::of(n - v * kLanes)); }
}

// C [rows, columns] += A B, or = without kAdd, for a panel of B, whose columns past the last may hold anything finite.
template <bool kAdd, int64_t kVectors, class C>
void panel_product(const C& c, int64_t rows, int64_t columns, const float* a, int64_t ld_a, const float* b, int64_t depth) {
  for (int64_t row = 0; row < rows; row += kTileRows) {
    RowsOfA some(a + row * ld_a, ld_a, rows - row);
    if (rows - row >= kTileRows && columns == kVectors * kLanes) {
      tile_product<kAdd, true, kVectors>(c.below(row), kTileRows, columns, some, b, depth);
    } else {
      tile_product<kAdd, false, kVectors>(c.below(row), rows - row, columns, some, b, depth);
    }
  }
}

}  // namespace bhn::BHN_ISA
