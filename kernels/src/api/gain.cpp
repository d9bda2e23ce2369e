#include "core/status.h"

using namespace bhn;

namespace {

constexpr int32_t kForward = BHN_GAIN_SHARED_PRODUCT | BHN_GAIN_PER_EXAMPLE | BHN_GAIN_PER_SAMPLE_BIAS;
constexpr int32_t kBackward = kForward | BHN_GAIN_OVERWRITE;

GainShape shape(int64_t samples, int64_t batch, int64_t out, int64_t ld_g, int64_t ld_bias, int32_t flags, int32_t activation) {
  return {samples,
          batch,
          out,
          ld_g,
          ld_bias,
          (flags & BHN_GAIN_SHARED_PRODUCT) != 0,
          (flags & BHN_GAIN_PER_EXAMPLE) != 0,
          (flags & BHN_GAIN_PER_SAMPLE_BIAS) != 0,
          (flags & BHN_GAIN_OVERWRITE) != 0,
          activation};
}

Args check(const char* op, bhn_context* context, const float* t, const float* g, const float* bias, const GainShape& s, int32_t flags,
           int32_t most) {
  Args args(op, context);
  args.size("samples", s.samples).size("batch", s.batch).size("out", s.out);
  args.extent("samples x batch x out", {s.samples, s.batch, s.out}).pointer("t", t, count(s.samples, s.batch, s.out));
  args.range("flags", flags, 0, most).range("activation", s.activation, BHN_IDENTITY, BHN_GELU);
  args.optional("g", g).optional("bias", bias);
  if (g != nullptr) {
    args.stride("ld_g", s.ld_g, "out", s.out).extent("g", {s.samples, s.batch, s.ld_g});
  }
  if (bias != nullptr && s.per_sample_bias) {
    args.stride("ld_bias", s.ld_bias, "out", s.out).extent("bias", {s.samples, s.ld_bias});
  }
  return args;
}

}  // namespace

extern "C" {

int32_t bhn_gain_fwd(bhn_context* context, float* y, const float* t, const float* g, const float* r, const float* bias, int64_t samples,
                     int64_t batch, int64_t out, int64_t ld_g, int64_t ld_bias, int32_t flags, int32_t activation) {
  GainShape s = shape(samples, batch, out, ld_g, ld_bias, flags, activation);
  Args args = check("gain_fwd", context, t, g, bias, s, flags, kForward);
  if (args.bad() || count(samples, batch, out) == 0) {
    return args.status();
  }
  args.pointer("y", y).optional("r", r);
  if (!args.bad()) {
    BHN_RUN(args, gain_fwd, y, t, g, r, bias, s);
  }
  return args.status();
}

int32_t bhn_gain_bwd(bhn_context* context, float* d_t, float* d_g, float* d_r, float* d_bias, const float* d_y, const float* t,
                     const float* g, const float* r, const float* bias, int64_t samples, int64_t batch, int64_t out, int64_t ld_g,
                     int64_t ld_bias, int32_t flags, int32_t activation) {
  GainShape s = shape(samples, batch, out, ld_g, ld_bias, flags, activation);
  Args args = check("gain_bwd", context, t, g, bias, s, flags, kBackward);
  args.optional("r", r).optional("d_t", d_t).optional("d_g", d_g).optional("d_r", d_r).optional("d_bias", d_bias);
  // A gradient of an absent input has no shape of its own.
  if (!args.bad() && ((d_g != nullptr && g == nullptr) || (d_r != nullptr && r == nullptr) || (d_bias != nullptr && bias == nullptr))) {
    return fail(BHN_INVALID_ARGUMENT, "gain_bwd: %s is asked for but its input is NULL",
                d_g != nullptr && g == nullptr   ? "d_g"
                : d_r != nullptr && r == nullptr ? "d_r"
                                                 : "d_bias");
  }
  if (!args.bad() && samples == 0 && s.shared && s.overwrite && d_t != nullptr && batch * out > 0) {
    BHN_RUN(args, fill, d_t, batch, out, out, 0.0f);
    return args.status();
  }
  if (args.bad() || count(samples, batch, out) == 0) {
    return args.status();
  }
  args.pointer("d_y", d_y);
  if (!args.bad()) {
    BHN_RUN(args, gain_bwd, d_t, d_g, d_r, d_bias, d_y, t, g, r, bias, s);
  }
  return args.status();
}

}  // extern "C"
