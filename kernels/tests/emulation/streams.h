// What is enqueued on a stream runs when someone waits for it, so that a host that reads too early reads old values.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "cuda_runtime.h"

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

// ---- runtime.cpp ----

extern std::recursive_mutex lock;
extern bool lost;  // the device

#define GUARD std::lock_guard<std::recursive_mutex> guard(lock)

// A number from the environment.
int64_t setting(const char* name, int64_t otherwise);
// The error that a function of the runtime returns, after it was noted.
cudaError_t answer(cudaError_t error);
size_t free_memory();

// ---- streams.cpp ----

// NULL is a stream, too.
Stream* real(Stream* stream);
void enqueue(Stream* stream, Task task);
// Runs tasks up to a place.
void drain(Stream* stream, int64_t until = INT64_MAX);
void drain_all();
// Whether this thread captures, which forbids it to allocate. A relaxed capture bears that, but nothing here is to do it.
bool capturing();

}  // namespace bhn_emulation
