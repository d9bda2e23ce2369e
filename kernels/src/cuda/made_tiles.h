// Products of matrices in tiles of shared memory, for the layers of a conditioner with many samples: a weight that is loaded serves a whole
// tile of samples. Single precision, one block for a tile of the result, so sums have a fixed order.
#pragma once

#include "cuda/launch.h"

namespace bhn::cuda {

constexpr int kTileThreads = 128;
constexpr int kTileM = 64, kTileN = 32, kTileK = 16;
// Entries of the result that a thread holds: (m0 + m(thread) + 16 i, n0 + n(thread) + 8 j).
constexpr int kTileI = 4, kTileJ = 4;

__device__ __forceinline__ int tile_m(int i) { return threadIdx.x / 8 + 16 * i; }
__device__ __forceinline__ int tile_n(int j) { return threadIdx.x % 8 + 8 * j; }

// The place of the thread's entry q of a tile of kSize x kTileK: neighbouring threads take neighbours along k or across it.
template <int kSize, bool kAlongK>
__device__ __forceinline__ void tile_place(int q, int* across, int* k) {
  int e = threadIdx.x + q * kTileThreads;
  *across = kAlongK ? e / kTileK : e % kSize;
  *k = kAlongK ? e % kTileK : e / kSize;
}

// sum[i][j] += sum over k in [0, depth) of a(m, k) b(n, k) for the block's m in [0, kTileM) and n in [0, kTileN). a and b give 0 where
// there is nothing.
template <bool kAlongKOfA, bool kAlongKOfB, class A, class B>
__device__ void tile_product(float (&sum)[kTileI][kTileJ], int64_t depth, const A& a, const B& b) {
  BHN_SHARED(float, a_tile, [kTileK][kTileM + 1]);
  BHN_SHARED(float, b_tile, [kTileK][kTileN + 1]);
  constexpr int kA = kTileM * kTileK / kTileThreads, kB = kTileN * kTileK / kTileThreads;
  float from_a[kA], from_b[kB];
  int across, k;
  auto ask = [&](int64_t k0) {
#pragma unroll
    for (int q = 0; q < kA; ++q) {
      tile_place<kTileM, kAlongKOfA>(q, &across, &k);
      from_a[q] = k0 + k < depth ? a(across, k0 + k) : 0.0f;
    }
#pragma unroll
    for (int q = 0; q < kB; ++q) {
      tile_place<kTileN, kAlongKOfB>(q, &across, &k);
      from_b[q] = k0 + k < depth ? b(across, k0 + k) : 0.0f;
    }
  };
  ask(0);
  for (int64_t k0 = 0; k0 < depth; k0 += kTileK) {
    __syncthreads();  // the tiles of the round before have been read
#pragma unroll
    for (int q = 0; q < kA; ++q) {
      tile_place<kTileM, kAlongKOfA>(q, &across, &k);
      a_tile[k][across] = from_a[q];
    }
#pragma unroll
    for (int q = 0; q < kB; ++q) {
      tile_place<kTileN, kAlongKOfB>(q, &across, &k);
      b_tile[k][across] = from_b[q];
    }
    __syncthreads();
    ask(k0 + kTileK);  // while this tile is multiplied
#pragma unroll
    for (int step = 0; step < kTileK; ++step) {
      float left[kTileI], right[kTileJ];
      for (int i = 0; i < kTileI; ++i) {
        left[i] = a_tile[step][tile_m(i)];
      }
      for (int j = 0; j < kTileJ; ++j) {
        right[j] = b_tile[step][tile_n(j)];
      }
      for (int i = 0; i < kTileI; ++i) {
        for (int j = 0; j < kTileJ; ++j) {
          sum[i][j] += left[i] * right[j];
        }
      }
    }
  }
}

// Calls use(m, n, value) for the thread's entries of the result.
template <class Use>
__device__ __forceinline__ void each_entry(const float (&sum)[kTileI][kTileJ], const Use& use) {
  for (int i = 0; i < kTileI; ++i) {
    for (int j = 0; j < kTileJ; ++j) {
      use(tile_m(i), tile_n(j), sum[i][j]);
    }
  }
}

}  // namespace bhn::cuda
