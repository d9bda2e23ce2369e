#include "core/status.h"

using namespace bhn;

namespace {

Args check(const char* op, bhn_context* context, const int64_t* counter, const DropoutShape& s, int64_t stream) {
  Args args(op, context);
  args.size("samples", s.samples).size("batch", s.batch).size("cols", s.cols);
  args.range("stream", stream, 0, UINT32_MAX).range("first_row", s.first_row, 0, int64_t(1) << 34).pointer("counter", counter);
  args.real("rate", s.rate, 0.0f, 0.99999994f).extent("samples x batch x cols", {s.samples, s.batch, s.cols});
  if (!args.bad() && s.cols > 0) {
    int64_t blocks = (s.cols + 3) / 4;
    args.range("first_row + batch", s.first_row + s.batch, 0, (int64_t(1) << 32) / blocks);
  }
  return args;
}

// The counter lies with the device: read here on the CPU, by the kernel on CUDA.
template <class Cpu, class Cuda>
int32_t run(Args& args, bhn_context* context, const int64_t* counter, DropoutShape s, float* to, const float* from, Cpu cpu, Cuda cuda) {
  if (args.bad()) {
    return args.status();
  }
  if (!args.on_host()) {
    return args.launched((cuda_kernels()->*cuda)(context->queue, to, from, counter, s)).status();
  }
  s.counter = uint64_t(*counter);
  (cpu_kernels().*cpu)(context->threads, to, from, s);
  return BHN_OK;
}

}  // namespace

extern "C" {

int32_t bhn_dropout_fwd(bhn_context* context, float* y, const float* x, const int64_t* counter, int64_t samples, int64_t batch,
                        int64_t cols, int64_t first_row, int64_t seed, int64_t stream, float rate, int32_t shared_input) {
  DropoutShape s = {samples, batch, cols, first_row, uint64_t(seed), 0, uint32_t(stream), rate, shared_input != 0};
  Args args = check("dropout_fwd", context, counter, s, stream);
  if (args.bad() || count(samples, batch, cols) == 0) {
    return args.status();
  }
  args.pointer("y", y).pointer("x", x);
  return run(args, context, counter, s, y, x, &Kernels::dropout_fwd, &CudaKernels::dropout_fwd);
}

int32_t bhn_dropout_bwd(bhn_context* context, float* d_x, const float* d_y, const int64_t* counter, int64_t samples, int64_t batch,
                        int64_t cols, int64_t first_row, int64_t seed, int64_t stream, float rate, int32_t shared_input) {
  DropoutShape s = {samples, batch, cols, first_row, uint64_t(seed), 0, uint32_t(stream), rate, shared_input != 0};
  Args args = check("dropout_bwd", context, counter, s, stream);
  if (args.bad() || count(samples, batch, cols) == 0 || d_x == nullptr) {
    return args.status();
  }
  args.pointer("d_y", d_y).optional("d_x", d_x);
  return run(args, context, counter, s, d_x, d_y, &Kernels::dropout_bwd, &CudaKernels::dropout_bwd);
}

}  // extern "C"
