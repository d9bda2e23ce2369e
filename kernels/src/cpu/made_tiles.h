// A conditioner's three products for many samples, by tiles. Rows of U have their own lengths: panels are packed from them with zeros
// past a row's end, and what lies wholly past it is left out. A sum runs over its terms in their order, whatever tile it is in.
// What a row does not see must be finite: it is multiplied by zero.
#pragma once

#include "cpu/made_rows.h"
#include "cpu/tiles.h"

namespace bhn::BHN_ISA {

constexpr int64_t kTileDepth = 128;  // of a panel, which then lies in the first-level cache
constexpr int64_t kGradientRows = 64;
constexpr int64_t kGradientDepth = 256;
constexpr int64_t kGradientColumns = 4 * kTileColumns;
static_assert(kGradientRows % kTileRows == 0, "GradientRoom holds whole tiles");
static_assert(kTileColumns % 4 == 0, "pack_columns takes four rows at a time");

// Not std::min, whose one copy in the library may be that of another instruction set.
inline int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }

inline int64_t longest(const MadeRows& at, int64_t from, int64_t to) {
  int64_t most = 0;
  for (int64_t row = from; row < to; ++row) {
    most = at.length(row) > most ? at.length(row) : most;
  }
  return most;
}

// Entries [i, i + depth) of at most kVectors * kLanes rows, one column of the panel each: transposed, 4 x 4 at a time where all four rows
// reach so far. Only a panel that is not full needs its zeros.
template <int64_t kVectors>
void pack_columns(float* panel, const MadeRows& at, const float* params, int64_t from, int64_t to, int64_t i, int64_t depth) {
  constexpr int64_t kColumns = kVectors * kLanes;
  bool full = to - from == kColumns;
  for (int64_t row = from; row < to; ++row) {
    full &= at.length(row) >= i + depth;
  }
  if (!full) {
    __builtin_memset(panel, 0, sizeof(float) * depth * kColumns);
  }
  for (int64_t row = from; row < to; row += 4) {
    int64_t rows = lesser(4, to - row), together = depth;
    const float* u[4];
    int64_t n[4];
    for (int64_t k = 0; k < rows; ++k) {
      u[k] = params + at.start(row + k) + i;
      n[k] = lesser(at.length(row + k) - i, depth);
      together = lesser(together, n[k]);
    }
    together = rows < 4 || together < 0 ? 0 : together / 4 * 4;
    float* to_row = panel + row - from;
    for (int64_t k = 0; k < together; k += 4) {
      FourLanes a = load_four(u[0] + k), b = load_four(u[1] + k), c = load_four(u[2] + k), d = load_four(u[3] + k);
      FourLanes ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
      FourLanes cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
      store_four(to_row + (k + 0) * kColumns, __builtin_shufflevector(ab, cd, 0, 1, 4, 5));
      store_four(to_row + (k + 1) * kColumns, __builtin_shufflevector(ab, cd, 2, 3, 6, 7));
      store_four(to_row + (k + 2) * kColumns, __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5));
      store_four(to_row + (k + 3) * kColumns, __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7));
    }
    for (int64_t j = 0; j < rows; ++j) {
      for (int64_t k = together; k < n[j]; ++k) {
        to_row[k * kColumns + j] = u[j][k];
      }
    }
  }
}

// What a layer makes of its products t: y = max(t scale + bias, least).
struct Outputs {
  float* y;
  int64_t ld_y;
  const float *scale, *bias;
  float least;
};

// Where products and outputs go from the registers that hold the sums.
template <int64_t kVectors>
struct SumsAndOutputs {
  Sums t, y;
  Lanes scale[kVectors], bias[kVectors], least;

  SumsAndOutputs(const Sums& products, const Outputs& out, int64_t columns) : t(products), y{out.y, out.ld_y}, least(splat(out.least)) {
    panel_row<kVectors>(columns, [&](int64_t i, First part) BHN_LAMBDA {
      scale[i / kLanes] = part.get(out.scale + i);
      bias[i / kLanes] = part.get(out.bias + i);
    });
  }
  BHN_INLINE_MEMBER SumsAndOutputs below(int64_t rows) const {
    SumsAndOutputs moved = *this;
    moved.t = t.below(rows);
    moved.y = y.below(rows);
    return moved;
  }
  template <int64_t kAsked>
  BHN_INLINE_MEMBER void ask(int64_t row) const {
    t.ask<kAsked>(row);
    y.ask<kAsked>(row);
  }
  template <class Part>
  BHN_INLINE_MEMBER Lanes get(int64_t row, int64_t v, Part part) const {
    return t.get(row, v, part);
  }
  template <class Part>
  BHN_INLINE_MEMBER void put(int64_t row, int64_t v, Lanes sum, Part part) const {
    Lanes value = multiply_add(sum, scale[v], bias[v]);
    t.put(row, v, sum, part);
    y.put(row, v, value < least ? least : value, part);
  }
};

// t[s * rows + row] = u x_s for at most kTileColumns rows, and the outputs of these.
inline void tile_products(float* t, const Outputs& out, const MadeRows& at, const float* params, const float* x, int64_t ld_x, int64_t from,
                          int64_t to) {
  alignas(64) float panel[kTileDepth * kTileColumns];
  int64_t most = longest(at, from, to), columns = to - from;
  with_vectors(columns, [&](auto vectors) {
    Sums sums{t + from, at.rows};
    SumsAndOutputs<vectors> both(sums, out, columns);
    int64_t i = 0;
    do {
      int64_t depth = lesser(kTileDepth, most - i);
      pack_columns<vectors>(panel, at, params, from, to, i, depth);
      auto product = [&](const auto& c) {
        if (i == 0) {
          panel_product<false, vectors>(c, at.s.samples, columns, x + i, ld_x, panel, depth);
        } else {
          panel_product<true, vectors>(c, at.s.samples, columns, x + i, ld_x, panel, depth);
        }
      };
      if (i + depth < most) {
        product(sums);
      } else {
        product(both);
      }
      i += depth;
    } while (i < most);
  });
}

// y[s * ld_y + k] += sum over rows [from, to) of a[s * rows + row] u[i + k] for k < columns, at most kTileColumns.
inline void tile_input_gradient(float* y, int64_t ld_y, const float* a, const MadeRows& at, const float* params, int64_t from, int64_t to,
                                int64_t i, int64_t columns, int64_t samples) {
  alignas(64) float panel[kTileDepth * kTileColumns];
  with_vectors(columns, [&](auto vectors) {
    for (int64_t row = from; row < to;) {
      int64_t first = row;
      float* end = panel;
      for (; row < to && row - first < kTileDepth && at.length(row) > i; ++row, end += vectors * kLanes) {
        const float* u = params + at.start(row) + i;
        panel_row<vectors>(at.length(row) - i, [&](int64_t k, First part) BHN_LAMBDA { store(end + k, part.get(u + k)); });
      }
      if (row > first) {
        panel_product<true, vectors>(Sums{y, ld_y}, samples, columns, a + first, at.rows, panel, row - first);
      } else {
        ++row;
      }
    }
  });
}

// Samples [s, s + depth) of the a of rows [from, to): a PanelOfA for each tile of them, kGradientDepth long.
inline void pack_factors(float* left, const float* a, int64_t ld_a, int64_t from, int64_t to, int64_t s, int64_t depth) {
  for (int64_t k = 0; k < depth; ++k) {
    for (int64_t row = from; row < to; row += kTileRows) {
      float* tile = left + (row - from) * kGradientDepth + k * kTileRows;
      const float* some = a + (s + k) * ld_a + row;
      if (row + kTileRows <= to) {
        __builtin_memcpy(tile, some, sizeof(float) * kTileRows);
        continue;
      }
      for (int64_t m = 0; m < kTileRows; ++m) {
        tile[m] = row + m < to ? some[m] : 0.0f;
      }
    }
  }
}

// A thread's room for gradients. Not on the stack, of which a JVM leaves native code 80 KB.
struct GradientRoom {
  alignas(64) float left[kGradientRows * kGradientDepth];
  alignas(64) float right[kGradientDepth * kTileColumns];
  alignas(64) float g[kGradientRows * kGradientColumns];  // of rows past the last: anything, since nobody reads it
};

inline GradientRoom& gradient_room() {
  static thread_local GradientRoom room;
  return room;
}

// Calls take(row, i, n, g) with entries [i, i + n) of the gradient sum_s a[s * rows + row] x_s + c[row] u of each row, at most
// kGradientRows of them. Pieces are as wide as the cache allows: what is done with them then goes through memory in long stretches.
template <class Take>
void tile_gradients(const float* a, const float* x, int64_t ld_x, const float* c, const MadeRows& at, const float* params, int64_t from,
                    int64_t to, const Take& take) {
  GradientRoom& room = gradient_room();
  float *left = room.left, *right = room.right, *g = room.g;
  int64_t most = longest(at, from, to);
  int64_t packed = -1;
  for (int64_t first = 0; first < most; first += kGradientColumns) {
    int64_t end = lesser(most, first + kGradientColumns);
    for (int64_t row = from; row < to; ++row) {
      const float* u = params + at.start(row) + first;
      float* start = g + (row - from) * kGradientColumns;
      for (int64_t i = 0; i < end - first; i += kTileColumns) {
        panel_row<kTileVectors>(at.length(row) - first - i,
                                [&](int64_t k, First part) BHN_LAMBDA { store(start + i + k, c[row] * part.get(u + i + k)); });
      }
    }
    for (int64_t i = first; i < end; i += kTileColumns) {
      for (int64_t s = 0; s < at.s.samples; s += kGradientDepth) {
        int64_t depth = lesser(kGradientDepth, at.s.samples - s);
        if (packed != s) {
          pack_factors(left, a, at.rows, from, to, s, depth);
          packed = s;
        }
        for (int64_t k = 0; k < depth; ++k) {
          const float* some = x + (s + k) * ld_x + i;
          panel_row<kTileVectors>(most - i,
                                  [&](int64_t v, First part) BHN_LAMBDA { store(right + k * kTileColumns + v, part.get(some + v)); });
        }
        for (int64_t row = from; row < to; row += kTileRows) {
          if (longest(at, row, lesser(row + kTileRows, to)) > i) {
            Sums sums{g + (row - from) * kGradientColumns + i - first, kGradientColumns};
            PanelOfA factors{left + (row - from) * kGradientDepth};
            tile_product<true, true, kTileVectors>(sums, kTileRows, kTileColumns, factors, right, depth);
          }
        }
      }
    }
    for (int64_t row = from; row < to; ++row) {
      int64_t n = lesser(at.length(row) - first, kGradientColumns);
      if (n > 0) {
        take(row, first, n, g + (row - from) * kGradientColumns);
      }
    }
  }
}

}  // namespace bhn::BHN_ISA
