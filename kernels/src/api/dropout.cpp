#include "core/status.h"
#include "cpu/kernels.h"

using namespace bhn;

namespace {

Args check(const char* op, bhn_context* context, const int64_t* counter, const DropoutShape& s, int64_t stream) {
  Args args(op, context);
  args.size("samples", s.samples).size("batch", s.batch).size("cols", s.cols).extent("samples x batch", s.samples, s.batch);
  args.range("stream", stream, 0, UINT32_MAX).range("first_row", s.first_row, 0, int64_t(1) << 34).pointer("counter", counter);
  args.real("rate", s.rate, 0.0f, 0.99999994f);
  if (!args.bad()) {
    args.extent("samples x batch x cols", s.samples * s.batch, s.cols);
  }
  int64_t blocks = (s.cols + 3) / 4;
  if (!args.bad() && blocks > 0) {
    args.range("first_row + batch", s.first_row + s.batch, 0, (int64_t(1) << 32) / blocks);
  }
  return args;
}

}  // namespace

extern "C" {

int32_t bhn_dropout_fwd(bhn_context* context, float* y, const float* x, const int64_t* counter, int64_t samples, int64_t batch,
                        int64_t cols, int64_t first_row, int64_t seed, int64_t stream, float rate, int32_t shared_input) {
  uint64_t at = counter == nullptr ? 0 : uint64_t(*counter);
  DropoutShape s = {samples, batch, cols, first_row, uint64_t(seed), at, uint32_t(stream), rate, shared_input != 0};
  Args args = check("dropout_fwd", context, counter, s, stream);
  if (args.bad() || samples * batch * cols == 0) {
    return args.status();
  }
  args.pointer("y", y).pointer("x", x);
  if (!args.bad()) {
    cpu_kernels().dropout_fwd(context->threads, y, x, s);
  }
  return args.status();
}

int32_t bhn_dropout_bwd(bhn_context* context, float* d_x, const float* d_y, const int64_t* counter, int64_t samples, int64_t batch,
                        int64_t cols, int64_t first_row, int64_t seed, int64_t stream, float rate, int32_t shared_input) {
  uint64_t at = counter == nullptr ? 0 : uint64_t(*counter);
  DropoutShape s = {samples, batch, cols, first_row, uint64_t(seed), at, uint32_t(stream), rate, shared_input != 0};
  Args args = check("dropout_bwd", context, counter, s, stream);
  if (args.bad() || samples * batch * cols == 0 || d_x == nullptr) {
    return args.status();
  }
  args.pointer("d_y", d_y);
  if (!args.bad()) {
    cpu_kernels().dropout_bwd(context->threads, d_x, d_y, s);
  }
  return args.status();
}

}  // extern "C"
