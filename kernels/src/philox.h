// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011), shared by host and device. Four 32-bit words from a
// 128-bit counter and a 64-bit key; no state. 10 rounds of two 32x32 -> 64 multiplications each.
#pragma once

#include <cstdint>

#if defined(__CUDACC__)
#define BHN_HD __host__ __device__ __forceinline__
#else
#define BHN_HD static inline __attribute__((always_inline))
#endif

// BHN_PHILOX_NS keeps the host copies of the instruction sets apart.
#ifndef BHN_PHILOX_NS
#define BHN_PHILOX_NS philox
#endif

namespace bhn::BHN_PHILOX_NS {

struct Words {
  uint32_t x[4];
};

BHN_HD Words philox4x32(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1) {
  for (int round = 0; round < 10; ++round) {
    uint64_t a = uint64_t(0xD2511F53u) * c0;
    uint64_t b = uint64_t(0xCD9E8D57u) * c2;
    uint32_t n0 = uint32_t(b >> 32) ^ c1 ^ k0;
    uint32_t n2 = uint32_t(a >> 32) ^ c3 ^ k1;
    c1 = uint32_t(b);
    c3 = uint32_t(a);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

}  // namespace bhn::BHN_PHILOX_NS
