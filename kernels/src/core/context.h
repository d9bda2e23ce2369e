// What a context is: a device and its threads or its queue. It holds no memory that grows while ops run.
#pragma once

#include <cstdint>

#include "cuda/kernels.h"

struct bhn_context {
  static constexpr uint64_t kAlive = 0x62686e2d6c697665;
  static constexpr int kPartials = 4096;

  uint64_t magic = kAlive;
  bhn_context* next = nullptr;  // of the destroyed ones
  int32_t device = 0;
  int32_t ordinal = 0;
  int32_t threads = 1;
  void* scratch = nullptr;
  int64_t scratch_bytes = 0;
  // Partial sums of a reduction over all parameters, one for each fixed chunk.
  double partials[kPartials];

  // Of a CUDA device.
  bhn::Queue queue = {};
  bool own_stream = false;
  bool lost = false;
};
