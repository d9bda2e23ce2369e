// Devices, streams and memory.
#include <cstdio>
#include <cstring>

#include "cuda/launch.h"

namespace bhn::cuda {
namespace {

constexpr int64_t kQueueBytes = Queue::kDoubles * sizeof(double) + Queue::kFloats * sizeof(float) + sizeof(Fault);

// Machine code for a device exists if this kernel's attributes can be read on it.
__global__ void probe() {}

cudaStream_t stream_of(const Queue& q) { return static_cast<cudaStream_t>(q.stream); }

thread_local char text[512];

const char* says(const char* what, cudaError_t error) {
  cudaGetLastError();  // it has been reported
  std::snprintf(text, sizeof text, "%s: %s (%s)", what, cudaGetErrorName(error), cudaGetErrorString(error));
  return text;
}

const char* problem(int32_t ordinal) {
  int count = 0;
  int driver = 0;
  cudaError_t error = cudaDriverGetVersion(&driver);
  if (error == cudaSuccess && driver == 0) {
    return "no CUDA driver is installed (libcuda.so.1 was not found): install NVIDIA's driver";
  }
  error = cudaGetDeviceCount(&count);
  if (error == cudaErrorNoDevice) {
    return says("no CUDA device is visible to this process: look at nvidia-smi and at CUDA_VISIBLE_DEVICES", error);
  }
  if (error == cudaErrorInsufficientDriver) {
    std::snprintf(text, sizeof text, "the driver is for CUDA %d.%d and this libbhn needs %d.%d or newer: update NVIDIA's driver",
                  driver / 1000, driver % 1000 / 10, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    cudaGetLastError();
    return text;
  }
  if (error != cudaSuccess) {
    return says("CUDA does not start", error);
  }
  if (ordinal < 0 || ordinal >= count) {
    std::snprintf(text, sizeof text, "ordinal = %d must be in [0, %d), the number of visible CUDA devices", ordinal, count);
    return text;
  }
  error = cudaSetDevice(ordinal);
  if (error != cudaSuccess) {
    return says("the CUDA device cannot be opened", error);
  }
  cudaFuncAttributes attributes;
  error = cudaFuncGetAttributes(&attributes, probe);
  if (error != cudaSuccess) {
    int major = 0, minor = 0;
    cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, ordinal);
    cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, ordinal);
    char what[160];
    std::snprintf(what, sizeof what, "this libbhn holds code for sm_80 and newer, and CUDA device %d is sm_%d%d", ordinal, major, minor);
    return says(what, error);
  }
  return "";
}

}  // namespace

int context_open(Queue* q, int32_t ordinal, void* stream) {
  cudaError_t error = cudaSetDevice(ordinal);
  void* memory = nullptr;
  cudaStream_t made = nullptr;
  if (error == cudaSuccess) {
    error = cudaDeviceGetAttribute(&q->multiprocessors, cudaDevAttrMultiProcessorCount, ordinal);
  }
  if (error == cudaSuccess) {
    error = cudaMalloc(&memory, kQueueBytes);
  }
  if (error == cudaSuccess && stream == nullptr) {
    error = cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking);
  }
  if (error == cudaSuccess) {
    q->stream = stream == nullptr ? made : stream;
    q->doubles = static_cast<double*>(memory);
    q->floats = reinterpret_cast<float*>(q->doubles + Queue::kDoubles);
    q->fault = reinterpret_cast<Fault*>(q->floats + Queue::kFloats);
    error = cudaMemsetAsync(memory, 0, kQueueBytes, stream_of(*q));
  }
  if (error == cudaSuccess) {
    error = cudaStreamSynchronize(stream_of(*q));
  }
  if (error != cudaSuccess) {
    cudaFree(memory);
    if (made != nullptr) {
      cudaStreamDestroy(made);
    }
    cudaGetLastError();
  }
  return error;
}

int context_close(const Queue& q, int32_t ordinal, bool own_stream) {
  cudaSetDevice(ordinal);
  cudaError_t error = cudaStreamSynchronize(stream_of(q));
  cudaError_t freed = cudaFree(q.doubles);
  cudaError_t destroyed = own_stream ? cudaStreamDestroy(stream_of(q)) : cudaSuccess;
  cudaGetLastError();
  return error != cudaSuccess ? error : freed != cudaSuccess ? freed : destroyed;
}

int sync(const Queue& q, Fault* fault) {
  cudaError_t error = cudaMemcpyAsync(fault, q.fault, sizeof *fault, cudaMemcpyDeviceToHost, stream_of(q));
  if (error == cudaSuccess) {
    error = cudaStreamSynchronize(stream_of(q));
  }
  if (error == cudaSuccess && fault->kind != Fault::kNone) {
    error = cudaMemsetAsync(q.fault, 0, sizeof *fault, stream_of(q));
  }
  return error;
}

int memory_alloc(const Queue& q, void** memory, int64_t bytes) {
  cudaError_t error = cudaMalloc(memory, bytes > 0 ? bytes : 1);
  if (error == cudaSuccess) {
    error = cudaMemsetAsync(*memory, 0, bytes, stream_of(q));
    // Another context may use the memory at once.
    error = error == cudaSuccess ? cudaStreamSynchronize(stream_of(q)) : error;
    if (error != cudaSuccess) {
      cudaFree(*memory);
      *memory = nullptr;
    }
  }
  if (error != cudaSuccess) {
    cudaGetLastError();
  }
  return error;
}

int memory_free(const Queue& q, void* memory) {
  // Work that still reads the memory may be on any context's stream; cudaFree waits for the device.
  (void)q;
  return cudaFree(memory);
}

int memory_copy(const Queue& q, void* to, const void* from, int64_t bytes) {
  cudaError_t error = cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream_of(q));
  // The host may reuse its side as soon as this returns.
  return error == cudaSuccess ? cudaStreamSynchronize(stream_of(q)) : error;
}

namespace {

// Whoever else uses CUDA in this thread may have chosen another device since.
void select(int32_t ordinal) {
  int current = -1;
  if (cudaGetDevice(&current) != cudaSuccess || current != ordinal) {
    cudaSetDevice(ordinal);
  }
}

const char* error_name(int error) { return cudaGetErrorName(cudaError_t(error)); }

const char* error_text(int error) { return cudaGetErrorString(cudaError_t(error)); }

void forget_error() { cudaGetLastError(); }

// Those after which CUDA asks for a new process. Older headers lack some of the names.
bool is_lost(int error) {
  constexpr int kNvlink = 220, kContained = 226, kTensorMemoryLeak = 721;
  switch (error) {
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorAssert:
    case cudaErrorECCUncorrectable:
    case kNvlink:
    case cudaErrorContextIsDestroyed:
    case cudaErrorMpsClientTerminated:
    case cudaErrorExternalDevice:
    case kContained:
    case kTensorMemoryLeak:
      return true;
    default:
      return false;
  }
}

bool is_out_of_memory(int error) { return error == cudaErrorMemoryAllocation; }

void memory_info(int64_t* free_bytes, int64_t* total_bytes) {
  size_t free_now = 0, total = 0;
  if (cudaMemGetInfo(&free_now, &total) != cudaSuccess) {
    forget_error();  // the numbers only serve a report
  }
  *free_bytes = int64_t(free_now);
  *total_bytes = int64_t(total);
}

}  // namespace

#define BHN_ENTRY(name, arguments) name,
const CudaKernels table = {
    BHN_CUDA_KERNELS(BHN_ENTRY) select, problem, error_name, error_text, forget_error, is_lost, is_out_of_memory, memory_info};
#undef BHN_ENTRY

}  // namespace bhn::cuda
