// Version, contexts, memory, error text.
#include <sys/resource.h>

#include <thread>

#include "op_case.h"

using namespace check;

namespace {

void creation() {
  where = "context_create";
  bhn_context* c = nullptr;
  INVALID(bhn_context_create(nullptr, BHN_CPU, 0, nullptr, 0), "context_create: context is NULL");
  INVALID(bhn_context_create(&c, 7, 0, nullptr, 0), "device = 7");
  INVALID(bhn_context_create(&c, BHN_CPU, 1, nullptr, 0), "ordinal = 1");
  INVALID(bhn_context_create(&c, BHN_CPU, 0, nullptr, -1), "threads = -1");
  CHECK(c == nullptr);
  if (std::strstr(bhn_build_info(), "cuda") == nullptr) {
    REFUSED(bhn_context_create(&c, BHN_CUDA, 0, nullptr, 0), BHN_UNSUPPORTED, "this libbhn was built without CUDA");
    CHECK(c == nullptr);
  }
  std::string simd = bhn_simd_level();
  setenv("BHN_SIMD", "avx1024", 1);
  INVALID(bhn_context_create(&c, BHN_CPU, 0, nullptr, 0), "BHN_SIMD = \"avx1024\" in the environment must be base, avx2 or avx512");
  setenv("BHN_SIMD", simd.c_str(), 1);
  OK(bhn_context_create(&c, BHN_CPU, 0, nullptr, 0));
  OK(bhn_context_sync(c));
  OK(bhn_context_destroy(c));
  INVALID(bhn_context_destroy(nullptr), "context_destroy: context is NULL");
  INVALID(bhn_context_sync(nullptr), "context_sync: context is NULL");
}

// Destroyed contexts are refused, also while others live that were made later.
void destroyed() {
  where = "context_destroy";
  bhn_context *c = nullptr, *other = nullptr;
  int32_t device = on_cuda() ? BHN_CUDA : BHN_CPU;
  OK(bhn_context_create(&other, device, 0, nullptr, 1));
  OK(bhn_context_create(&c, device, 0, nullptr, 1));
  OK(bhn_context_destroy(c));
  float x = 3;
  INVALID(bhn_fill(c, &x, 1, 1, 1, 7.0f), "fill: context is not a live context");
  CHECK(x == 3);
  INVALID(bhn_context_destroy(c), "context_destroy: context is not a live context");
  OK(bhn_fill(other, &x, 1, 1, 1, 7.0f));
  OK(bhn_context_sync(other));
  CHECK(x == 7);
  // Contexts that come and go take no more memory than those that live at once.
  for (int i = 0; i < 3; ++i) {
    bhn_context* again = nullptr;
    OK(bhn_context_create(&again, device, 0, nullptr, 1));
    CHECK(again == c);
    OK(bhn_context_destroy(again));
  }
  OK(bhn_context_destroy(other));
}

// A process that cannot start so many threads learns it here and lives on. Sanitizers end it themselves where memory is out.
void too_many_threads() {
#ifndef __SANITIZE_ADDRESS__
  where = "threads that the process cannot have";
  std::fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    // Stacks of a few threads, and not of thousands.
    std::FILE* sizes = std::fopen("/proc/self/statm", "r");
    long long pages = 0;
    CHECK(sizes != nullptr && std::fscanf(sizes, "%lld", &pages) == 1);
    rlimit limit = {rlim_t(pages * sysconf(_SC_PAGESIZE) + (256 << 20)), RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    bhn_context* c = nullptr;
    REFUSED(bhn_context_create(&c, BHN_CPU, 0, nullptr, 4096), BHN_UNSUPPORTED, "of 4096 threads this process can have ");
    CHECK(c == nullptr);
    OK(bhn_context_create(&c, BHN_CPU, 0, nullptr, 2));
    std::vector<float> x(1 << 20);
    OK(bhn_fill(c, x.data(), 1, 1 << 20, 1 << 20, 3.0f));
    CHECK(x.back() == 3);
    std::fflush(stdout);
    _exit(failures == 0 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
#endif
}

void memory() {
  where = "memory";
  bhn_context* c = context();
  for (int64_t bytes : {0, 1, 63, 64, 65, 4096, (4 << 20) - 1, 4 << 20, (6 << 20) + 5}) {
    void* p = nullptr;
    OK(bhn_memory_alloc(c, &p, bytes));
    CHECK(p != nullptr && uintptr_t(p) % 64 == 0);
    CHECK(on_cuda() || bytes < 4 << 20 || uintptr_t(p) % (2 << 20) == 0);
    std::vector<char> values(bytes, 1);
    OK(bhn_memory_copy(c, values.data(), p, bytes));
    CHECK(values == std::vector<char>(bytes, 0));
    OK(bhn_memory_free(c, p));
  }
  OK(bhn_memory_free(c, nullptr));
  void* p = &p;
  REFUSED(bhn_memory_alloc(c, &p, INT64_MAX), BHN_OUT_OF_MEMORY, "9223372036854775807");
  CHECK(p == nullptr);
  REFUSED(bhn_memory_alloc(c, &p, int64_t(1) << 50), BHN_OUT_OF_MEMORY, "1125899906842624");
  INVALID(bhn_memory_alloc(c, &p, -1), "memory_alloc: bytes = -1");
  INVALID(bhn_memory_alloc(c, &p, INT64_MIN), "bytes = -9223372036854775808");
  INVALID(bhn_memory_alloc(c, nullptr, 8), "memory_alloc: memory is NULL");
  INVALID(bhn_memory_free(nullptr, nullptr), "memory_free: context is NULL");
  OK(bhn_context_reserve(c, 100));
  OK(bhn_context_reserve(c, 0));
  OK(bhn_context_reserve(c, 5 << 20));
  INVALID(bhn_context_reserve(c, -5), "context_reserve: bytes = -5");
  REFUSED(bhn_context_reserve(c, int64_t(1) << 40), BHN_OUT_OF_MEMORY, "1099511627776");
}

void copying() {
  where = "memory_copy";
  bhn_context* c = context();
  Guarded<char> from(1000), to(1000);
  for (int i = 0; i < 1000; ++i) {
    from[i] = char(i * 7);
  }
  OK(bhn_memory_copy(c, to.data(), from.data(), 1000));
  CHECK(std::memcmp(to.data(), from.data(), 1000) == 0 && to.intact());
  OK(bhn_memory_copy(c, nullptr, nullptr, 0));
  INVALID(bhn_memory_copy(c, nullptr, from.data(), 1), "memory_copy: to is NULL");
  INVALID(bhn_memory_copy(c, to.data(), nullptr, 1), "memory_copy: from is NULL");
  INVALID(bhn_memory_copy(c, to.data(), from.data(), -1), "memory_copy: bytes = -1");
}

// The text belongs to the thread, and a success leaves it alone.
void error_text() {
  where = "last_error";
  INVALID(bhn_context_sync(nullptr), "context_sync");
  std::thread([] { CHECK(std::strcmp(bhn_last_error(), "") == 0); }).join();
  OK(bhn_context_sync(context()));
  CHECK(std::strstr(bhn_last_error(), "context_sync") != nullptr);
}

void all() {
  CHECK(bhn_abi_version() == BHN_ABI_VERSION);
  CHECK(std::strcmp(bhn_last_error(), "") == 0);
  CHECK(std::strncmp(bhn_build_info(), "libbhn ", 7) == 0);
  creation();
  destroyed();
  too_many_threads();
  memory();
  copying();
  error_text();
}

}  // namespace

TEST_MAIN(all)
