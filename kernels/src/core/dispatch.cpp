// Finds the twins. Those of the CPU are chosen once: __builtin_cpu_supports also asks whether the system saves the registers.
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "cpu/kernels.h"
#include "cuda/kernels.h"

namespace bhn {
namespace {

#ifdef BHN_ONLY_BASE

const Kernels& choose() { return base::table; }

#else

const Kernels& choose() {
  __builtin_cpu_init();
  const char* wanted = std::getenv("BHN_SIMD");
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vl");
  if (wanted != nullptr && std::strcmp(wanted, "base") == 0) {
    return base::table;
  }
  if (wanted != nullptr && std::strcmp(wanted, "avx2") == 0) {
    avx512 = false;
  }
  return avx512 ? avx512::table : avx2 ? avx2::table : base::table;
}

#endif

}  // namespace

const Kernels& cpu_kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

const char* unknown_simd() {
  const char* wanted = std::getenv("BHN_SIMD");
  for (const char* known : {"", "base", "avx2", "avx512"}) {
    if (wanted == nullptr || std::strcmp(wanted, known) == 0) {
      return nullptr;
    }
  }
  return wanted;
}

const CudaKernels* cuda_kernels() {
#ifdef BHN_WITH_CUDA
  return &cuda::table;
#else
  return nullptr;
#endif
}

}  // namespace bhn
