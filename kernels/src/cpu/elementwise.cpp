// Fills, copies, sums, products, activations, gathers. Bound by memory: 4 bytes for each element read or written.
#include "cpu/loops.h"

namespace bhn::BHN_ISA {

void fill(int threads, float* x, int64_t rows, int64_t cols, int64_t ld_x, float value) {
  if (ld_x == cols) {
    cols *= rows;
    rows = 1;
  }
  // Long rows are cut, so that one long row still uses all threads.
  constexpr int64_t kCut = 1 << 14;
  int64_t cuts = (cols + kCut - 1) / kCut;
#pragma omp parallel for collapse(2) if (rows * cols >= 4 * kParallel) num_threads(threads) schedule(static)
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t c = 0; c < cuts; ++c) {
      int64_t end = (c + 1) * kCut < cols ? (c + 1) * kCut : cols;
      float* row = x + i * ld_x;
      for (int64_t j = c * kCut; j < end; ++j) {
        row[j] = value;
      }
    }
  }
}

namespace {

template <int kActivation>
void forward(int threads, float* y, const float* x, int64_t n) {
  flat(threads, n, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) {
      y[i] = activate<kActivation>(x[i]);
    }
  });
}

template <int kActivation>
void backward(int threads, float* d_x, const float* d_y, const float* x, int64_t n) {
  flat(threads, n, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) {
      d_x[i] += d_y[i] * slope<kActivation>(x[i]);
    }
  });
}

}  // namespace

void copy(int threads, float* y, const float* x, int64_t rows, int64_t cols, int64_t ld_y, int64_t ld_x) {
  rowwise(threads, rows, cols, [=](int64_t i) {
    const float* from = x + i * ld_x;
    float* to = y + i * ld_y;
#pragma omp simd
    for (int64_t j = 0; j < cols; ++j) {
      to[j] = from[j];
    }
  });
}

void axpy(int threads, float* y, const float* x, int64_t rows, int64_t cols, int64_t ld_y, int64_t ld_x, float alpha) {
  rowwise(threads, rows, cols, [=](int64_t i) {
    const float* from = x + i * ld_x;
    float* to = y + i * ld_y;
#pragma omp simd
    for (int64_t j = 0; j < cols; ++j) {
      to[j] += alpha * from[j];
    }
  });
}

void mul_fwd(int threads, float* y, const float* a, const float* b, int64_t n) {
  flat(threads, n, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) {
      y[i] = a[i] * b[i];
    }
  });
}

void mul_bwd(int threads, float* d_a, float* d_b, const float* d_y, const float* a, const float* b, int64_t n) {
  if (d_a != nullptr) {
    flat(threads, n, [=](int64_t begin, int64_t end) {
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) {
        d_a[i] += d_y[i] * b[i];
      }
    });
  }
  if (d_b != nullptr) {
    flat(threads, n, [=](int64_t begin, int64_t end) {
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) {
        d_b[i] += d_y[i] * a[i];
      }
    });
  }
}

void activation_fwd(int threads, float* y, const float* x, int64_t n, int activation) {
  switch (activation) {
    case 1:
      return forward<1>(threads, y, x, n);
    case 2:
      return forward<2>(threads, y, x, n);
    case 3:
      return forward<3>(threads, y, x, n);
    default:
      return forward<0>(threads, y, x, n);
  }
}

void activation_bwd(int threads, float* d_x, const float* d_y, const float* x, int64_t n, int activation) {
  switch (activation) {
    case 1:
      return backward<1>(threads, d_x, d_y, x, n);
    case 2:
      return backward<2>(threads, d_x, d_y, x, n);
    case 3:
      return backward<3>(threads, d_x, d_y, x, n);
    default:
      return backward<0>(threads, d_x, d_y, x, n);
  }
}

int64_t gather_rows(int threads, float* y, const float* x, const int32_t* order, int64_t n, int64_t cols, int64_t x_rows) {
  for (int64_t i = 0; i < n; ++i) {
    if (order[i] < 0 || order[i] >= x_rows) {
      return i;
    }
  }
  rowwise(threads, n, cols, [=](int64_t i) {
    const float* from = x + order[i] * cols;
    const float* next = x + order[i + 1 < n ? i + 1 : i] * cols;
    float* to = y + i * cols;
    for (int64_t j = 0; j < cols; j += 16) {
      __builtin_prefetch(next + j);
    }
#pragma omp simd
    for (int64_t j = 0; j < cols; ++j) {
      to[j] = from[j];
    }
  });
  return -1;
}

// Whether all are in [0, bound), bound at most 2^31 - 1.
bool all_within(const int32_t* x, int64_t n, int64_t bound) {
  int32_t good = 1;
  int32_t end = int32_t(bound);
#pragma omp simd reduction(& : good)
  for (int64_t i = 0; i < n; ++i) {
    good &= (x[i] >= 0) & (x[i] < end);
  }
  return good != 0;
}

int64_t gather_labels(int32_t* y, const int32_t* x, const int32_t* order, int64_t n, int64_t x_rows) {
  for (int64_t i = 0; i < n; ++i) {
    if (order[i] < 0 || order[i] >= x_rows) {
      return i;
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    y[i] = x[order[i]];
  }
  return -1;
}

void sum_rows_fwd(int threads, float* out, const float* x, int64_t rows, int64_t cols, int64_t ld_x) {
  rowwise(threads, rows, cols, [=](int64_t i) {
    const float* row = x + i * ld_x;
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < cols; ++j) {
      sum += row[j];
    }
    out[i] = float(sum);
  });
}

void sum_rows_bwd(int threads, float* d_x, const float* d_out, int64_t rows, int64_t cols, int64_t ld_x) {
  rowwise(threads, rows, cols, [=](int64_t i) {
    float* row = d_x + i * ld_x;
    float d = d_out[i];
#pragma omp simd
    for (int64_t j = 0; j < cols; ++j) {
      row[j] += d;
    }
  });
}

// Fixed chunks, whose sums are added in order: the same bits for any number of threads.
double sum(int threads, const float* x, int64_t n, double* partials) {
  constexpr int64_t kMost = 4096;
  int64_t length = (n + kMost - 1) / kMost;
  length = length < 4096 ? 4096 : length;
  int64_t chunks = (n + length - 1) / length;
#pragma omp parallel for if (n >= kParallel) num_threads(threads) schedule(static)
  for (int64_t c = 0; c < chunks; ++c) {
    int64_t end = (c + 1) * length < n ? (c + 1) * length : n;
    double part = 0;
#pragma omp simd reduction(+ : part)
    for (int64_t i = c * length; i < end; ++i) {
      part += x[i];
    }
    partials[c] = part;
  }
  double total = 0;
  for (int64_t c = 0; c < chunks; ++c) {
    total += partials[c];
  }
  return total;
}

void add_scalar(int threads, float* x, int64_t n, float value) {
  flat(threads, n, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) {
      x[i] += value;
    }
  });
}

}  // namespace bhn::BHN_ISA
