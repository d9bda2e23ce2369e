// Sums over the rows of a matrix for each column: lanes take columns, warps take rows.
#pragma once

#include "cuda/launch.h"

namespace bhn::cuda {

// The sum over the block's warps, in their order, of what each lane holds; right in the first warp only. Met by all threads.
template <int kMostWarps, class T>
__device__ __forceinline__ T sum_warps(T value) {
  BHN_SHARED(T, held, [kMostWarps][kWarp]);
  int lane = threadIdx.x % kWarp;
  int warp = threadIdx.x / kWarp;
  int warps = blockDim.x / kWarp;
  held[warp][lane] = value;
  __syncthreads();
  if (warp == 0) {
    for (int w = 1; w < warps; ++w) {
      value += held[w][lane];
    }
  }
  __syncthreads();  // the next sum writes held again
  return value;
}

}  // namespace bhn::cuda
