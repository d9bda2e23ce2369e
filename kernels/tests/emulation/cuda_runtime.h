// Stands in for CUDA's own header when src/cuda is compiled by g++: the part of the execution model and of the runtime that the
// project uses. Threads of a block are fibers of one thread of the host, run in a random order from barrier to barrier; see
// emulation.h. Device memory is host memory; streams are queues that run when someone waits for them.
#pragma once

#define BHN_EMULATION 1
#define CUDART_VERSION 13000

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "emulation.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(n) alignas(n)

#define threadIdx (bhn_emulation::here().thread)
#define blockIdx (bhn_emulation::here().block)
#define blockDim (bhn_emulation::here().block_size)
#define gridDim (bhn_emulation::here().grid_size)

// The array of the block; filled with NaN when the block begins.
#define BHN_SHARED(type, name, dims) \
  using name##_type = type dims;     \
  static char name##_place;          \
  name##_type& name = *static_cast<name##_type*>(bhn_emulation::shared(&name##_place, sizeof(name##_type)))
#define BHN_DYNAMIC_SHARED(type, name) type* const name = static_cast<type*>(bhn_emulation::dynamic_shared())

#define __syncthreads() bhn_emulation::block_barrier(__FILE__, __LINE__)
#define __syncwarp(...) bhn_emulation::warp_barrier()

#define BHN_LAUNCH(kernel, grid, block, shared, q, ...) BHN_EMULATION_LAUNCH(false, kernel, grid, block, shared, q, __VA_ARGS__)
#define BHN_LAUNCH_COOPERATIVE(kernel, grid, block, shared, q, ...) BHN_EMULATION_LAUNCH(true, kernel, grid, block, shared, q, __VA_ARGS__)
#define BHN_EMULATION_LAUNCH(cooperative, kernel, grid, block, shared, q, ...)                                                           \
  (bhn_emulation::launch(reinterpret_cast<const void*>(kernel), grid, block, shared, static_cast<cudaStream_t>((q).stream), cooperative, \
                         bhn_emulation::bound(kernel __VA_OPT__(, ) __VA_ARGS__)),                                                       \
   cudaGetLastError())

namespace bhn::cuda {
inline void grid_barrier() { bhn_emulation::grid_barrier(); }
}  // namespace bhn::cuda

// ---- device functions ----

using std::fmax;
using std::fmin;
using std::isfinite;
using std::isinf;
using std::isnan;

template <class T>
T __shfl_sync(unsigned, T value, int lane, int width = 32) {
  int mine = bhn_emulation::lane();
  return bhn_emulation::shuffle(value, (mine & ~(width - 1)) + (lane & (width - 1)));
}
template <class T>
T __shfl_xor_sync(unsigned, T value, int mask, int width = 32) {
  int mine = bhn_emulation::lane();
  int from = mine ^ mask;
  return bhn_emulation::shuffle(value, from / width == mine / width ? from : mine);
}
template <class T>
T __shfl_down_sync(unsigned, T value, unsigned delta, int width = 32) {
  int mine = bhn_emulation::lane();
  int from = mine + int(delta);
  return bhn_emulation::shuffle(value, from / width == mine / width ? from : mine);
}
template <class T>
T __shfl_up_sync(unsigned, T value, unsigned delta, int width = 32) {
  int mine = bhn_emulation::lane();
  int from = mine - int(delta);
  return bhn_emulation::shuffle(value, from >= 0 && from / width == mine / width ? from : mine);
}
inline unsigned __ballot_sync(unsigned, int predicate) { return bhn_emulation::ballot(predicate != 0); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }

template <class T>
T __ldg(const T* p) {
  return *p;
}
template <class T>
T __ldcg(const T* p) {
  return *p;
}
template <class T>
void __stcg(T* p, T value) {
  *p = value;
}
inline void __threadfence() {}

// Fibers of a block never run at the same time; blocks of a launch neither.
template <class T>
T atomicCAS(T* p, T compare, T value) {
  static_assert(std::is_integral_v<T>, "no atomics on floats");
  T old = *p;
  *p = old == compare ? value : old;
  return old;
}
template <class T>
T atomicAdd(T* p, T value) {
  static_assert(std::is_integral_v<T>, "no atomics on floats");
  T old = *p;
  *p = old + value;
  return old;
}

inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fdividef(float a, float b) { return a / b; }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline void sincospif(float x, float* sine, float* cosine) {
  *sine = float(std::sin(3.14159265358979323846 * double(x)));
  *cosine = float(std::cos(3.14159265358979323846 * double(x)));
}
inline float normcdff(float x) { return float(0.5 * std::erfc(-0.70710678118654752440 * double(x))); }
inline int __float_as_int(float x) { return __builtin_bit_cast(int, x); }
inline float __int_as_float(int x) { return __builtin_bit_cast(float, x); }
template <class T>
constexpr T min(T a, T b) {
  return b < a ? b : a;
}
template <class T>
constexpr T max(T a, T b) {
  return a < b ? b : a;
}

struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) float2 {
  float x, y;
};
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline float2 make_float2(float x, float y) { return {x, y}; }

// ---- runtime ----

enum cudaMemcpyKind { cudaMemcpyHostToHost, cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice, cudaMemcpyDefault };
enum cudaDeviceAttr {
  cudaDevAttrMultiProcessorCount = 16,
  cudaDevAttrComputeCapabilityMajor = 75,
  cudaDevAttrComputeCapabilityMinor = 76,
  cudaDevAttrCooperativeLaunch = 95,
  cudaDevAttrMaxSharedMemoryPerBlockOptin = 97
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };
enum cudaStreamCaptureMode { cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal, cudaStreamCaptureModeRelaxed };
struct cudaFuncAttributes {
  int numRegs;
};
constexpr unsigned cudaStreamNonBlocking = 1;
constexpr unsigned cudaEventDisableTiming = 2;

using cudaEvent_t = bhn_emulation::Event*;
using cudaGraph_t = bhn_emulation::Graph*;
using cudaGraphExec_t = bhn_emulation::Graph*;

// Java calls some of these itself.
#pragma GCC visibility push(default)
extern "C" {
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaDriverGetVersion(int* version);
cudaError_t cudaRuntimeGetVersion(int* version);
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDevice(int* device);
cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* total_bytes);
const char* cudaGetErrorName(cudaError_t error);
const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError(void);
cudaError_t cudaPeekAtLastError(void);
cudaError_t cudaMalloc(void** memory, size_t bytes);
cudaError_t cudaFree(void* memory);
cudaError_t cudaMallocHost(void** memory, size_t bytes);
cudaError_t cudaHostAlloc(void** memory, size_t bytes, unsigned flags);
cudaError_t cudaFreeHost(void* memory);
cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t stream);
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaDeviceSynchronize(void);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long flags);
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec);
}
#pragma GCC visibility pop

template <class Kernel>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, Kernel) {
  attributes->numRegs = 0;
  return bhn_emulation::code_for_device();
}
template <class Kernel>
cudaError_t cudaFuncSetAttribute(Kernel kernel, cudaFuncAttribute, int bytes) {
  return bhn_emulation::allow_shared(reinterpret_cast<const void*>(kernel), bytes);
}
template <class Kernel>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, Kernel, int threads, size_t shared) {
  return bhn_emulation::occupancy(blocks, threads, shared);
}
