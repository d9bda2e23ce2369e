// The emulated execution model: right kernels pass, and the mistakes it is there for are found. Kernels whose results are known.
#include <cmath>

#include "child.h"
#include "cuda/cooperative.h"

using namespace check;
using namespace bhn;
using namespace bhn::cuda;

namespace {

constexpr int kThreads = 128;

Queue queue() {
  Queue q = {};
  q.multiprocessors = 3;
  return q;
}

// The sum of a block's numbers, over a tree in shared memory.
constexpr int kTreeBarrier = __LINE__ + 5;
__global__ void tree(float* out, const float* x) {
  BHN_SHARED(float, partial, [kThreads]);
  partial[threadIdx.x] = x[blockIdx.x * kThreads + threadIdx.x];
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) {
      partial[threadIdx.x] += partial[threadIdx.x + half];
    }
  }
  if (threadIdx.x == 0) {
    out[blockIdx.x] = partial[0];
  }
}

// Two sums with the same shared memory.
__global__ void two_sums(float* out, const float* x) {
  float first = block_sum(x[threadIdx.x]);
  float second = block_sum(2.0f * x[threadIdx.x]);
  if (threadIdx.x == 0) {
    out[0] = first;
    out[1] = second;
  }
}

void sums() {
  float x[2 * kThreads], tree_out[2] = {}, sums_out[2] = {};
  for (int i = 0; i < 2 * kThreads; ++i) {
    x[i] = float(i);
  }
  CHECK(BHN_LAUNCH(tree, 2, kThreads, 0, queue(), tree_out, x) == cudaSuccess);
  CHECK(BHN_LAUNCH(two_sums, 1, kThreads, 0, queue(), sums_out, x) == cudaSuccess);
  CHECK(cudaDeviceSynchronize() == cudaSuccess);
  CHECK(tree_out[0] == 8128 && tree_out[1] == 24512);
  CHECK(sums_out[0] == 8128 && sums_out[1] == 16256);
}

void barriers() {
  where = "a barrier left out";
  auto with = [](const std::string& seed, const std::string& site) {
    return in_child({{"BHN_EMULATION_SEED", seed}, {"BHN_EMULATION_DROP", site}},
                    [] {
                      failures = 21;  // those to come are wanted: count, but do not print
                      sums();
                      failures -= 21;
                    })
        .good;
  };
  std::string site = "execution.cpp:" + std::to_string(kTreeBarrier);
  for (int seed = 1; seed <= 8; ++seed) {
    CHECK(with(std::to_string(seed), ""));
    CHECK(with(std::to_string(seed), "execution.cpp:1"));
    CHECK(!with(std::to_string(seed), site));
  }
}

__global__ void beyond(float* out, int at) {
  if (threadIdx.x == 7) {
    out[at] = 1;
  }
}

void addresses() {
  where = "a write outside";
  auto writes = [](int at) {
    return in_child({}, [at] {
      void* memory = nullptr;
      CHECK(cudaMalloc(&memory, 5 * sizeof(float)) == cudaSuccess);
      CHECK(BHN_LAUNCH(beyond, 1, 32, 0, queue(), static_cast<float*>(memory), at) == cudaSuccess);
      CHECK(cudaDeviceSynchronize() == cudaSuccess);
    });
  };
  CHECK(writes(4).good);
  for (int at : {5, -1, 63, 64}) {
    End end = writes(at);
    CHECK(!end.good && end.says("AddressSanitizer"));
  }
}

__global__ void divergent() {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

// Lane 0 waits for its warp, which waits for the block.
__global__ void locked() {
  if (threadIdx.x == 0) {
    __syncwarp();
  }
  __syncthreads();
}

// Threads that have ended are not waited for.
__global__ void ended() {
  if (threadIdx.x % 2 == 0) {
    return;
  }
  __syncthreads();
}

void meetings() {
  where = "barriers not met by all";
  auto run = [](void (*kernel)()) {
    return in_child({}, [kernel] {
      CHECK(BHN_LAUNCH(kernel, 1, 64, 0, queue()) == cudaSuccess);
      cudaDeviceSynchronize();
    });
  };
  End other = run(divergent), none = run(locked);
  CHECK(!other.good && other.says("different __syncthreads"));
  CHECK(!none.good && none.says("deadlock"));
  CHECK(run(ended).good);
}

__global__ void shuffles(int* out, int width) {
  int t = int(threadIdx.x);
  int* mine = out + 8 * t;
  mine[0] = __shfl_xor_sync(kAllLanes, t, 5, width);
  mine[1] = __shfl_up_sync(kAllLanes, t, 3, width);
  mine[2] = __shfl_down_sync(kAllLanes, t, 3, width);
  mine[3] = __shfl_sync(kAllLanes, t, 9, width);
  mine[4] = int(__ballot_sync(kAllLanes, t % 3 == 0));
  mine[5] = __any_sync(kAllLanes, t == 40);
  double wide = __shfl_xor_sync(kAllLanes, 0.5 + t, 1);
  mine[6] = int(2 * wide);
  mine[7] = warp_sum(t);
}

void exchanges() {
  where = "shuffles";
  for (int width : {32, 16, 8}) {
    int out[8 * 64];
    CHECK(BHN_LAUNCH(shuffles, 1, 64, 0, queue(), out, width) == cudaSuccess);
    CHECK(cudaDeviceSynchronize() == cudaSuccess);
    for (int t = 0; t < 64; ++t) {
      const int* got = out + 8 * t;
      int lane = t % width, base = t - lane, warp = t / 32;
      unsigned thirds = 0;
      for (int i = 0; i < 32; ++i) {
        thirds |= (32 * warp + i) % 3 == 0 ? 1u << i : 0u;
      }
      CHECK(got[0] == base + (lane ^ 5) && got[1] == (lane < 3 ? t : t - 3) && got[2] == (lane + 3 < width ? t + 3 : t));
      CHECK(got[3] == base + 9 % width && unsigned(got[4]) == thirds && got[5] == warp);
      CHECK(got[6] == 2 * (t ^ 1) + 1 && got[7] == 496 + 1024 * warp);
    }
  }
}

__global__ void all_blocks(int* out, int* memory) {
  for (int round = 1; round <= 3; ++round) {
    if (threadIdx.x == 0) {
      memory[blockIdx.x] = round;
    }
    grid_barrier();
    if (threadIdx.x == 0) {
      for (unsigned b = 0; b < gridDim.x; ++b) {
        out[blockIdx.x] += memory[b];
      }
    }
    grid_barrier();
  }
}

void grids() {
  where = "a barrier of the grid";
  int out[6] = {}, memory[6] = {}, most = 0;
  CHECK(resident_blocks(queue(), all_blocks, 64, 0, &most) == cudaSuccess && most == 6);
  CHECK(BHN_LAUNCH_COOPERATIVE(all_blocks, 7, 64, 0, queue(), out, memory) == cudaErrorCooperativeLaunchTooLarge);
  CHECK(BHN_LAUNCH_COOPERATIVE(all_blocks, 6, 64, 0, queue(), out, memory) == cudaSuccess);
  CHECK(cudaDeviceSynchronize() == cudaSuccess);
  for (int sum : out) {
    CHECK(sum == 6 * (1 + 2 + 3));
  }
  auto all = [&](unsigned blocks) { return BHN_LAUNCH_COOPERATIVE(all_blocks, blocks, 64, 0, queue(), out, memory); };
  CHECK(launch_fitting(10, all) == cudaSuccess && cudaDeviceSynchronize() == cudaSuccess);
  CHECK(out[4] == (6 + 5) * (1 + 2 + 3) && out[5] == 6 * (1 + 2 + 3));
  CHECK(launch_fitting(28, all) == cudaSuccess && cudaDeviceSynchronize() == cudaSuccess);
  CHECK(out[2] == (6 + 5 + 3) * (1 + 2 + 3) && out[3] == (6 + 5) * (1 + 2 + 3));
  std::vector<unsigned> tried;
  for (cudaError_t error : {cudaErrorCooperativeLaunchTooLarge, cudaErrorInvalidValue}) {
    CHECK(launch_fitting(5, [&](unsigned blocks) { return tried.push_back(blocks), error; }) == error);
  }
  CHECK((tried == std::vector<unsigned>{5, 2, 1, 5}));
  CHECK(BHN_LAUNCH(tree, 0, 64, 0, queue(), nullptr, nullptr) == cudaErrorInvalidConfiguration);
  CHECK(BHN_LAUNCH(tree, 1, 33, 0, queue(), nullptr, nullptr) == cudaErrorInvalidConfiguration);
  CHECK(BHN_LAUNCH(tree, 1, 64, 50 << 10, queue(), nullptr, nullptr) == cudaErrorInvalidValue);
}

// Counts what it finds in shared memory before and after it has written there.
__global__ void fresh(int* unset) {
  BHN_SHARED(double, fixed, [64]);
  BHN_DYNAMIC_SHARED(float, asked);
  unset[64 * blockIdx.x + threadIdx.x] = std::isnan(fixed[threadIdx.x]) && std::isnan(asked[threadIdx.x]);
  fixed[threadIdx.x] = asked[threadIdx.x] = 1;
}

__global__ void faulty(Fault* fault) {
  int t = int(threadIdx.x);
  report(fault, Fault::kLabel, t, 10 * t, 100 * t);
}

void memory() {
  where = "shared memory and faults";
  int unset[3 * 64] = {};
  CHECK(BHN_LAUNCH(fresh, 3, 64, 64 * sizeof(float), queue(), unset) == cudaSuccess);
  CHECK(cudaDeviceSynchronize() == cudaSuccess);
  for (int each : unset) {
    CHECK(each == 1);
  }
  Fault fault = {};
  CHECK(BHN_LAUNCH(faulty, 2, 64, 0, queue(), &fault) == cudaSuccess);
  CHECK(cudaDeviceSynchronize() == cudaSuccess);
  CHECK(fault.kind == Fault::kLabel && fault.place < 64 && fault.value == 10 * fault.place && fault.bound == 100 * fault.place);
}

void all() {
  barriers();  // first: a process settles on its order, and on what it drops, with its first kernel
  sums();
  addresses();
  meetings();
  exchanges();
  grids();
  memory();
}

}  // namespace

TEST_MAIN(all)
