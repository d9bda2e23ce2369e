// What tensor cores make of a float.
#pragma once

#include <cstdint>
#include <cstring>

// To ten bits of mantissa, half to even.
inline float tf32(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  bits += 0xfff + (bits >> 13 & 1);
  bits &= ~uint32_t(0x1fff);
  std::memcpy(&x, &bits, sizeof bits);
  return x;
}
