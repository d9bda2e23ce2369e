// Streams, events and graphs of the emulation, and calls of the ABI recorded into a graph.
#include <thread>

#include "child.h"
#include "cuda/launch.h"

using namespace check;
using namespace bhn;
using namespace bhn::cuda;

namespace {

Queue queue(cudaStream_t stream) {
  Queue q = {};
  q.stream = stream;
  q.multiprocessors = 3;
  return q;
}

cudaStream_t stream() {
  cudaStream_t made = nullptr;
  CHECK(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking) == cudaSuccess);
  return made;
}

// Each call leaves a digit more.
__global__ void append(int* number, int digit) {
  if (threadIdx.x == 0) {
    *number = 10 * *number + digit;
  }
}

void lateness() {
  where = "work waits for a sync";
  cudaStream_t a = stream();
  int number = 0, copy = 0;
  void* device = nullptr;
  CHECK(cudaMalloc(&device, sizeof(int)) == cudaSuccess);
  CHECK(BHN_LAUNCH(append, 1, 32, 0, queue(a), &number, 1) == cudaSuccess);
  CHECK(BHN_LAUNCH(append, 1, 32, 0, queue(a), &number, 2) == cudaSuccess);
  CHECK(number == 0);
  CHECK(cudaStreamSynchronize(a) == cudaSuccess && number == 12);
  // What is copied from pageable memory has been read when the call returns; what is copied to it has arrived.
  int source = 7;
  CHECK(cudaMemcpyAsync(device, &source, sizeof(int), cudaMemcpyDefault, a) == cudaSuccess);
  source = 8;
  CHECK(cudaMemcpyAsync(&copy, device, sizeof(int), cudaMemcpyDefault, a) == cudaSuccess && copy == 7);
  CHECK(cudaMemsetAsync(device, 0, sizeof(int), a) == cudaSuccess && *static_cast<int*>(device) == 7);
  CHECK(cudaFree(device) == cudaSuccess && cudaFree(&number) == cudaErrorInvalidValue);
  CHECK(cudaGetLastError() == cudaErrorInvalidValue && cudaGetLastError() == cudaSuccess);
  CHECK(cudaStreamDestroy(a) == cudaSuccess);
}

void events() {
  where = "events order streams";
  cudaStream_t a = stream(), b = stream();
  cudaEvent_t half = nullptr;
  int number = 0;
  CHECK(cudaEventCreateWithFlags(&half, cudaEventDisableTiming) == cudaSuccess);
  CHECK(BHN_LAUNCH(append, 1, 32, 0, queue(a), &number, 1) == cudaSuccess);
  CHECK(cudaEventRecord(half, a) == cudaSuccess);
  CHECK(BHN_LAUNCH(append, 1, 32, 0, queue(a), &number, 2) == cudaSuccess);
  CHECK(cudaStreamWaitEvent(b, half, 0) == cudaSuccess);
  CHECK(BHN_LAUNCH(append, 1, 32, 0, queue(b), &number, 3) == cudaSuccess);
  CHECK(cudaStreamSynchronize(b) == cudaSuccess && number == 13);
  CHECK(cudaStreamSynchronize(a) == cudaSuccess && number == 132);
  CHECK(BHN_LAUNCH(append, 1, 32, 0, queue(a), &number, 4) == cudaSuccess);
  CHECK(cudaEventSynchronize(half) == cudaSuccess && number == 132);
  CHECK(cudaDeviceSynchronize() == cudaSuccess && number == 1324);
  CHECK(cudaEventDestroy(half) == cudaSuccess && cudaStreamDestroy(a) == cudaSuccess && cudaStreamDestroy(b) == cudaSuccess);
}

// Counters live on the device: every replay of the same calls draws fresh numbers, the ones that eager calls draw.
void graphs() {
  where = "a graph of calls";
  constexpr int64_t kNumbers = 37;
  constexpr int kReplays = 3;
  cudaStream_t a = stream();
  bhn_context *recorded = nullptr, *eager = nullptr;
  OK(bhn_context_create(&recorded, BHN_CUDA, 0, a, 1));
  OK(bhn_context_create(&eager, BHN_CUDA, 0, nullptr, 1));
  int64_t counter = 5, counter2 = 5;
  float numbers[kNumbers] = {}, numbers2[kNumbers] = {};
  auto calls = [](bhn_context* c, float* to, int64_t* count) {
    CHECK(bhn_rng_normal(c, to, count, kNumbers, 0, 42, 3) == BHN_OK);
    CHECK(bhn_rng_advance(c, count, 2) == BHN_OK);
  };
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  CHECK(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
  calls(recorded, numbers, &counter);
  void* memory = nullptr;
  CHECK(cudaStreamSynchronize(a) == cudaErrorStreamCaptureUnsupported);
  CHECK(cudaMalloc(&memory, 8) == cudaErrorStreamCaptureUnsupported);
  CHECK(cudaStreamEndCapture(a, &graph) == cudaErrorStreamCaptureInvalidated && graph == nullptr);
  CHECK(cudaStreamEndCapture(a, &graph) == cudaErrorIllegalState && graph == nullptr);
  CHECK(counter == 5 && numbers[0] == 0);
  CHECK(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
  std::thread([&] { CHECK(cudaDeviceSynchronize() == cudaErrorStreamCaptureUnsupported); }).join();
  CHECK(cudaStreamEndCapture(a, &graph) == cudaErrorStreamCaptureInvalidated && graph == nullptr);
  CHECK(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
  std::thread([&] { CHECK(cudaStreamEndCapture(a, &graph) == cudaErrorStreamCaptureWrongThread); }).join();
  CHECK(cudaStreamEndCapture(a, &graph) == cudaSuccess && cudaGraphDestroy(graph) == cudaSuccess);
  CHECK(cudaStreamBeginCapture(a, cudaStreamCaptureModeRelaxed) == cudaSuccess);
  std::thread([&] { CHECK(cudaStreamEndCapture(a, &graph) == cudaSuccess); }).join();
  CHECK(cudaGraphDestroy(graph) == cudaSuccess);
  cudaGetLastError();
  CHECK(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
  calls(recorded, numbers, &counter);
  CHECK(cudaStreamEndCapture(a, &graph) == cudaSuccess);
  CHECK(cudaGraphInstantiate(&exec, graph, 0) == cudaSuccess && cudaGraphDestroy(graph) == cudaSuccess);
  std::vector<float> before(kNumbers);
  for (int i = 0; i < kReplays; ++i) {
    CHECK(cudaGraphLaunch(exec, a) == cudaSuccess);
    CHECK(std::memcmp(numbers, before.data(), sizeof numbers) == 0);
    OK(bhn_context_sync(recorded));
    calls(eager, numbers2, &counter2);
    OK(bhn_context_sync(eager));
    CHECK(counter == 7 + 2 * i && counter == counter2 && std::memcmp(numbers, numbers2, sizeof numbers) == 0);
    CHECK(std::memcmp(numbers, before.data(), sizeof numbers) != 0);
    before.assign(numbers, numbers + kNumbers);
  }
  CHECK(cudaGraphExecDestroy(exec) == cudaSuccess);
  OK(bhn_context_destroy(recorded));
  OK(bhn_context_destroy(eager));
  CHECK(cudaStreamDestroy(a) == cudaSuccess);
}

void all() {
  lateness();
  events();
  graphs();
}

}  // namespace

TEST_MAIN(all)
