#include "core/status.h"

using namespace bhn;

namespace {

Args check(const char* op, bhn_context* context, const float* out, const int64_t* counter, int64_t n, int64_t first, int64_t stream) {
  constexpr int64_t kElements = int64_t(1) << 34;
  Args args(op, context);
  args.range("n", n, 0, kElements)
      .range("first", first, 0, kElements - (n < 0 || n > kElements ? 0 : n))
      .range("stream", stream, 0, UINT32_MAX)
      .pointer("out", out, n)
      .pointer("counter", counter);
  return args;
}

// The counter lies with the device: read here on the CPU, by the kernel on CUDA.
template <class Cpu, class Cuda>
int32_t generate(const char* op, Cpu cpu, Cuda cuda, bhn_context* context, float* out, const int64_t* counter, int64_t n, int64_t first,
                 int64_t seed, int64_t stream) {
  Args args = check(op, context, out, counter, n, first, stream);
  if (args.bad() || n == 0) {
    return args.status();
  }
  if (args.on_host()) {
    (cpu_kernels().*cpu)(context->threads, out, n, first, uint64_t(seed), uint32_t(stream), uint64_t(*counter));
    return BHN_OK;
  }
  return args.launched((cuda_kernels()->*cuda)(context->queue, out, counter, n, first, uint64_t(seed), uint32_t(stream))).status();
}

}  // namespace

extern "C" {

int32_t bhn_rng_uniform(bhn_context* context, float* out, const int64_t* counter, int64_t n, int64_t first, int64_t seed, int64_t stream) {
  return generate("rng_uniform", &Kernels::rng_uniform, &CudaKernels::rng_uniform, context, out, counter, n, first, seed, stream);
}

int32_t bhn_rng_normal(bhn_context* context, float* out, const int64_t* counter, int64_t n, int64_t first, int64_t seed, int64_t stream) {
  return generate("rng_normal", &Kernels::rng_normal, &CudaKernels::rng_normal, context, out, counter, n, first, seed, stream);
}

int32_t bhn_rng_advance(bhn_context* context, int64_t* counter, int64_t delta) {
  Args args("rng_advance", context);
  args.pointer("counter", counter);
  if (args.bad()) {
    return args.status();
  }
  if (!args.on_host()) {
    return args.launched(cuda_kernels()->rng_advance(context->queue, counter, delta)).status();
  }
  *counter = int64_t(uint64_t(*counter) + uint64_t(delta));
  return BHN_OK;
}

}  // extern "C"
