#include "core/status.h"

using namespace bhn;

namespace {

Args check(const char* op, bhn_context* context, int64_t samples, int64_t d, int64_t ld_y, int64_t ld_z, float delta) {
  Args args(op, context);
  args.size("samples", samples).size("d", d).stride("ld_y", ld_y, "d", d).stride("ld_z", ld_z, "d", d).delta(delta);
  args.extent("y", {samples, ld_y}).extent("z", {samples, ld_z}).extent("heads", {samples, 2, d});
  return args;
}

}  // namespace

extern "C" {

int32_t bhn_coupling_fwd(bhn_context* context, float* y, float* log_det, const float* z, const float* heads, const float* log_det_in,
                         int64_t samples, int64_t d, int64_t ld_y, int64_t ld_z, float delta) {
  Args args = check("coupling_fwd", context, samples, d, ld_y, ld_z, delta);
  args.pointer("y", y, count(samples, d))
      .pointer("log_det", log_det, samples)
      .pointer("z", z, count(samples, d))
      .pointer("heads", heads, count(samples, d))
      .optional("log_det_in", log_det_in);
  if (!args.bad() && samples > 0) {
    BHN_RUN(args, coupling_fwd, y, log_det, z, heads, log_det_in, samples, d, ld_y, ld_z, delta);
  }
  return args.status();
}

int32_t bhn_coupling_bwd(bhn_context* context, float* d_z, float* d_heads, const float* d_y, const float* d_log_det, const float* z,
                         const float* heads, int64_t samples, int64_t d, int64_t ld_y, int64_t ld_z, float delta) {
  Args args = check("coupling_bwd", context, samples, d, ld_y, ld_z, delta);
  args.pointer("z", z, count(samples, d)).pointer("heads", heads, count(samples, d)).optional("d_z", d_z).optional("d_heads", d_heads);
  args.optional("d_y", d_y).optional("d_log_det", d_log_det);
  if (!args.bad() && samples > 0) {
    BHN_RUN(args, coupling_bwd, d_z, d_heads, d_y, d_log_det, z, heads, samples, d, ld_y, ld_z, delta);
  }
  return args.status();
}

int32_t bhn_coupling_inv(bhn_context* context, float* z, float* log_det, const float* y, const float* heads, const float* log_det_in,
                         int64_t samples, int64_t d, int64_t ld_z, int64_t ld_y, float delta) {
  Args args = check("coupling_inv", context, samples, d, ld_y, ld_z, delta);
  args.pointer("z", z, count(samples, d))
      .pointer("log_det", log_det, samples)
      .pointer("y", y, count(samples, d))
      .pointer("heads", heads, count(samples, d))
      .optional("log_det_in", log_det_in);
  if (!args.bad() && samples > 0) {
    BHN_RUN(args, coupling_inv, z, log_det, y, heads, log_det_in, samples, d, ld_z, ld_y, delta);
  }
  return args.status();
}

}  // extern "C"
