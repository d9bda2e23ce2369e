// How the rows of a conditioner lie in its parameter block, and what made_bwd says of their gradients.
#pragma once

#include "bhn.h"
#include "cpu/kernels.h"
#include "cpu/vecmath.h"

namespace bhn::BHN_ISA {

// U row after row, then the gains and the biases of all rows.
struct MadeRows {
  const MadeShape& s;
  int64_t rows;

  explicit MadeRows(const MadeShape& shape) : s(shape), rows(shape.hidden + 2 * shape.outputs) {}

  int64_t start(int64_t row) const {
    if (s.row_start != nullptr) {
      return s.row_start[row];
    }
    return row <= s.hidden ? row * s.inputs : s.hidden * s.inputs + (row - s.hidden) * s.hidden;
  }
  int64_t length(int64_t row) const { return start(row + 1) - start(row); }
  int64_t gain(int64_t row) const { return s.weights + row; }
  int64_t bias(int64_t row) const { return s.weights + rows + row; }

  // First row of part c of `parts` parts of [from, to) that hold about as many weights each. They do not depend on the number of
  // threads, so sums over a part have fixed bits.
  int64_t part(int64_t from, int64_t to, int64_t c, int64_t parts) const {
    if (c == 0 || c == parts) {
      return c == 0 ? from : to;
    }
    int64_t base = start(from);
    int64_t target = base + (start(to) - base) * c / parts;
    int64_t low = from, high = to;
    while (low < high) {
      int64_t middle = (low + high) / 2;
      if (start(middle) < target) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
};

// From how many samples on tiles are faster than rows (lab/README.md): for a conditioner's products, and where an optimiser that streams
// its moments forms the gradient.
constexpr int64_t kTiledSamples = 24;
constexpr int64_t kTiledGradients = 40;

// What made_bwd writes: a [S, R], then of each row c, the gradient's norm, d_g, d_b.
template <class Float>
struct MadeFactors {
  Float *a, *c, *norm, *d_g, *d_b;
  MadeFactors(Float* factors, int64_t samples, int64_t rows)
      : a(factors), c(a + samples * rows), norm(c + rows), d_g(norm + rows), d_b(d_g + rows) {}
};

}  // namespace bhn::BHN_ISA
