// Rows shared out to groups of lanes: a row of C numbers has the smallest power of two of lanes that holds it, a warp at most. So rows
// of any length use most lanes, read neighbouring addresses and are summed without shared memory.
#pragma once

#include "cuda/launch.h"

namespace bhn::cuda {

// Lanes for a row of cols numbers.
inline int lanes_for(int64_t cols) {
  int lanes = 1;
  while (lanes < kWarp && lanes < cols) {
    lanes *= 2;
  }
  return lanes;
}

inline unsigned row_blocks(const Queue& q, int64_t rows, int lanes, int threads) { return blocks_for(q, rows * lanes, threads); }

// Calls body(row, lane) for the rows of this thread's group. Every lane of a warp takes the same number of turns, so that body may
// shuffle: it is also called with row >= rows, and must then neither read nor write.
template <class Body>
__device__ __forceinline__ void each_row(int64_t rows, int lanes, const Body& body) {
  int64_t groups = grid_threads() / lanes;
  int64_t mine = global_thread() / lanes;
  int lane = threadIdx.x % lanes;
  for (int64_t first = 0; first < rows; first += groups) {
    body(first + mine, lane);
  }
}

// The sum over a group, in each of its lanes.
__device__ __forceinline__ float group_sum(float value, int lanes) {
  for (int offset = lanes / 2; offset > 0; offset /= 2) {
    value += __shfl_xor_sync(kAllLanes, value, offset);
  }
  return value;
}

__device__ __forceinline__ float group_max(float value, int lanes) {
  for (int offset = lanes / 2; offset > 0; offset /= 2) {
    value = fmaxf(value, __shfl_xor_sync(kAllLanes, value, offset));
  }
  return value;
}

}  // namespace bhn::cuda
