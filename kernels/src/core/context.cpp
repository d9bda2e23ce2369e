// Version, contexts and memory.
#include "core/context.h"

#include <omp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "bhn_build.h"
#include "core/limits.h"
#include "core/lock.h"
#include "core/status.h"
#include "cpu/kernels.h"

namespace bhn {
const char* last_error();
}

using namespace bhn;

namespace {

// Destroyed contexts, kept for those made later and never freed: whoever still holds one meets an error, not freed memory. There are no
// more of them than have lived at once.
pthread_mutex_t retired_lock = PTHREAD_MUTEX_INITIALIZER;
bhn_context* retired = nullptr;

void retire(bhn_context* context) {
  Hold hold(&retired_lock);
  context->magic = 0;
  context->next = retired;
  retired = context;
}

// A context as it was declared, or NULL.
bhn_context* fresh_context() {
  Hold hold(&retired_lock);
  void* memory = retired;
  if (memory == nullptr) {
    return new (std::nothrow) bhn_context;
  }
  retired = retired->next;
  return new (memory) bhn_context;
}

constexpr int64_t kAlignment = 64;
constexpr int64_t kHugePage = 2 << 20;

int64_t physical_memory() { return int64_t(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE); }

int64_t round_up(int64_t bytes, int64_t to) { return (bytes + to - 1) / to * to; }

// Zeroed memory, or NULL. What is streamed in every step shall lie in huge pages: a last one is filled up where that wastes little.
void* allocate(int64_t bytes) {
  int64_t filled = round_up(bytes, kHugePage);
  bool fill = filled - bytes < bytes / 8;
  bool huge = fill || bytes >= kHugePage;
  int64_t size = fill ? filled : round_up(bytes, kAlignment);
  void* memory = nullptr;
  // Not aligned_alloc, whose sizes are multiples of the alignment.
  if (posix_memalign(&memory, huge ? kHugePage : kAlignment, size > 0 ? size : kAlignment) != 0) {
    return nullptr;
  }
  if (huge) {
    madvise(memory, size, MADV_HUGEPAGE);
  }
  std::memset(memory, 0, bytes);
  return memory;
}

// Sizes beside what the device has.
int32_t no_memory(const char* op, int64_t bytes) {
  int64_t free_bytes = 0, total_bytes = 0;
  cuda_kernels()->memory_info(&free_bytes, &total_bytes);
  return fail(BHN_OUT_OF_MEMORY, "%s: bytes = %lld, the CUDA device has %lld free of %lld", op, (long long)bytes, (long long)free_bytes,
              (long long)total_bytes);
}

// What there is of memory for a request; small ones are not worth the question.
int64_t obtainable(int64_t bytes) {
  int64_t all = physical_memory();
  int64_t left = bytes < kHugePage ? all : free_memory();
  return left < all ? left : all;
}

int32_t no_machine_memory(const char* op, int64_t bytes) {
  int64_t left = free_memory();
  return fail(BHN_OUT_OF_MEMORY, "%s: bytes = %lld, the machine has %lld, of which this process may still take %lld", op, (long long)bytes,
              (long long)physical_memory(), (long long)(left < physical_memory() ? left : physical_memory()));
}

// What a kernel found among indices in device memory.
int32_t bad_index(const Fault& fault) {
  static const char* const kTexts[] = {"",
                                       "%lld entries of order are asked for at cursor = %lld, which must be in [0, %lld]",
                                       "order[cursor + %lld] = %lld is not a row, in [0, %lld)",
                                       "labels[%lld] = %lld is not a class, in [0, %lld)",
                                       "permutation[%lld] = %lld is not in [0, %lld)",
                                       "row_start[%lld] = %lld does not fit its row, at most %lld"};
  char text[160];
  std::snprintf(text, sizeof text, kTexts[fault.kind], (long long)fault.place, (long long)fault.value, (long long)fault.bound);
  return fail(BHN_INVALID_ARGUMENT, "an earlier call on the CUDA device met a bad index: %s", text);
}

// Opens a CUDA device for a context that is otherwise made.
int32_t open_cuda(bhn_context* context, void* stream) {
  const CudaKernels* cuda = cuda_kernels();
  if (cuda == nullptr) {
    return fail(BHN_UNSUPPORTED, "context_create: this libbhn was built without CUDA: build it where CUDA's nvcc is on the PATH");
  }
  const char* problem = cuda->problem(context->ordinal);
  if (problem[0] != '\0') {
    return fail(BHN_NO_DEVICE, "context_create: %s", problem);
  }
  context->own_stream = stream == nullptr;
  int error = cuda->context_open(&context->queue, context->ordinal, stream);
  return Args("context_create", context).launched(error).status();
}

}  // namespace

extern "C" {

int32_t bhn_abi_version(void) { return BHN_ABI_VERSION; }

const char* bhn_build_info(void) {
  return "libbhn " BHN_BUILD_VERSION " (" BHN_BUILD_ID "), " BHN_BUILD_COMPILER
#ifdef BHN_WITH_CUDA
         ", cpu and cuda";
#else
         ", cpu";
#endif
}

const char* bhn_simd_level(void) { return cpu_kernels().name; }

const char* bhn_last_error(void) { return last_error(); }

int32_t bhn_context_create(bhn_context** context, int32_t device, int32_t ordinal, void* stream, int32_t threads) {
  return entry("context_create", [&]() -> int32_t {
    if (context == nullptr) {
      return fail(BHN_INVALID_ARGUMENT, "context_create: context is NULL");
    }
    *context = nullptr;
    if ((device != BHN_CPU || ordinal != 0) && device != BHN_CUDA) {
      return fail(BHN_INVALID_ARGUMENT, "context_create: device = %d, ordinal = %d: there is CPU 0, and CUDA", device, ordinal);
    }
    if (threads < 0 || threads > 4096) {
      return fail(BHN_INVALID_ARGUMENT, "context_create: threads = %d must be in [0, 4096]", threads);
    }
    if (device == BHN_CPU && unknown_simd() != nullptr) {
      return fail(BHN_INVALID_ARGUMENT, "context_create: BHN_SIMD = \"%s\" in the environment must be base, avx2 or avx512",
                  unknown_simd());
    }
    int32_t team = threads > 0 ? threads : omp_get_max_threads();
    // OpenMP ends the process where it cannot start a team.
    int32_t most = device == BHN_CPU ? grantable_threads(team) : team;
    if (most < team) {
      return fail(BHN_UNSUPPORTED,
                  "context_create: of %d threads this process can have %d: ask for fewer (threads, or OMP_NUM_THREADS where that is 0), or "
                  "raise its limit (ulimit -u, ulimit -v, pids.max of its control group)",
                  team, most);
    }
    bhn_context* made = fresh_context();
    if (made == nullptr) {
      return fail(BHN_OUT_OF_MEMORY, "context_create: %zu bytes", sizeof(bhn_context));
    }
    made->device = device;
    made->ordinal = ordinal;
    made->threads = team;
    int32_t status = device == BHN_CUDA ? open_cuda(made, stream) : int32_t(BHN_OK);
    if (status != BHN_OK) {
      retire(made);
      return status;
    }
    *context = made;
    return BHN_OK;
  });
}

int32_t bhn_context_destroy(bhn_context* context) {
  if (context == nullptr || context->magic != bhn_context::kAlive) {
    return Args("context_destroy", context).status();
  }
  // A lost device frees nothing, but its contexts can be closed.
  int32_t status = BHN_OK;
  if (context->device == BHN_CPU) {
    std::free(context->scratch);
  } else if (!context->lost) {
    cuda_kernels()->memory_free(context->queue, context->scratch);
    int error = cuda_kernels()->context_close(context->queue, context->ordinal, context->own_stream);
    status = Args("context_destroy", context).launched(error).status();
  }
  retire(context);
  return status;
}

int32_t bhn_context_sync(bhn_context* context) {
  Args args("context_sync", context);
  if (args.bad() || args.on_host()) {
    return args.status();
  }
  Fault fault = {};
  if (args.launched(cuda_kernels()->sync(context->queue, &fault)).bad() || fault.kind == Fault::kNone) {
    return args.status();
  }
  return bad_index(fault);
}

int32_t bhn_context_reserve(bhn_context* context, int64_t bytes) {
  Args args("context_reserve", context);
  // Any size that is not negative may be asked for: too much is out of memory, as it is for memory_alloc.
  args.range("bytes", bytes, 0, INT64_MAX);
  if (args.bad() || bytes <= context->scratch_bytes) {
    return args.status();
  }
  void* grown = nullptr;
  int32_t status = bhn_memory_alloc(context, &grown, bytes);
  if (status == BHN_OK) {
    bhn_memory_free(context, context->scratch);
    context->scratch = grown;
    context->scratch_bytes = bytes;
  }
  return status;
}

int32_t bhn_memory_alloc(bhn_context* context, void** memory, int64_t bytes) {
  Args args("memory_alloc", context);
  args.pointer("memory", memory);
  if (args.bad()) {
    return args.status();
  }
  *memory = nullptr;
  if (bytes < 0) {
    return fail(BHN_INVALID_ARGUMENT, "memory_alloc: bytes = %lld is negative", (long long)bytes);
  }
  if (!args.on_host()) {
    int error = cuda_kernels()->memory_alloc(context->queue, memory, bytes);
    bool full = error != 0 && cuda_kernels()->is_out_of_memory(error);
    return full ? no_memory("memory_alloc", bytes) : args.launched(error).status();
  }
  return entry("memory_alloc", [&]() -> int32_t {
    // Overcommit would grant more than there is and kill the process when it is touched.
    if (bytes <= obtainable(bytes)) {
      *memory = allocate(bytes);
    }
    return *memory == nullptr ? no_machine_memory("memory_alloc", bytes) : int32_t(BHN_OK);
  });
}

int32_t bhn_memory_free(bhn_context* context, void* memory) {
  Args args("memory_free", context);
  if (args.bad()) {
    return args.status();
  }
  if (!args.on_host()) {
    return args.launched(cuda_kernels()->memory_free(context->queue, memory)).status();
  }
  std::free(memory);
  return BHN_OK;
}

int32_t bhn_memory_copy(bhn_context* context, void* to, const void* from, int64_t bytes) {
  Args args("memory_copy", context);
  args.size("bytes", bytes).pointer("to", to, bytes).pointer("from", from, bytes);
  if (args.bad() || bytes == 0) {
    return args.status();
  }
  if (!args.on_host()) {
    return args.launched(cuda_kernels()->memory_copy(context->queue, to, from, bytes)).status();
  }
  std::memmove(to, from, bytes);
  return BHN_OK;
}

}  // extern "C"
