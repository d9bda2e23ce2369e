// The part of the CUDA runtime that the project uses. What is enqueued on a stream runs when someone waits for it, so that a host that
// reads too early reads old values. One device by default; the environment can change what there is:
//   BHN_EMULATION_DEVICES=0        no device
//   BHN_EMULATION_DRIVER=0         no driver; 12000: one for CUDA 12.0
//   BHN_EMULATION_NO_CODE=1        the library holds no code for the device
//   BHN_EMULATION_MEMORY=bytes     what the device has
//   BHN_EMULATION_SET=bytes         what one memset may set
//   BHN_EMULATION_FAIL=n           the nth launch fails as if the device were lost
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "cuda_runtime.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace bhn_emulation {

struct Task {
  std::function<void()> run;
  Event* waits = nullptr;
};

struct Graph {
  std::vector<Task> tasks;
};

struct Stream {
  std::deque<Task> tasks;
  Graph* capture = nullptr;
  bool spoilt = false;  // the capture will fail
  bool relaxed = false;
  std::thread::id captor;
};

// Recorded: the stream and how many of its tasks come before.
struct Event {
  Stream* stream = nullptr;
  int64_t position = 0;
};

namespace {

constexpr int kMultiprocessors = 3;
constexpr size_t kSharedMost = 227 << 10;
constexpr size_t kSharedPlain = 48 << 10;
constexpr size_t kGraphBytes = 4 << 10;  // that must be free when a graph is made

int64_t setting(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoll(text, nullptr, 10);
}

std::recursive_mutex lock;
Stream null_stream;
std::set<Stream*> streams;
std::map<void*, size_t> device_memory, pinned;
std::map<const void*, size_t> allowed;
size_t used = 0;
int64_t launches = 0;
bool lost = false;
thread_local cudaError_t last = cudaSuccess;
std::map<Stream*, int64_t> done;  // tasks that each stream has finished

size_t memory_size() { return size_t(setting("BHN_EMULATION_MEMORY", int64_t(2) << 30)); }

cudaError_t answer(cudaError_t error) {
  if (error == cudaSuccess && lost) {
    error = cudaErrorIllegalAddress;
  }
  if (error != cudaSuccess) {
    last = error;
  }
  return error;
}

Stream* real(Stream* stream) { return stream == nullptr ? &null_stream : stream; }

void drain(Stream* stream, int64_t until = INT64_MAX) {
  while (!stream->tasks.empty() && done[stream] < until) {
    Task task = std::move(stream->tasks.front());
    stream->tasks.pop_front();
    if (task.waits != nullptr && task.waits->stream != nullptr && task.waits->stream != stream) {
      drain(task.waits->stream, task.waits->position);
    }
    if (task.run && !lost) {
      task.run();
    }
    ++done[stream];
  }
}

void enqueue(Stream* stream, Task task) {
  std::lock_guard<std::recursive_mutex> guard(lock);
  stream = real(stream);
  if (stream->capture != nullptr) {
    stream->capture->tasks.push_back(std::move(task));
  } else {
    stream->tasks.push_back(std::move(task));
  }
}

void drain_all() {
  drain(&null_stream);
  for (Stream* stream : streams) {
    drain(stream);
  }
}

// Whether this thread captures, which forbids it to allocate. A relaxed capture bears that, but nothing here is to do it.
bool capturing() {
  for (Stream* stream : streams) {
    if (stream->capture != nullptr && stream->captor == std::this_thread::get_id()) {
      return true;
    }
  }
  return false;
}

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
  std::lock_guard<std::recursive_mutex> guard(lock);
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
    std::lock_guard<std::recursive_mutex> guard(lock);
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

#define GUARD std::lock_guard<std::recursive_mutex> guard(lock)

extern "C" {

// For the emulated cuBLAS: a host function with a copy of its arguments.
__attribute__((visibility("default"))) int bhn_emulation_enqueue(void* stream, void (*run)(const void*), const void* arguments,
                                                                 size_t bytes) {
  auto* begin = static_cast<const char*>(arguments);
  std::vector<char> copy(begin, begin + bytes);
  enqueue(static_cast<Stream*>(stream), {[=] { run(copy.data()); }});
  return answer(cudaSuccess);
}

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
  if (bytes > memory_size() - used) {
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

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  GUARD;
  *stream = new Stream;
  streams.insert(*stream);
  return answer(cudaSuccess);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  GUARD;
  drain(stream);
  streams.erase(stream);
  done.erase(stream);
  delete stream;
  return answer(cudaSuccess);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  GUARD;
  if (real(stream)->capture != nullptr) {
    stream->spoilt = true;
    return answer(cudaErrorStreamCaptureUnsupported);
  }
  drain(real(stream));
  return answer(cudaSuccess);
}

// Whatever thread waits for a device, and whatever the mode of a capture on it: neither bears the other.
cudaError_t cudaDeviceSynchronize(void) {
  GUARD;
  bool captured = false;
  for (Stream* stream : streams) {
    stream->spoilt = stream->capture != nullptr;
    captured = captured || stream->spoilt;
  }
  if (captured) {
    return answer(cudaErrorStreamCaptureUnsupported);
  }
  drain_all();
  return answer(cudaSuccess);
}

// As cuBLAS and cuDNN do when a handle is made or destroyed.
__attribute__((visibility("default"))) int bhn_emulation_wait(void) {
  cudaError_t error = cudaDeviceSynchronize();
  cudaGetLastError();
  return error;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  GUARD;
  Event* snapshot = event->stream == nullptr ? nullptr : new Event(*event);
  enqueue(stream, {[snapshot] { delete snapshot; }, snapshot});
  return answer(cudaSuccess);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new Event;
  return answer(cudaSuccess);
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return answer(cudaSuccess);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  GUARD;
  event->stream = real(stream);
  event->position = done[real(stream)] + int64_t(real(stream)->tasks.size());
  return answer(cudaSuccess);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  GUARD;
  if (event->stream != nullptr) {
    drain(event->stream, event->position);
  }
  return answer(cudaSuccess);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  GUARD;
  if (stream == nullptr || stream->capture != nullptr) {
    return answer(cudaErrorStreamCaptureUnsupported);
  }
  stream->capture = new Graph;
  stream->spoilt = false;
  stream->relaxed = mode == cudaStreamCaptureModeRelaxed;
  stream->captor = std::this_thread::get_id();
  return answer(cudaSuccess);
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  GUARD;
  if (stream->capture != nullptr && !stream->relaxed && stream->captor != std::this_thread::get_id()) {
    return answer(cudaErrorStreamCaptureWrongThread);
  }
  *graph = stream->capture;
  stream->capture = nullptr;
  if (*graph != nullptr && stream->spoilt) {
    delete *graph;
    *graph = nullptr;
    return answer(cudaErrorStreamCaptureInvalidated);
  }
  return answer(*graph == nullptr ? cudaErrorIllegalState : cudaSuccess);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  GUARD;
  if (memory_size() - used < kGraphBytes) {
    return answer(cudaErrorMemoryAllocation);
  }
  *exec = new Graph(*graph);
  return answer(cudaSuccess);
}

// The tasks are copied into the stream: the graph may be destroyed before they run.
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  GUARD;
  for (const Task& task : exec->tasks) {
    enqueue(stream, task);
  }
  return answer(cudaSuccess);
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return answer(cudaSuccess);
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  delete exec;
  return answer(cudaSuccess);
}
}
