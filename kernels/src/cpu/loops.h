// Loops over elements whose work is cut at fixed places: which thread takes a piece changes nothing about it, so the bits are the same for
// any number of threads.
#pragma once

#include "cpu/kernels.h"
#include "cpu/vecmath.h"

namespace bhn::BHN_ISA {

// f(i) for each of the rows.
template <class F>
void rowwise(int threads, int64_t rows, int64_t cols, const F& f) {
#pragma omp parallel for if (rows * cols >= kParallel) num_threads(threads) schedule(static)
  for (int64_t i = 0; i < rows; ++i) {
    f(i);
  }
}

// f(begin, end) for pieces of [0, n).
template <class F>
void flat(int threads, int64_t n, const F& f) {
  constexpr int64_t kCut = 1 << 13;
  int64_t cuts = (n + kCut - 1) / kCut;
#pragma omp parallel for if (n >= kParallel) num_threads(threads) schedule(static)
  for (int64_t c = 0; c < cuts; ++c) {
    f(c * kCut, (c + 1) * kCut < n ? (c + 1) * kCut : n);
  }
}

}  // namespace bhn::BHN_ISA
