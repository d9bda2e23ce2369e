// Version, contexts and memory.
#include "core/context.h"

#include <omp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "bhn_build.h"
#include "core/status.h"
#include "cpu/kernels.h"

namespace bhn {
const char* last_error();
}

using namespace bhn;

namespace {

constexpr int64_t kAlignment = 64;
constexpr int64_t kHugePage = 2 << 20;

int64_t physical_memory() { return int64_t(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE); }

// Zeroed memory, or NULL.
void* allocate(int64_t bytes) {
  bool huge = bytes >= 2 * kHugePage;
  int64_t alignment = huge ? kHugePage : kAlignment;
  int64_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded > 0 ? rounded : alignment);
  if (memory != nullptr) {
    if (huge) {
      madvise(memory, rounded, MADV_HUGEPAGE);
    }
    std::memset(memory, 0, bytes);
  }
  return memory;
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
    if (device == BHN_CUDA) {
      return fail(BHN_UNSUPPORTED, "context_create: this libbhn was built without CUDA");
    }
    if (device != BHN_CPU || ordinal != 0) {
      return fail(BHN_INVALID_ARGUMENT, "context_create: device = %d, ordinal = %d: there is CPU 0", device, ordinal);
    }
    if (threads < 0 || threads > 4096) {
      return fail(BHN_INVALID_ARGUMENT, "context_create: threads = %d must be in [0, 4096]", threads);
    }
    auto* made = new (std::nothrow) bhn_context;
    if (made == nullptr) {
      return fail(BHN_OUT_OF_MEMORY, "context_create: %zu bytes", sizeof(bhn_context));
    }
    made->device = device;
    made->stream = stream;
    made->threads = threads > 0 ? threads : omp_get_max_threads();
    *context = made;
    return BHN_OK;
  });
}

int32_t bhn_context_destroy(bhn_context* context) {
  Args args("context_destroy", context);
  if (args.bad()) {
    return args.status();
  }
  std::free(context->scratch);
  context->magic = 0;
  delete context;
  return BHN_OK;
}

int32_t bhn_context_sync(bhn_context* context) { return Args("context_sync", context).status(); }

int32_t bhn_context_reserve(bhn_context* context, int64_t bytes) {
  Args args("context_reserve", context);
  // Any size that is not negative may be asked for: too much is out of memory, as it is for memory_alloc.
  args.range("bytes", bytes, 0, INT64_MAX);
  if (args.bad() || bytes <= context->scratch_bytes) {
    return args.status();
  }
  void* grown = bytes > physical_memory() ? nullptr : allocate(bytes);
  if (grown == nullptr) {
    return fail(BHN_OUT_OF_MEMORY, "context_reserve: bytes = %lld, the machine has %lld", (long long)bytes, (long long)physical_memory());
  }
  std::free(context->scratch);
  context->scratch = grown;
  context->scratch_bytes = bytes;
  return BHN_OK;
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
  // Overcommit would grant more than there is and kill the process when it is touched.
  if (bytes <= physical_memory()) {
    *memory = allocate(bytes);
  }
  if (*memory == nullptr) {
    return fail(BHN_OUT_OF_MEMORY, "memory_alloc: bytes = %lld, the machine has %lld", (long long)bytes, (long long)physical_memory());
  }
  return BHN_OK;
}

int32_t bhn_memory_free(bhn_context* context, void* memory) {
  Args args("memory_free", context);
  if (!args.bad()) {
    std::free(memory);
  }
  return args.status();
}

int32_t bhn_memory_copy(bhn_context* context, void* to, const void* from, int64_t bytes) {
  Args args("memory_copy", context);
  args.size("bytes", bytes).pointer("to", to, bytes).pointer("from", from, bytes);
  if (!args.bad() && bytes > 0) {
    std::memmove(to, from, bytes);
  }
  return args.status();
}

}  // extern "C"
