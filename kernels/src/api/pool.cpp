#include "core/status.h"

using namespace bhn;

namespace {

Args check(const char* op, bhn_context* context, const PoolShape& s) {
  constexpr int64_t kWindow = (int64_t(1) << 15) - 1;
  int64_t smaller = s.height < s.width ? s.height : s.width;
  Args args(op, context);
  args.size("batch", s.batch).size("height", s.height).size("width", s.width).size("channels", s.channels);
  args.range("window", s.window, 1, smaller < kWindow ? smaller : kWindow).range("stride", s.stride, 1, int64_t(1) << 40);
  args.extent("batch x height x width x channels", {s.batch, s.height, s.width, s.channels});
  return args;
}

}  // namespace

extern "C" {

int32_t bhn_pool_fwd(bhn_context* context, float* y, const float* x, int64_t batch, int64_t height, int64_t width, int64_t channels,
                     int64_t window, int64_t stride) {
  PoolShape s = {batch, height, width, channels, window, stride};
  Args args = check("pool_fwd", context, s);
  if (args.bad() || batch * channels == 0) {
    return args.status();
  }
  args.pointer("y", y).pointer("x", x);
  return BHN_RUN(args, pool_fwd, y, x, s);
}

int32_t bhn_pool_bwd(bhn_context* context, float* d_x, const float* d_y, const float* x, int64_t batch, int64_t height, int64_t width,
                     int64_t channels, int64_t window, int64_t stride) {
  PoolShape s = {batch, height, width, channels, window, stride};
  Args args = check("pool_bwd", context, s);
  if (args.bad() || batch * channels == 0 || d_x == nullptr) {
    return args.status();
  }
  args.pointer("d_y", d_y).pointer("x", x).optional("d_x", d_x);
  return BHN_RUN(args, pool_bwd, d_x, d_y, x, s);
}

}  // extern "C"
