// How kernels are written here, so that they run on a device and, through tests/emulation, on any machine:
//  - launch with BHN_LAUNCH or BHN_LAUNCH_COOPERATIVE (cooperative.h), never with <<<>>>;
//  - shared memory only through BHN_SHARED and BHN_DYNAMIC_SHARED;
//  - sums have a fixed order: no atomics on floats; the same inputs give the same bits;
//  - barriers and shuffles are met by all threads of the block or warp: no early return before one.
#pragma once

#include <cuda_runtime.h>

#include "cuda/kernels.h"

#ifndef BHN_EMULATION

// float BHN_SHARED(tile, [32][33]) is written BHN_SHARED(float, tile, [32][33]).
#define BHN_SHARED(type, name, dims) __shared__ type name dims
// As many as the launch asked bytes for; 16-byte aligned. One array a kernel.
#define BHN_DYNAMIC_SHARED(type, name)                 \
  extern __shared__ __align__(16) char bhn_dynamic_[]; \
  type* const name = reinterpret_cast<type*>(bhn_dynamic_)

#define BHN_LAUNCH(kernel, grid, block, shared, q, ...) \
  (kernel<<<grid, block, shared, static_cast<cudaStream_t>((q).stream)>>>(__VA_ARGS__), cudaGetLastError())

#endif

namespace bhn::cuda {

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffu;

__host__ __device__ inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Blocks for n elements of a grid-stride loop: enough to fill the device, no more.
inline unsigned blocks_for(const Queue& q, int64_t n, int threads) {
  int64_t wanted = ceil_div(n, threads);
  int64_t most = int64_t(q.multiprocessors) * (2048 / threads) * 4;
  return unsigned(wanted < 1 ? 1 : wanted < most ? wanted : most);
}

__device__ __forceinline__ int64_t global_thread() { return int64_t(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ __forceinline__ int64_t grid_threads() { return int64_t(gridDim.x) * blockDim.x; }

// The sum over a warp, in every lane.
template <class T>
__device__ __forceinline__ T warp_sum(T value) {
  for (int offset = kWarp / 2; offset > 0; offset /= 2) {
    value += __shfl_xor_sync(kAllLanes, value, offset);
  }
  return value;
}

__device__ __forceinline__ float warp_max(float value) {
  for (int offset = kWarp / 2; offset > 0; offset /= 2) {
    value = fmaxf(value, __shfl_xor_sync(kAllLanes, value, offset));
  }
  return value;
}

// The sum over a block whose size is a multiple of the warp's, in every thread. Met by all threads of the block.
template <class T>
__device__ __forceinline__ T block_sum(T value) {
  BHN_SHARED(T, partial, [kWarp]);
  int lane = threadIdx.x % kWarp;
  int warp = threadIdx.x / kWarp;
  value = warp_sum(value);
  if (lane == 0) {
    partial[warp] = value;
  }
  __syncthreads();
  int warps = blockDim.x / kWarp;
  value = warp_sum(lane < warps ? partial[lane] : T(0));
  __syncthreads();  // the next sum writes partial again
  return value;
}

// Keeps the first fault; later ones are dropped.
__device__ __forceinline__ void report(Fault* fault, Fault::Kind kind, int64_t place, int64_t value, int64_t bound) {
  if (atomicCAS(&fault->kind, int32_t(Fault::kNone), int32_t(kind)) == Fault::kNone) {
    fault->place = place;
    fault->value = value;
    fault->bound = bound;
  }
}

}  // namespace bhn::cuda
