// Random numbers of a kernel: bhn.h's definition, from the philox.h that the CPU uses too, so the integers are the same.
#pragma once

#include "cuda/launch.h"
#include "philox.h"

namespace bhn::cuda {

// A stream whose place lies in device memory, so that a replayed step draws anew.
struct Stream {
  const int64_t* counter;
  uint64_t seed;
  uint32_t stream;

  // Block `index` of the stream at *counter + ahead.
  __device__ __forceinline__ philox::Words words(uint32_t index, int64_t ahead = 0) const {
    uint64_t at = uint64_t(*counter) + uint64_t(ahead);
    return philox::philox4x32(index, stream, uint32_t(at), uint32_t(at >> 32), uint32_t(seed), uint32_t(seed >> 32));
  }
};

// In [0, 1): multiples of 2^-24, which are exact.
__device__ __forceinline__ float unit(uint32_t word) { return float(word >> 8) * 0x1p-24f; }

}  // namespace bhn::cuda
