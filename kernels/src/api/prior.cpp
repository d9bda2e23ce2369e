#include <cmath>

#include "core/status.h"

using namespace bhn;

namespace {

Args check(const char* op, bhn_context* context, const float* w, const PriorShape& s) {
  Args args(op, context);
  args.size("samples", s.samples).size("d", s.d).stride("ld_w", s.ld_w, "d", s.d).extent("w", {s.samples, s.ld_w});
  args.range("prior", s.prior, BHN_PRIOR_NORMAL, BHN_PRIOR_MIXTURE).pointer("w", w, count(s.samples, s.d));
  bool mixture = s.prior == BHN_PRIOR_MIXTURE;
  args.real(mixture ? "p0 (weight)" : "p0 (mean)", s.p0, mixture ? 0.0f : -1e30f, mixture ? 1.0f : 1e30f);
  args.real("p1 (scale)", s.p1, 1e-18f, 1e18f);
  if (mixture) {
    args.real("p2 (scale)", s.p2, 1e-18f, 1e18f);
  }
  return args;
}

}  // namespace

extern "C" {

int32_t bhn_prior_fwd(bhn_context* context, float* log_prior, const float* w, const float* log_prior_in, int64_t samples, int64_t d,
                      int64_t ld_w, int32_t prior, float p0, float p1, float p2) {
  PriorShape s = {samples, d, ld_w, prior, p0, p1, p2};
  Args args = check("prior_fwd", context, w, s);
  args.pointer("log_prior", log_prior, samples).optional("log_prior_in", log_prior_in);
  if (!args.bad() && samples > 0) {
    BHN_RUN(args, prior_fwd, log_prior, w, log_prior_in, s);
  }
  return args.status();
}

int32_t bhn_prior_bwd(bhn_context* context, float* d_w, const float* d_log_prior, const float* w, int64_t samples, int64_t d, int64_t ld_w,
                      int32_t prior, float p0, float p1, float p2) {
  PriorShape s = {samples, d, ld_w, prior, p0, p1, p2};
  Args args = check("prior_bwd", context, w, s);
  args.pointer("d_log_prior", d_log_prior, samples).optional("d_w", d_w);
  if (!args.bad() && samples * d > 0 && d_w != nullptr) {
    BHN_RUN(args, prior_bwd, d_w, d_log_prior, w, s);
  }
  return args.status();
}

}  // extern "C"
