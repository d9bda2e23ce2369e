// Sums over the rows of a matrix for each column: lanes take columns, warps take rows.
#pragma once

#include "cuda/launch.h"

namespace bhn::cuda {

// The sum over the block's warps, in their order, of what each lane holds; right in the first warp only. Met by all threads.
template <int kMostWarps>
__device__ __forceinline__ float sum_warps(float value) {
  BHN_SHARED(float, held, [kMostWarps][kWarp]);
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
