// Streams, events and graphs of the emulated CUDA runtime.
#include "streams.h"

#include <map>
#include <set>

namespace bhn_emulation {
namespace {

constexpr size_t kGraphBytes = 4 << 10;  // that must be free when a graph is made

Stream null_stream;
std::set<Stream*> streams;
std::map<Stream*, int64_t> done;  // tasks that each stream has finished

}  // namespace

Stream* real(Stream* stream) { return stream == nullptr ? &null_stream : stream; }

void drain(Stream* stream, int64_t until) {
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
  GUARD;
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

bool capturing() {
  for (Stream* stream : streams) {
    if (stream->capture != nullptr && stream->captor == std::this_thread::get_id()) {
      return true;
    }
  }
  return false;
}

}  // namespace bhn_emulation

using namespace bhn_emulation;

extern "C" {

// For the emulated cuBLAS: a host function with a copy of its arguments.
__attribute__((visibility("default"))) int bhn_emulation_enqueue(void* stream, void (*run)(const void*), const void* arguments,
                                                                 size_t bytes) {
  auto* begin = static_cast<const char*>(arguments);
  std::vector<char> copy(begin, begin + bytes);
  enqueue(static_cast<Stream*>(stream), {[=] { run(copy.data()); }});
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
  if (free_memory() < kGraphBytes) {
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
