// The part of the CUDA runtime that the project uses: devices, errors, launches, memory; streams.cpp has the rest. One device by default;
// the environment can change what there is:
//   BHN_EMULATION_DEVICES=0        no device
//   BHN_EMULATION_DRIVER=0         no driver; 12000: one for CUDA 12.0
//   BHN_EMULATION_NO_CODE=1        the library holds no code for the device
//   BHN_EMULATION_MEMORY=bytes     what the device has
//   BHN_EMULATION_SET=bytes         what one memset may set
//   BHN_EMULATION_FAIL=n           the nth launch fails as if the device were lost
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "streams.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace bhn_emulation {

std::recursive_mutex lock;
bool lost = false;

namespace {

constexpr int kMultiprocessors = 3;
constexpr size_t kSharedMost = 227 << 10;
constexpr size_t kSharedPlain = 48 << 10;

std::map<void*, size_t> device_memory, pinned;
std::map<const void*, size_t> allowed;
size_t used = 0;
int64_t launches = 0;
thread_local cudaError_t last = cudaSuccess;

size_t memory_size() { return size_t(setting("BHN_EMULATION_MEMORY", int64_t(2) << 30)); }

}  // namespace

int64_t setting(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoll(text, nullptr, 10);
}

cudaError_t answer(cudaError_t error) {
  if (error == cudaSuccess && lost) {
    error = cudaErrorIllegalAddress;
  }
  if (error != cudaSuccess) {
    last = error;
  }
  return error;
}

size_t free_memory() { return memory_size() - used; }

namespace {

bool is_pinned(const void* p) {
  auto after = pinned.upper_bound(const_cast<void*>(p));
  if (after == pinned.begin()) {
    return false;
  }
  --after;
  return static_cast<const char*>(p) < static_cast<const char*>(after->first) + after->second;
}

bool is_device(const void* p) {
  auto after = device_memory.upper_bound(const_cast<void*>(p));
  if (after == device_memory.begin()) {
    return false;
  }
  --after;
  return static_cast<const char*>(p) < static_cast<const char*>(after->first) + after->second;
}

bool fits(const void* kernel, size_t shared_bytes) {
  auto found = allowed.find(kernel);
  return shared_bytes <= (found == allowed.end() ? kSharedPlain : std::max(kSharedPlain, found->second));
}

// The end of an allocation is the end of what may be touched: ASan sees a write behind it, though it lies in the same 256 bytes.
void fence(void* memory, size_t bytes, bool up) {
#if defined(__SANITIZE_ADDRESS__)
  char* end = static_cast<char*>(memory) + bytes;
  size_t rest = (256 - bytes % 256) % 256;
  up ? __asan_poison_memory_region(end, rest) : __asan_unpoison_memory_region(end, rest);
#else
  (void)memory, (void)bytes, (void)up;
#endif
}

}  // namespace

cudaError_t code_for_device() { return answer(setting("BHN_EMULATION_NO_CODE", 0) != 0 ? cudaErrorNoKernelImageForDevice : cudaSuccess); }

cudaError_t allow_shared(const void* kernel, int bytes) {
  if (bytes < 0 || size_t(bytes) > kSharedMost) {
    return answer(cudaErrorInvalidValue);
  }
  GUARD;
  allowed[kernel] = size_t(bytes);
  return answer(cudaSuccess);
}

cudaError_t occupancy(int* blocks, int threads, size_t shared_bytes) {
  *blocks = threads < 1 || threads > 1024 || shared_bytes > kSharedMost ? 0 : threads > 512 ? 1 : 2;
  return answer(cudaSuccess);
}

cudaError_t launch(const void* kernel, dim3 grid, dim3 block, size_t shared_bytes, Stream* stream, bool cooperative,
                   std::function<void()> body) {
  {
    GUARD;
    uint64_t threads = uint64_t(block.x) * block.y * block.z;
    if (grid.x == 0 || grid.y == 0 || grid.z == 0 || threads == 0 || threads > 1024 || grid.x > 0x7fffffffu || grid.y > 65535 ||
        grid.z > 65535) {
      return answer(cudaErrorInvalidConfiguration);
    }
    if (threads % 32 != 0) {
      std::fprintf(stderr, "CUDA emulation: a block of %llu threads is not whole warps\n", (unsigned long long)threads);
      return answer(cudaErrorInvalidConfiguration);
    }
    if (!fits(kernel, shared_bytes)) {
      return answer(cudaErrorInvalidValue);
    }
    int each = 0;
    occupancy(&each, int(threads), shared_bytes);
    if (each == 0) {
      return answer(cudaErrorLaunchOutOfResources);
    }
    if (cooperative && uint64_t(grid.x) * grid.y * grid.z > uint64_t(each) * kMultiprocessors) {
      return answer(cudaErrorCooperativeLaunchTooLarge);
    }
    if (++launches == setting("BHN_EMULATION_FAIL", 0)) {
      lost = true;
    }
  }
  enqueue(stream, {[=] {
            // The limit is looked at once more when a graph is made of a launch; here, as late as can be.
            if (fits(kernel, shared_bytes)) {
              run_grid(grid, block, shared_bytes, cooperative, body);
            } else {
              std::fprintf(stderr, "CUDA emulation: a kernel's shared memory was limited after its launch\n");
              lost = true;
            }
          }});
  return answer(cudaSuccess);
}

}  // namespace bhn_emulation

using namespace bhn_emulation;

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  *count = int(setting("BHN_EMULATION_DEVICES", 1));
  int64_t driver = setting("BHN_EMULATION_DRIVER", CUDART_VERSION);
  return answer(driver < CUDART_VERSION ? cudaErrorInsufficientDriver : *count == 0 ? cudaErrorNoDevice : cudaSuccess);
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = int(setting("BHN_EMULATION_DRIVER", CUDART_VERSION));
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount:
      *value = kMultiprocessors;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = int(kSharedMost);
      break;
    case cudaDevAttrComputeCapabilityMajor:
      *value = 9;
      break;
    case cudaDevAttrCooperativeLaunch:
      *value = 1;
      break;
    default:
      *value = 0;
  }
  return answer(cudaSuccess);
}

cudaError_t cudaSetDevice(int device) {
  return answer(device >= 0 && device < setting("BHN_EMULATION_DEVICES", 1) ? cudaSuccess : cudaErrorInvalidDevice);
}

cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return answer(cudaSuccess);
}

cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* total_bytes) {
  GUARD;
  *total_bytes = memory_size();
  *free_bytes = memory_size() - used;
  return answer(cudaSuccess);
}

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorIllegalAddress:
      return "cudaErrorIllegalAddress";
    case cudaErrorNoKernelImageForDevice:
      return "cudaErrorNoKernelImageForDevice";
    case cudaErrorNotSupported:
      return "cudaErrorNotSupported";
    case cudaErrorStreamCaptureUnsupported:
      return "cudaErrorStreamCaptureUnsupported";
    default:
      return "cudaErrorEmulated";
  }
}

const char* cudaGetErrorString(cudaError_t) { return "as the emulation reports it"; }

cudaError_t cudaGetLastError(void) {
  cudaError_t error = last;
  last = cudaSuccess;
  return error;
}

cudaError_t cudaPeekAtLastError(void) { return last; }

cudaError_t cudaMalloc(void** memory, size_t bytes) {
  GUARD;
  if (capturing()) {
    return answer(cudaErrorStreamCaptureUnsupported);
  }
  if (bytes > free_memory()) {
    return answer(cudaErrorMemoryAllocation);
  }
  *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  fence(*memory, bytes, true);
  device_memory[*memory] = bytes;
  used += bytes;
  return answer(cudaSuccess);
}

cudaError_t cudaFree(void* memory) {
  GUARD;
  if (memory == nullptr) {
    return answer(cudaSuccess);
  }
  auto found = device_memory.find(memory);
  if (found == device_memory.end()) {
    return answer(cudaErrorInvalidValue);
  }
  drain_all();
  used -= found->second;
  fence(memory, found->second, false);
  device_memory.erase(found);
  std::free(memory);
  return answer(cudaSuccess);
}

cudaError_t cudaMallocHost(void** memory, size_t bytes) {
  GUARD;
  *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  pinned[*memory] = bytes;
  return answer(cudaSuccess);
}

cudaError_t cudaHostAlloc(void** memory, size_t bytes, unsigned) { return cudaMallocHost(memory, bytes); }

cudaError_t cudaFreeHost(void* memory) {
  GUARD;
  if (memory != nullptr && pinned.erase(memory) == 0) {
    return answer(cudaErrorInvalidValue);
  }
  drain_all();
  std::free(memory);
  return answer(cudaSuccess);
}

cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t stream) {
  if (int64_t(bytes) > setting("BHN_EMULATION_SET", INT64_MAX)) {
    return answer(cudaErrorInvalidValue);
  }
  enqueue(stream, {[=] { std::memset(memory, value, bytes); }});
  return answer(cudaSuccess);
}

// Memory that is not pinned is copied before this returns (from the host) or after the stream has caught up (to the host).
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  GUARD;
  if (!is_device(from) && !is_pinned(from) && real(stream)->capture == nullptr) {
    auto* bytes_now = static_cast<const char*>(from);
    std::vector<char> copy(bytes_now, bytes_now + bytes);
    enqueue(stream, {[=] { std::memcpy(to, copy.data(), bytes); }});
    return answer(cudaSuccess);
  }
  enqueue(stream, {[=] { std::memmove(to, from, bytes); }});
  if (!is_device(to) && !is_pinned(to) && real(stream)->capture == nullptr) {
    drain(real(stream));
  }
  return answer(cudaSuccess);
}
}
