#include "core/status.h"

using namespace bhn;

namespace {

Args check(const char* op, bhn_context* context, int64_t samples, int64_t d, float delta) {
  Args args(op, context);
  args.size("samples", samples).size("d", d).extent("samples x d", {samples, d}).delta(delta);
  return args;
}

}  // namespace

extern "C" {

int32_t bhn_affine_fwd(bhn_context* context, float* z, float* log_det, const float* eps, const float* w, const float* b,
                       const float* log_det_in, int64_t samples, int64_t d, float delta) {
  Args args = check("affine_fwd", context, samples, d, delta);
  args.pointer("z", z, count(samples, d)).pointer("log_det", log_det, samples).pointer("eps", eps, count(samples, d));
  args.pointer("w", w, d).pointer("b", b, d).optional("log_det_in", log_det_in);
  if (!args.bad() && samples > 0) {
    BHN_RUN(args, affine_fwd, z, log_det, eps, w, b, log_det_in, samples, d, delta);
  }
  return args.status();
}

int32_t bhn_affine_bwd(bhn_context* context, float* d_eps, float* d_w, float* d_b, const float* d_z, const float* d_log_det,
                       const float* eps, const float* w, int64_t samples, int64_t d, float delta) {
  Args args = check("affine_bwd", context, samples, d, delta);
  args.pointer("eps", eps, count(samples, d)).pointer("w", w, d).optional("d_eps", d_eps).optional("d_w", d_w).optional("d_b", d_b);
  args.optional("d_z", d_z).optional("d_log_det", d_log_det);
  if (!args.bad() && samples > 0) {
    BHN_RUN(args, affine_bwd, d_eps, d_w, d_b, d_z, d_log_det, eps, w, samples, d, delta);
  }
  return args.status();
}

int32_t bhn_affine_inv(bhn_context* context, float* eps, float* log_det, const float* z, const float* w, const float* b,
                       const float* log_det_in, int64_t samples, int64_t d, float delta) {
  Args args = check("affine_inv", context, samples, d, delta);
  args.pointer("eps", eps, count(samples, d)).pointer("log_det", log_det, samples).pointer("z", z, count(samples, d));
  args.pointer("w", w, d).pointer("b", b, d).optional("log_det_in", log_det_in);
  if (!args.bad() && samples > 0) {
    BHN_RUN(args, affine_inv, eps, log_det, z, w, b, log_det_in, samples, d, delta);
  }
  return args.status();
}

}  // extern "C"
