// The CUDA execution model on one thread of the host, for tests. A block's threads are fibers; one runs until it meets a barrier or
// ends, then another, picked at random (BHN_EMULATION_SEED in the environment), goes on. So a thread that reads what another has not
// yet written, because a barrier is missing, reads NaN or the value of the round before. In every other launch, picked at random as
// well, one warp runs ahead as far as barriers let it, and so overwrites what others have yet to read. Blocks run one after the other in random
// order; those of a cooperative launch take turns, so that they can meet.
//
// BHN_EMULATION_DROP=file.cu:line makes that __syncthreads do nothing: the tests must then fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorInsufficientDriver = 35,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorNoKernelImageForDevice = 209,
  cudaErrorContextIsDestroyed = 709,
  cudaErrorIllegalAddress = 700,
  cudaErrorLaunchOutOfResources = 701,
  cudaErrorLaunchTimeout = 702,
  cudaErrorAssert = 710,
  cudaErrorHardwareStackError = 714,
  cudaErrorIllegalInstruction = 715,
  cudaErrorMisalignedAddress = 716,
  cudaErrorInvalidAddressSpace = 717,
  cudaErrorInvalidPc = 718,
  cudaErrorLaunchFailure = 719,
  cudaErrorCooperativeLaunchTooLarge = 720,
  cudaErrorNotSupported = 801,
  cudaErrorMpsClientTerminated = 810,
  cudaErrorECCUncorrectable = 214,
  cudaErrorStreamCaptureUnsupported = 900,
  cudaErrorStreamCaptureInvalidated = 901,
  cudaErrorStreamCaptureWrongThread = 908,
  cudaErrorExternalDevice = 911,
  cudaErrorIllegalState = 401
};

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

namespace bhn_emulation {

struct Stream;
struct Event;
struct Graph;

// Where the running fiber is.
struct Place {
  dim3 thread, block, block_size, grid_size;
};

const Place& here();
int lane();
void* shared(const void* place, size_t bytes);
void* dynamic_shared();
void block_barrier(const char* file, int line);
void warp_barrier();
void grid_barrier();
unsigned ballot(bool predicate);
// Eight bytes of each lane, and then another lane's.
uint64_t exchange(uint64_t value, int from);

template <class T>
T shuffle(T value, int from) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
  uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof value);
  bits = exchange(bits, from);
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

// A call of a kernel with the arguments as they are now.
template <class... P, class... A>
std::function<void()> bound(void (*kernel)(P...), A... arguments) {
  return [=] { kernel(P(arguments)...); };
}

cudaError_t launch(const void* kernel, dim3 grid, dim3 block, size_t shared, Stream* stream, bool cooperative, std::function<void()> body);
cudaError_t allow_shared(const void* kernel, int bytes);
cudaError_t occupancy(int* blocks, int threads, size_t shared);
cudaError_t code_for_device();

// Runs a launch that has been checked: fibers.cpp.
void run_grid(dim3 grid, dim3 block, size_t shared, bool cooperative, const std::function<void()>& body);

}  // namespace bhn_emulation

using cudaStream_t = bhn_emulation::Stream*;
