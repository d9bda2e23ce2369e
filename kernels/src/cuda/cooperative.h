// Kernels whose blocks run at the same time and meet at grid_barrier(). The grid must fit the device: resident_blocks().
#pragma once

#include "cuda/launch.h"

#ifndef BHN_EMULATION

#include <cooperative_groups.h>

#define BHN_LAUNCH_COOPERATIVE(kernel, grid, block, shared, q, ...) \
  bhn::cuda::launch_cooperative(kernel, grid, block, shared, static_cast<cudaStream_t>((q).stream), __VA_ARGS__)

namespace bhn::cuda {

template <class... P, class... A>
cudaError_t launch_cooperative(void (*kernel)(P...), dim3 grid, dim3 block, size_t shared, cudaStream_t stream, A... arguments) {
  cudaLaunchAttribute attribute;
  attribute.id = cudaLaunchAttributeCooperative;
  attribute.val.cooperative = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared;
  config.stream = stream;
  config.attrs = &attribute;
  config.numAttrs = 1;
  cudaError_t error = cudaLaunchKernelEx(&config, kernel, P(arguments)...);
  cudaError_t last = cudaGetLastError();
  return error != cudaSuccess ? error : last;
}

__device__ __forceinline__ void grid_barrier() { cooperative_groups::this_grid().sync(); }

}  // namespace bhn::cuda

#endif

namespace bhn::cuda {

// Blocks of a kernel that the device holds at once.
template <class Kernel>
cudaError_t resident_blocks(const Queue& q, Kernel kernel, int threads, size_t shared, int* blocks) {
  int each = 0;
  cudaError_t error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&each, kernel, threads, shared);
  *blocks = each * q.multiprocessors;
  return error;
}

// Under a tool that changes kernels fewer blocks fit than the runtime says: then half of them, or half of that. Kernels must work with any
// number.
template <class Launch>
cudaError_t launch_fitting(unsigned blocks, const Launch& launch) {
  cudaError_t error = launch(blocks);
  while (error == cudaErrorCooperativeLaunchTooLarge && blocks > 1) {
    error = launch(blocks /= 2);
  }
  return error;
}

// What a launch may ask for besides the kernels' own arrays. A kernel's limit is the process's: always set to the same, it does not
// change under a launch of another thread.
inline cudaError_t most_shared(int* bytes) {
  constexpr int kStatic = 32 << 10;
  int device = 0;
  cudaError_t error = cudaGetDevice(&device);
  if (error == cudaSuccess) {
    error = cudaDeviceGetAttribute(bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
  }
  *bytes -= kStatic;
  return error;
}

}  // namespace bhn::cuda
