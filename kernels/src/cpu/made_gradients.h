// Gradients of a conditioner's weights, from their factors: row by row, or by tiles where there are many samples.
#pragma once

#include "cpu/made_tiles.h"
#include "cpu/row_products.h"

namespace bhn::BHN_ISA {

struct WrittenGradient {
  const float* g;

  template <int64_t n, class Part>
  BHN_INLINE_MEMBER void fill(Lanes (&out)[n], int64_t i, const Part& part) const {
    BHN_UNROLL for (int64_t v = 0; v < n; ++v) { out[v] = part.get(g + i + v * kLanes); }
  }
};

// Calls take(i, n, gradient) for all weights of rows [from, to): the gradient's entries from 0 on are those of weights [i, i + n). What
// was taken may be changed: no later part of the gradient needs it.
template <class Take>
BHN_INLINE void made_gradients(const MadeFactors<const float>& in, const float* z, const float* h, const float* params, const MadeRows& at,
                               int64_t from, int64_t to, const Take& take) {
  bool tiles = at.s.samples >= kTiledGradients;
  int64_t rows_at_once = tiles ? kGradientRows : 1;
  for (int64_t row = from; row < to;) {
    bool hidden = row < at.s.hidden;
    const float* x = hidden ? z : h;
    int64_t ld_x = hidden ? at.s.ld_z : at.s.hidden;
    int64_t next = lesser(row + rows_at_once, hidden ? lesser(at.s.hidden, to) : to);
    if (tiles) {
      tile_gradients(in.a, x, ld_x, in.c, at, params, row, next,
                     [&](int64_t of, int64_t i, int64_t n, const float* g) { take(at.start(of) + i, n, WrittenGradient{g}); });
    } else {
      take(at.start(row), at.length(row), RowGradient(in.a + row, at.rows, x, ld_x, in.c[row], params + at.start(row), at.s.samples));
    }
    row = next;
  }
}

}  // namespace bhn::BHN_ISA
