// What every native test needs: checks that count, memory between unreadable pages, and a main that runs the test once for
// each SIMD level of this machine, or on a CUDA device where BHN_TEST_DEVICE=cuda. No framework.
#pragma once

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "bhn.h"

namespace check {

inline int failures = 0;
inline int64_t count = 0;
inline std::string where;  // what is being tested, for the report of a failure

__attribute__((format(printf, 4, 5))) inline void that(bool good, const char* file, int line, const char* format, ...) {
  ++count;
  if (good || ++failures > 20) {
    return;
  }
  va_list values;
  va_start(values, format);
  std::printf("%s:%d: %s: ", file, line, where.c_str());
  std::vprintf(format, values);
  std::printf("\n");
  va_end(values);
}

// Waits for the device; set where contexts are made.
inline int32_t nothing_to_wait_for() { return BHN_OK; }
inline int32_t (*settle)() = nothing_to_wait_for;

#define CHECK(condition) check::that(condition, __FILE__, __LINE__, "%s", #condition)
// Succeeds, now and when the device has done it.
#define OK(call)                                                                                               \
  do {                                                                                                         \
    check::that((call) == BHN_OK, __FILE__, __LINE__, "%s failed: %s", #call, bhn_last_error());               \
    check::that(check::settle() == BHN_OK, __FILE__, __LINE__, "%s failed late: %s", #call, bhn_last_error()); \
  } while (false)
// The call is refused with this status and a text that holds these words.
#define REFUSED(call, wanted, words)                                                                                                       \
  do {                                                                                                                                     \
    int32_t got_ = (call);                                                                                                                 \
    check::that(got_ == (wanted), __FILE__, __LINE__, "%s: status %d, not %d (%s)", #call, got_, int(wanted), bhn_last_error());           \
    check::that(std::strstr(bhn_last_error(), words) != nullptr, __FILE__, __LINE__, "text \"%s\" lacks \"%s\"", bhn_last_error(), words); \
  } while (false)
#define INVALID(call, words) REFUSED(call, BHN_INVALID_ARGUMENT, words)

// Where contexts of the tests are.
inline bool on_cuda() {
  static const char* const device = std::getenv("BHN_TEST_DEVICE");
  return device != nullptr && std::strcmp(device, "cuda") == 0;
}

// A size for the CPU, or one for an emulated device, where a thread costs microseconds.
inline int64_t sized(int64_t cpu, int64_t cuda) { return on_cuda() ? cuda : cpu; }

// A bad index in the op's memory: refused at once on the CPU, found by the kernel and reported by the next sync on CUDA.
#define BAD_INDEX(context, call, words)                \
  do {                                                 \
    if (check::on_cuda()) {                            \
      CHECK((call) == BHN_OK);                         \
      INVALID(bhn_context_sync(context), "bad index"); \
      OK(bhn_context_sync(context));                   \
    } else {                                           \
      INVALID(call, words);                            \
    }                                                  \
  } while (false)

// count elements that end (or begin) at an unreadable page. The rest of their pages holds canaries.
template <class T>
class Guarded {
 public:
  explicit Guarded(int64_t count, bool at_end = true) : bytes_(count * int64_t(sizeof(T))) {
    int64_t page = sysconf(_SC_PAGESIZE);
    size_ = (bytes_ + page - 1) / page * page + page;  // at least one page of canaries
    all_ = static_cast<char*>(mmap(nullptr, size_ + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (all_ == MAP_FAILED || mprotect(all_ + page, size_, PROT_READ | PROT_WRITE) != 0) {
      std::printf("no guard pages on this machine: nothing tested\n");
      std::exit(77);
    }
    begin_ = all_ + page + (at_end ? size_ - bytes_ : 0);
    std::memset(all_ + page, kCanary, size_);
  }
  Guarded(const Guarded&) = delete;
  ~Guarded() { munmap(all_, size_ + 2 * sysconf(_SC_PAGESIZE)); }
  T* data() { return reinterpret_cast<T*>(begin_); }
  T* end() { return data() + bytes_ / int64_t(sizeof(T)); }
  T& operator[](int64_t i) { return data()[i]; }
  bool intact() const {
    const char* from = all_ + sysconf(_SC_PAGESIZE);
    for (const char* p = from; p < from + size_; ++p) {
      if ((p < begin_ || p >= begin_ + bytes_) && *p != kCanary) {
        return false;
      }
    }
    return true;
  }

 private:
  static constexpr char kCanary = 0x5c;
  int64_t bytes_, size_;
  char *all_, *begin_;
};

// A reproducible number in [low, high).
inline float number(float low = -1, float high = 1) {
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return low + (high - low) * float(state >> 40) * 0x1p-24f;
}

// Prepares a child for its level, or ends it with the reason why it cannot run.
inline void enter(const char* level) {
  if (on_cuda()) {
    setenv("BHN_EMULATION_SEED", level + std::strlen("cuda "), 1);
    return;
  }
  setenv("BHN_SIMD", level, 1);
  if (std::strcmp(bhn_simd_level(), level) != 0) {
    bool avx2 = false, avx512 = false;
#if defined(__x86_64__)
    avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl");
#endif
    if (std::strcmp(level, "base") == 0 || (std::strcmp(level, "avx512") == 0 ? avx512 : avx2)) {
      std::printf("%-7s not run, though this CPU can: BHN_SIMD gave \"%s\"\n", level, bhn_simd_level());
      std::exit(1);
    }
    std::printf("%-7s skipped: this CPU runs \"%s\" at most\n", level, bhn_simd_level());
    std::exit(0);
  }
}

// Runs the test in a child for each level; a child that crashes counts as failed. On an emulated CUDA device a level is an order in
// which its threads run: two of them, or the one that BHN_EMULATION_SEED names.
inline int main_of(void (*test)()) {
  int bad = 0;
  std::vector<const char*> levels = {"base", "avx2", "avx512"};
  std::string chosen = std::string("cuda ") + (std::getenv("BHN_EMULATION_SEED") == nullptr ? "" : std::getenv("BHN_EMULATION_SEED"));
  if (on_cuda()) {
    levels = {"cuda 1", "cuda 2"};
    if (chosen != "cuda ") {
      levels = {chosen.c_str()};
    }
  }
  for (const char* level : levels) {
    std::fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      enter(level);
      test();
      std::printf("%-7s %lld checks, %d failed\n", level, (long long)count, failures);
      std::exit(failures == 0 ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) {
      std::printf("%-7s killed by signal %d\n", level, WTERMSIG(status));
    }
    bad += status != 0;
  }
  return bad == 0 ? 0 : 1;
}

}  // namespace check

#define TEST_MAIN(test) \
  int main() { return check::main_of(test); }
