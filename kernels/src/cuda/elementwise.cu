// Fills, copies, sums, products, activations, gathers: elements.h walks, an op says what happens to an element.
// Bytes: 4 for each element read or written (fill 4, copy 8, y += alpha x 12, product 12, gather 8; backward of a product 28, of an
// activation 16). At most 30 FLOPs an element. Bound by memory; below some 100,000 elements by the launch.
#include "cuda/activation.h"
#include "cuda/elements.h"

namespace bhn::cuda {
namespace {

struct Fill {
  static constexpr bool kAdds = false, kByRow = false;
  static constexpr int kInputs = 0;
  float value;
  __device__ float operator()(int64_t, float, float, float) const { return value; }
};

struct Copy {
  static constexpr bool kAdds = false, kByRow = false;
  static constexpr int kInputs = 1;
  __device__ float operator()(int64_t, float, float a, float) const { return a; }
};

struct Axpy {
  static constexpr bool kAdds = true, kByRow = false;
  static constexpr int kInputs = 1;
  float alpha;
  __device__ float operator()(int64_t, float y, float a, float) const { return y + alpha * a; }
};

struct Multiply {
  static constexpr bool kAdds = false, kByRow = false;
  static constexpr int kInputs = 2;
  __device__ float operator()(int64_t, float, float a, float b) const { return a * b; }
};

template <int kActivation>
struct Activate {
  static constexpr bool kAdds = false, kByRow = false;
  static constexpr int kInputs = 1;
  __device__ float operator()(int64_t, float, float x, float) const { return activate<kActivation>(x); }
};

template <int kActivation>
struct ActivateBackward {
  static constexpr bool kAdds = true, kByRow = false;
  static constexpr int kInputs = 2;
  __device__ float operator()(int64_t, float d_x, float d_y, float x) const { return d_x + d_y * slope<kActivation>(x); }
};

// Both gradients in one pass, so that d_y is read once.
__global__ void __launch_bounds__(kPlaneThreads)
    multiply_backward(float* d_a, float* d_b, const float* d_y, const float* a, const float* b, int64_t n, bool whole) {
  for (int64_t i = 4 * global_thread(); i < n; i += 4 * grid_threads()) {
    Quad up = load_quad(d_y + i, n - i, whole);
    if (d_a != nullptr) {
      Quad other = load_quad(b + i, n - i, whole), sum = load_quad(d_a + i, n - i, whole);
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        sum.x[k] += up.x[k] * other.x[k];
      }
      store_quad(d_a + i, sum, n - i, whole);
    }
    if (d_b != nullptr) {
      Quad other = load_quad(a + i, n - i, whole), sum = load_quad(d_b + i, n - i, whole);
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        sum.x[k] += up.x[k] * other.x[k];
      }
      store_quad(d_b + i, sum, n - i, whole);
    }
  }
}

// Where a gather reads from: entries *cursor .. *cursor + n - 1 of order, if there are so many.
struct Picks {
  const int32_t* order;
  const int64_t* cursor;
  int64_t n, x_rows, n_order;
  Fault* fault;

  // The row of x for row i of y, or -1 after it has been reported.
  __device__ int64_t row(int64_t i) const {
    int64_t at = *cursor;
    if (at < 0 || at > n_order - n) {
      report(fault, Fault::kCursor, n, at, n_order - n);
      return -1;
    }
    int32_t row = order[at + i];
    if (row < 0 || row >= x_rows) {
      report(fault, Fault::kRow, i, row, x_rows);
      return -1;
    }
    return row;
  }
};

__global__ void __launch_bounds__(kPlaneThreads) gather(float* y, const float* x, Picks picks, int64_t cols, bool y_whole, bool x_whole) {
  for (int64_t i = plane_row(); i < picks.n; i += plane_rows()) {
    int64_t row = picks.row(i);
    for (int64_t j = 4 * plane_col(); row >= 0 && j < cols; j += 4 * plane_cols()) {
      store_quad(y + i * cols + j, load_quad(x + row * cols + j, cols - j, x_whole), cols - j, y_whole);
    }
  }
}

__global__ void __launch_bounds__(kPlaneThreads) gather_one(int32_t* y, const int32_t* x, Picks picks) {
  for (int64_t i = global_thread(); i < picks.n; i += grid_threads()) {
    int64_t row = picks.row(i);
    if (row >= 0) {
      y[i] = x[row];
    }
  }
}

}  // namespace

int fill(const Queue& q, float* x, int64_t rows, int64_t cols, int64_t ld_x, float value) {
  return map(q, Fill{value}, x, nullptr, nullptr, rows, cols, ld_x, 0);
}

int copy(const Queue& q, float* y, const float* x, int64_t rows, int64_t cols, int64_t ld_y, int64_t ld_x) {
  return map(q, Copy{}, y, x, nullptr, rows, cols, ld_y, ld_x);
}

int axpy(const Queue& q, float* y, const float* x, int64_t rows, int64_t cols, int64_t ld_y, int64_t ld_x, float alpha) {
  return map(q, Axpy{alpha}, y, x, nullptr, rows, cols, ld_y, ld_x);
}

int mul_fwd(const Queue& q, float* y, const float* a, const float* b, int64_t n) { return map(q, Multiply{}, y, a, b, 1, n, n, n); }

int mul_bwd(const Queue& q, float* d_a, float* d_b, const float* d_y, const float* a, const float* b, int64_t n) {
  if (d_a == nullptr && d_b == nullptr) {
    return cudaSuccess;
  }
  bool whole = in_quads(d_a, 0) && in_quads(d_b, 0) && in_quads(d_y, 0) && in_quads(a, 0) && in_quads(b, 0);
  unsigned blocks = blocks_for(q, ceil_div(n, 4), kPlaneThreads);
  return BHN_LAUNCH(multiply_backward, blocks, kPlaneThreads, 0, q, d_a, d_b, d_y, a, b, n, whole);
}

int activation_fwd(const Queue& q, float* y, const float* x, int64_t n, int activation) {
  return for_activation(activation, [&](auto kind) { return map(q, Activate<kind.value>{}, y, x, nullptr, 1, n, n, n); });
}

int activation_bwd(const Queue& q, float* d_x, const float* d_y, const float* x, int64_t n, int activation) {
  return for_activation(activation, [&](auto kind) { return map(q, ActivateBackward<kind.value>{}, d_x, d_y, x, 1, n, n, n); });
}

int gather_rows(const Queue& q, float* y, const float* x, const int32_t* order, const int64_t* cursor, int64_t n, int64_t cols,
                int64_t x_rows, int64_t n_order) {
  Picks picks = {order, cursor, n, x_rows, n_order, q.fault};
  Plane p(q, n, ceil_div(cols, 4));
  return BHN_LAUNCH(gather, p.grid, p.block, 0, q, y, x, picks, cols, in_quads(y, cols), in_quads(x, cols));
}

int gather_labels(const Queue& q, int32_t* y, const int32_t* x, const int32_t* order, const int64_t* cursor, int64_t n, int64_t x_rows,
                  int64_t n_order) {
  Picks picks = {order, cursor, n, x_rows, n_order, q.fault};
  return BHN_LAUNCH(gather_one, blocks_for(q, n, kPlaneThreads), kPlaneThreads, 0, q, y, x, picks);
}

}  // namespace bhn::cuda
