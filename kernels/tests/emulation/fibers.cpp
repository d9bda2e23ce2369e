// Blocks, threads, warps and barriers as fibers.
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "emulation.h"
#include "fiber_switch.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace bhn_emulation {
namespace {

constexpr size_t kStack = 256 << 10;
constexpr size_t kNeverLeft = 8 << 10;  // more than the frames that a finished fiber leaves

[[noreturn]] void give_up(const char* reason) {
  std::fprintf(stderr, "CUDA emulation: %s\n", reason);
  std::abort();
}

struct Block;

struct Fiber {
  char* stack = nullptr;
  void* top = nullptr;  // its saved stack pointer
  void* fake = nullptr;
  Place place;
  int lane = 0, warp = 0;
  Block* block = nullptr;
  enum { kReady, kBlock, kWarp, kGrid, kDone } state = kReady;
  const char* file = nullptr;  // of the barrier it waits at
  int line = 0;
};

struct Warp {
  int alive = 0, waiting = 0;
  int round = 0;
  uint64_t slots[2][32];
};

struct Block {
  std::vector<Fiber*> fibers;
  std::vector<Warp> warps;
  int alive = 0, waiting = 0;
  std::map<const void*, std::unique_ptr<char[]>> arrays;
  std::unique_ptr<char[]> dynamic;

  Warp& warp(const Fiber& f) { return warps[f.warp]; }
};

struct Scheduler {
  std::vector<std::unique_ptr<Fiber>> pool;
  std::vector<Fiber*> ready;
  std::vector<std::unique_ptr<Block>> blocks;
  const std::function<void()>* body = nullptr;
  size_t shared = 0;
  Fiber* running = nullptr;
  void* top = nullptr;
  void* fake = nullptr;
  const void* bottom = nullptr;
  size_t size = 0;
  int alive = 0, at_grid = 0;
  // Mostly whoever became ready last goes on: one warp runs far ahead of the others. Else all keep about abreast.
  bool eager = false;
  uint64_t random = seed();

  static uint64_t seed() {
    const char* text = std::getenv("BHN_EMULATION_SEED");
    return (text == nullptr ? 1 : std::strtoull(text, nullptr, 10)) * 0x9E3779B97F4A7C15u + 88172645463325252u;
  }

  uint64_t below(uint64_t n) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return (random >> 11) % n;
  }

  void suspend();
  void resume(Fiber* fiber);
  void start(Fiber* fiber);
  void drain();
};

thread_local Scheduler scheduler;

void Scheduler::suspend() {
  Fiber* me = running;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(me->state == Fiber::kDone ? nullptr : &me->fake, bottom, size);
#endif
  bhn_switch_fiber(&me->top, top);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(me->fake, &bottom, &size);
#endif
}

void Scheduler::resume(Fiber* fiber) {
  running = fiber;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&fake, fiber->stack, kStack);
#endif
  bhn_switch_fiber(&top, fiber->top);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
  running = nullptr;
}

void ready_all(Block& block, int state, int warp) {
  for (Fiber* f : block.fibers) {
    if (f->state == state && (warp < 0 || f->warp == warp)) {
      f->state = Fiber::kReady;
      scheduler.ready.push_back(f);
    }
  }
}

// A barrier opens when every thread that has not ended waits at it.
void open_block(Block& block) {
  if (block.alive == 0 || block.waiting < block.alive) {
    return;
  }
  const Fiber* first = nullptr;
  for (Fiber* f : block.fibers) {
    if (f->state == Fiber::kBlock) {
      if (first != nullptr && (f->line != first->line || std::strcmp(f->file, first->file) != 0)) {
        give_up("threads of one block meet at different __syncthreads");
      }
      first = f;
    }
  }
  block.waiting = 0;
  ready_all(block, Fiber::kBlock, -1);
}

void open_warp(Block& block, int index) {
  Warp& warp = block.warps[index];
  if (warp.alive > 0 && warp.waiting == warp.alive) {
    warp.waiting = 0;
    ready_all(block, Fiber::kWarp, index);
  }
}

void open_grid() {
  Scheduler& s = scheduler;
  if (s.alive > 0 && s.at_grid == s.alive) {
    s.at_grid = 0;
    for (auto& block : s.blocks) {
      ready_all(*block, Fiber::kGrid, -1);
    }
  }
}

void entry() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &scheduler.bottom, &scheduler.size);
#endif
  (*scheduler.body)();
  Fiber* me = scheduler.running;
  Block& block = *me->block;
  me->state = Fiber::kDone;
  --scheduler.alive;
  --block.alive;
  --block.warp(*me).alive;
  open_block(block);
  open_warp(block, me->warp);
  open_grid();
  scheduler.suspend();
  give_up("a finished thread went on");
}

void Scheduler::start(Fiber* fiber) {
  if (fiber->stack == nullptr) {
    void* memory = mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
      give_up("no memory for stacks");
    }
    fiber->stack = static_cast<char*>(memory);
  }
#if defined(__SANITIZE_ADDRESS__)
  // Frames that have returned have cleaned up; those of entry() and suspend() of the stack's last fiber have not.
  __asan_unpoison_memory_region(fiber->stack + kStack - kNeverLeft, kNeverLeft);
#endif
  void** frame = reinterpret_cast<void**>(fiber->stack + kStack) - kFrame;
  std::memset(frame, 0, kFrame * sizeof *frame);
  frame[kGoOn] = reinterpret_cast<void*>(&entry);
  fiber->top = frame;
  fiber->fake = nullptr;
  fiber->state = Fiber::kReady;
  ready.push_back(fiber);
}

void Scheduler::drain() {
  while (!ready.empty()) {
    bool newest = eager && below(16) != 0;
    auto pick = newest ? ready.end() - 1 : ready.begin() + ptrdiff_t(below(ready.size()));
    Fiber* next = *pick;
    ready.erase(pick);
    resume(next);
  }
  if (alive > 0) {
    give_up("deadlock: threads wait at a barrier that others have left out");
  }
}

void wait(int state) {
  Fiber* me = scheduler.running;
  me->state = static_cast<decltype(me->state)>(state);
}

std::unique_ptr<char[]> filled(size_t bytes) {
  std::unique_ptr<char[]> memory(new char[bytes]);
  std::memset(memory.get(), 0xff, bytes);
  return memory;
}

bool dropped(const char* file, int line) {
  static const char* const wanted = std::getenv("BHN_EMULATION_DROP");
  if (wanted == nullptr) {
    return false;
  }
  const char* slash = std::strrchr(file, '/');
  char site[256];
  std::snprintf(site, sizeof site, "%s:%d", slash == nullptr ? file : slash + 1, line);
  return std::strcmp(site, wanted) == 0;
}

void begin_block(dim3 at, dim3 grid, dim3 size, size_t* used) {
  Scheduler& s = scheduler;
  s.blocks.push_back(std::make_unique<Block>());
  Block& block = *s.blocks.back();
  int threads = int(size.x * size.y * size.z);
  block.alive = threads;
  block.warps.resize((threads + 31) / 32);
  block.dynamic = filled(s.shared > 0 ? s.shared : 1);
  for (int i = 0; i < threads; ++i) {
    if (*used == s.pool.size()) {
      s.pool.push_back(std::make_unique<Fiber>());
    }
    Fiber* fiber = s.pool[(*used)++].get();
    fiber->place = {dim3(i % size.x, i / size.x % size.y, i / (size.x * size.y)), at, size, grid};
    fiber->lane = i % 32;
    fiber->warp = i / 32;
    fiber->block = &block;
    ++block.warps[fiber->warp].alive;
    block.fibers.push_back(fiber);
    ++s.alive;
    s.start(fiber);
  }
  for (size_t i = s.ready.size(); i > 1; --i) {
    std::swap(s.ready[i - 1], s.ready[s.below(i)]);
  }
}

}  // namespace

const Place& here() { return scheduler.running->place; }

int lane() { return scheduler.running->lane; }

void* shared(const void* place, size_t bytes) {
  auto& memory = scheduler.running->block->arrays[place];
  if (memory == nullptr) {
    memory = filled(bytes);
  }
  return memory.get();
}

void* dynamic_shared() { return scheduler.running->block->dynamic.get(); }

void block_barrier(const char* file, int line) {
  if (dropped(file, line)) {
    return;
  }
  Fiber* me = scheduler.running;
  me->file = file;
  me->line = line;
  wait(Fiber::kBlock);
  ++me->block->waiting;
  open_block(*me->block);
  scheduler.suspend();
}

void warp_barrier() {
  Fiber* me = scheduler.running;
  wait(Fiber::kWarp);
  ++me->block->warp(*me).waiting;
  open_warp(*me->block, me->warp);
  scheduler.suspend();
}

void grid_barrier() {
  wait(Fiber::kGrid);
  ++scheduler.at_grid;
  open_grid();
  scheduler.suspend();
}

namespace {

// What each lane brought.
const uint64_t* everyone(uint64_t value) {
  Fiber* me = scheduler.running;
  Warp& warp = me->block->warp(*me);
  // The first to arrive at the next exchange may still be ahead of those who read this one: two sets of slots.
  int round = warp.round;
  warp.slots[round][me->lane] = value;
  if (warp.waiting + 1 == warp.alive) {
    warp.round ^= 1;
  }
  warp_barrier();
  return warp.slots[round];
}

}  // namespace

uint64_t exchange(uint64_t value, int from) { return everyone(value)[from]; }

unsigned ballot(bool predicate) {
  const uint64_t* lanes = everyone(predicate ? 1 : 0);
  unsigned all = 0;
  for (int i = 0; i < 32; ++i) {
    all |= lanes[i] != 0 ? 1u << i : 0u;
  }
  return all;
}

void run_grid(dim3 grid, dim3 block, size_t shared_bytes, bool cooperative, const std::function<void()>& body) {
  Scheduler& s = scheduler;
  if (s.running != nullptr) {
    give_up("a kernel launched a kernel");
  }
  s.body = &body;
  s.shared = shared_bytes;
  s.eager = s.below(2) == 0;
  std::vector<dim3> order;
  for (unsigned z = 0; z < grid.z; ++z) {
    for (unsigned y = 0; y < grid.y; ++y) {
      for (unsigned x = 0; x < grid.x; ++x) {
        order.emplace_back(x, y, z);
      }
    }
  }
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[s.below(i)]);
  }
  size_t used = 0;
  for (const dim3& at : order) {
    begin_block(at, grid, block, &used);
    if (!cooperative) {
      s.drain();
      s.blocks.clear();
      used = 0;
    }
  }
  s.drain();
  s.blocks.clear();
}

}  // namespace bhn_emulation
