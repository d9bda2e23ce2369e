// Sums over the rows of a matrix, in double, in an order that its size and the device decide.
//   short rows   a warp for each
//   long rows    a block for each
//   few long rows, so few that most of the device would idle: several blocks for each, whose sums a second kernel adds in order
#pragma once

#include "cuda/launch.h"

namespace bhn::cuda {

constexpr int64_t kShortRow = 256;
// What a block of the third kind takes at least, so that the second launch is worth it.
constexpr int64_t kPiece = 1 << 14;
constexpr int kRowThreads = 256;
constexpr int kLongRowThreads = 1024;

// Row says what is summed. term(i, j) gives the term of row i and column j, and does what else there is to do for that element;
// it is called once for each. finish(i, sum) takes the sum of row i.
template <class Row>
__global__ void __launch_bounds__(kRowThreads) sum_short_rows(Row row, int64_t rows, int64_t cols) {
  int lane = threadIdx.x % kWarp;
  for (int64_t i = global_thread() / kWarp; i < rows; i += grid_threads() / kWarp) {
    double sum = 0;
    for (int64_t j = lane; j < cols; j += kWarp) {
      sum += row.term(i, j);
    }
    sum = warp_sum(sum);
    if (lane == 0) {
      row.finish(i, sum);
    }
  }
}

// Blocks take piece after piece; partials is NULL where a row is one piece.
template <class Row>
__global__ void __launch_bounds__(kLongRowThreads)
    sum_long_rows(Row row, int64_t rows, int64_t cols, int64_t pieces, int64_t length, double* partials) {
  for (int64_t k = blockIdx.x; k < rows * pieces; k += gridDim.x) {
    int64_t i = k / pieces;
    int64_t begin = (k - i * pieces) * length;
    int64_t end = min(begin + length, cols);
    double sum = 0;
#pragma unroll 4
    for (int64_t j = begin + threadIdx.x; j < end; j += blockDim.x) {
      sum += row.term(i, j);
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) {
      if (partials == nullptr) {
        row.finish(i, sum);
      } else {
        partials[k] = sum;
      }
    }
  }
}

// What sum_short_rows sums after sum_long_rows: the pieces of each row.
template <class Row>
struct Pieces {
  Row row;
  const double* partials;
  int64_t pieces;
  __device__ double term(int64_t i, int64_t j) const { return partials[i * pieces + j]; }
  __device__ void finish(int64_t i, double sum) const { row.finish(i, sum); }
};

template <class Row>
cudaError_t launch_short_rows(const Queue& q, const Row& row, int64_t rows, int64_t cols) {
  return BHN_LAUNCH(sum_short_rows<Row>, blocks_for(q, rows * kWarp, kRowThreads), kRowThreads, 0, q, row, rows, cols);
}

template <class Row>
cudaError_t sum_each_row(const Queue& q, const Row& row, int64_t rows, int64_t cols) {
  if (cols <= kShortRow) {
    return launch_short_rows(q, row, rows, cols);
  }
  int64_t pieces = min(ceil_div(cols, kPiece), min(2 * q.multiprocessors / rows, Queue::kDoubles / rows));
  pieces = max(pieces, int64_t(1));
  int64_t length = ceil_div(cols, pieces);
  pieces = ceil_div(cols, length);
  double* partials = pieces == 1 ? nullptr : q.doubles;
  // Few rows: many threads for each, so that none goes round often.
  int threads = rows * pieces < q.multiprocessors ? kLongRowThreads : kRowThreads;
  unsigned blocks = unsigned(min(rows * pieces, int64_t(q.multiprocessors) * 32));
  cudaError_t error = BHN_LAUNCH(sum_long_rows<Row>, blocks, threads, 0, q, row, rows, cols, pieces, length, partials);
  if (error != cudaSuccess || pieces == 1) {
    return error;
  }
  return launch_short_rows(q, Pieces<Row>{row, partials, pieces}, rows, pieces);
}

}  // namespace bhn::cuda
