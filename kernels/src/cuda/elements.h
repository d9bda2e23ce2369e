// Passes over a matrix that touch each element once. Bound by memory: a thread takes four neighbouring columns, in one access of 16
// bytes where pointer and leading dimension allow it.
#pragma once

#include "cuda/launch.h"

namespace bhn::cuda {

constexpr int kPlaneThreads = 256;

struct alignas(16) Quad {
  float x[4];
};

// Whether rows that begin at p, ld apart, can be read in quads.
inline bool in_quads(const float* p, int64_t ld) { return reinterpret_cast<uintptr_t>(p) % sizeof(Quad) == 0 && ld % 4 == 0; }

// The next four elements, of which `left` are there; the rest are 0.
__device__ __forceinline__ Quad load_quad(const float* from, int64_t left, bool whole) {
  if (whole && left >= 4) {
    return *reinterpret_cast<const Quad*>(from);
  }
  Quad q = {};
#pragma unroll
  for (int k = 0; k < 4; ++k) {
    if (k < left) {
      q.x[k] = from[k];
    }
  }
  return q;
}

__device__ __forceinline__ void store_quad(float* to, const Quad& q, int64_t left, bool whole) {
  if (whole && left >= 4) {
    __stcg(reinterpret_cast<float4*>(to), make_float4(q.x[0], q.x[1], q.x[2], q.x[3]));
    return;
  }
#pragma unroll
  for (int k = 0; k < 4; ++k) {
    if (k < left) {
      to[k] = q.x[k];
    }
  }
}

// A grid whose x goes along the columns and whose y along the rows: no division tells a thread where it is. Narrow matrices get blocks
// of several rows; a warp is always within one row.
struct Plane {
  dim3 grid, block;

  Plane(const Queue& q, int64_t rows, int64_t cols) {
    unsigned x = kWarp;
    while (x < kPlaneThreads && x < cols) {
      x *= 2;
    }
    block = dim3(x, kPlaneThreads / x);
    int64_t most = int64_t(q.multiprocessors) * (2048 / kPlaneThreads) * 4;
    int64_t across = min(max(ceil_div(cols, block.x), int64_t(1)), most);
    grid = dim3(unsigned(across), unsigned(min(ceil_div(rows, block.y), max(most / across, int64_t(1)))));
  }
};

__device__ __forceinline__ int64_t plane_row() { return int64_t(blockIdx.y) * blockDim.y + threadIdx.y; }
__device__ __forceinline__ int64_t plane_rows() { return int64_t(gridDim.y) * blockDim.y; }
__device__ __forceinline__ int64_t plane_col() { return int64_t(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ __forceinline__ int64_t plane_cols() { return int64_t(gridDim.x) * blockDim.x; }

// The operands of map(): y is written, a and b are read; ld_x is that of both.
struct Operands {
  float* y;
  const float *a, *b;
  int64_t rows, cols, ld_y, ld_x;
  bool y_whole, a_whole, b_whole;
};

// y[i, j] = op(i, y[i, j], a[i, j], b[i, j]), of which only what Op::kAdds and Op::kInputs say is read.
template <class Op>
__global__ void __launch_bounds__(kPlaneThreads) map_elements(Operands m, Op op) {
  for (int64_t i = plane_row(); i < m.rows; i += plane_rows()) {
    for (int64_t j = 4 * plane_col(); j < m.cols; j += 4 * plane_cols()) {
      int64_t left = m.cols - j;
      Quad y = {}, a = {}, b = {};
      if (Op::kAdds) {
        y = load_quad(m.y + i * m.ld_y + j, left, m.y_whole);
      }
      if (Op::kInputs > 0) {
        a = load_quad(m.a + i * m.ld_x + j, left, m.a_whole);
      }
      if (Op::kInputs > 1) {
        b = load_quad(m.b + i * m.ld_x + j, left, m.b_whole);
      }
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        y.x[k] = op(i, y.x[k], a.x[k], b.x[k]);
      }
      store_quad(m.y + i * m.ld_y + j, y, left, m.y_whole);
    }
  }
}

// Rows without gaps become one, unless the op looks at the row.
template <class Op>
cudaError_t map(const Queue& q, const Op& op, float* y, const float* a, const float* b, int64_t rows, int64_t cols, int64_t ld_y,
                int64_t ld_x) {
  if (!Op::kByRow && ld_y == cols && (Op::kInputs == 0 || ld_x == cols)) {
    cols *= rows;
    rows = 1;
    ld_y = ld_x = 0;
  }
  Operands m = {y, a, b, rows, cols, ld_y, ld_x, in_quads(y, ld_y), in_quads(a, ld_x), in_quads(b, ld_x)};
  Plane p(q, rows, ceil_div(cols, 4));
  return BHN_LAUNCH(map_elements<Op>, p.grid, p.block, 0, q, m, op);
}

}  // namespace bhn::cuda
