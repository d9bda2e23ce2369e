// C += A B by tiles of C that stay in registers: of each of the tile's rows a number of A, for all of them a row of a panel of B.
// A tile of 8 x 48 (AVX-512) takes 3 loads and 8 broadcasts for its 24 multiplications and additions.
#pragma once

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

// A whole tile of C, its rows ld_c apart; b is [depth][kTileColumns]. Without kAdd, C = A B.
template <bool kAdd, class A>
BHN_INLINE void tile_product(float* c, int64_t ld_c, const A& a, const float* b, int64_t depth) {
  Lanes sum[kTileRows][kTileVectors];
  BHN_UNROLL_TILE for (int64_t m = 0; m < kTileRows; ++m) {
    BHN_UNROLL_TILE for (int64_t v = 0; v < kTileVectors; ++v) { sum[m][v] = kAdd ? load(c + m * ld_c + v * kLanes) : Lanes{}; }
  }
  for (int64_t k = 0; k < depth; ++k) {
    Lanes row[kTileVectors];
    BHN_UNROLL_TILE for (int64_t v = 0; v < kTileVectors; ++v) { row[v] = load(b + k * kTileColumns + v * kLanes); }
    BHN_UNROLL_TILE for (int64_t m = 0; m < kTileRows; ++m) {
      Lanes factor = splat(a(m, k));
      BHN_UNROLL_TILE for (int64_t v = 0; v < kTileVectors; ++v) { sum[m][v] = multiply_add(factor, row[v], sum[m][v]); }
    }
  }
  BHN_UNROLL_TILE for (int64_t m = 0; m < kTileRows; ++m) {
    BHN_UNROLL_TILE for (int64_t v = 0; v < kTileVectors; ++v) { store(c + m * ld_c + v * kLanes, sum[m][v]); }
  }
}

// step(v, part) for the vectors of the first n entries of a panel's row.
template <class Step>
BHN_INLINE void panel_row(int64_t n, const Step& step) {
  BHN_UNROLL_TILE for (int64_t v = 0; v < kTileVectors; ++v) { step(v * kLanes, First::of(n - v * kLanes)); }
}

// The same where C has only so many rows and columns of the tile, in a copy of it.
template <bool kAdd, class A>
void part_of_tile_product(float* c, int64_t ld_c, int64_t rows, int64_t columns, const A& a, const float* b, int64_t depth) {
  alignas(64) float tile[kTileRows * kTileColumns] = {};
  for (int64_t m = 0; kAdd && m < rows; ++m) {
    panel_row(columns, [&](int64_t i, First part) BHN_LAMBDA { store(tile + m * kTileColumns + i, part.get(c + m * ld_c + i)); });
  }
  tile_product<kAdd>(tile, kTileColumns, a, b, depth);
  for (int64_t m = 0; m < rows; ++m) {
    panel_row(columns, [&](int64_t i, First part) BHN_LAMBDA { part.put(c + m * ld_c + i, load(tile + m * kTileColumns + i)); });
  }
}

// C [rows, columns] += A B, or = without kAdd, for a panel of B, whose columns past the last may hold anything finite.
template <bool kAdd>
void panel_product(float* c, int64_t ld_c, int64_t rows, int64_t columns, const float* a, int64_t ld_a, const float* b, int64_t depth) {
  for (int64_t row = 0; row < rows; row += kTileRows) {
    RowsOfA some(a + row * ld_a, ld_a, rows - row);
    if (rows - row >= kTileRows && columns == kTileColumns) {
      tile_product<kAdd>(c + row * ld_c, ld_c, some, b, depth);
    } else {
      part_of_tile_product<kAdd>(c + row * ld_c, ld_c, rows - row < kTileRows ? rows - row : kTileRows, columns, some, b, depth);
    }
  }
}

}  // namespace bhn::BHN_ISA
