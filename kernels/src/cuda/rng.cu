// Uniforms and standard normals from Philox4x32-10; the definition is in bhn.h.
// A thread owns a block of four elements. Bytes: 4 n written. Integer work: 10 rounds of 2 multiplications for 4 values; normals add one
// logarithm, one square root, one sine and one cosine for 2 values, of CUDA's library: equal to the CPU's up to rounding. Uniforms are
// bound by memory, normals nearly.
#include "cuda/elements.h"
#include "cuda/random.h"

namespace bhn::cuda {
namespace {

constexpr int kThreads = 256;

struct Uniform {
  __device__ static Quad draw(const philox::Words& w) { return {{unit(w.x[0]), unit(w.x[1]), unit(w.x[2]), unit(w.x[3])}}; }
};

struct Normal {
  // Two lanes make two normals. 2 v is exact, and sincospif is exact at the quadrants.
  __device__ static void pair(uint32_t x0, uint32_t x1, float* even, float* odd) {
    float u = float((x0 >> 8) + 1) * 0x1p-24f;
    float radius = sqrtf(fmaxf(-2.0f * logf(u), 0.0f));
    float sine, cosine;
    sincospif(2.0f * unit(x1), &sine, &cosine);
    *even = radius * cosine;
    *odd = radius * sine;
  }
  __device__ static Quad draw(const philox::Words& w) {
    Quad q;
    pair(w.x[0], w.x[1], &q.x[0], &q.x[1]);
    pair(w.x[2], w.x[3], &q.x[2], &q.x[3]);
    return q;
  }
};

// Elements first .. first + n - 1. The first and the last block may be cut.
template <class Kind>
__global__ void __launch_bounds__(kThreads) generate(float* out, Stream stream, int64_t n, int64_t first, bool whole) {
  int64_t end = (first + n + 3) / 4;
  for (int64_t block = first / 4 + global_thread(); block < end; block += grid_threads()) {
    Quad q = Kind::draw(stream.words(uint32_t(block)));
    int64_t at = 4 * block - first;
    if (at >= 0) {
      store_quad(out + at, q, n - at, whole);
      continue;
    }
#pragma unroll
    for (int k = 1; k < 4; ++k) {
      if (at + k >= 0 && at + k < n) {
        out[at + k] = q.x[k];
      }
    }
  }
}

template <class Kind>
cudaError_t launch(const Queue& q, float* out, const Stream& stream, int64_t n, int64_t first) {
  unsigned blocks = blocks_for(q, ceil_div(first + n, 4) - first / 4, kThreads);
  bool whole = first % 4 == 0 && in_quads(out, 0);
  return BHN_LAUNCH(generate<Kind>, blocks, kThreads, 0, q, out, stream, n, first, whole);
}

__global__ void __launch_bounds__(kWarp) advance(int64_t* counter, int64_t delta) {
  if (threadIdx.x == 0) {
    *counter = int64_t(uint64_t(*counter) + uint64_t(delta));
  }
}

}  // namespace

int rng_uniform(const Queue& q, float* out, const int64_t* counter, int64_t n, int64_t first, uint64_t seed, uint32_t stream) {
  return launch<Uniform>(q, out, {counter, seed, stream}, n, first);
}

int rng_normal(const Queue& q, float* out, const int64_t* counter, int64_t n, int64_t first, uint64_t seed, uint32_t stream) {
  return launch<Normal>(q, out, {counter, seed, stream}, n, first);
}

int rng_advance(const Queue& q, int64_t* counter, int64_t delta) { return BHN_LAUNCH(advance, 1, kWarp, 0, q, counter, delta); }

}  // namespace bhn::cuda
