#include "core/made.h"

using namespace bhn;

extern "C" {

int32_t bhn_made_fwd(bhn_context* context, float* heads, float* h, float* t, float* r, const float* z, const float* params,
                     const int32_t* row_start, int64_t samples, int64_t inputs, int64_t hidden, int64_t outputs, int64_t weights,
                     int64_t ld_z, int32_t weight_norm) {
  MadeShape s = {row_start, samples, inputs, hidden, outputs, weights, ld_z, weight_norm != 0};
  Args args("made_fwd", context);
  check_made(args, s, weight_norm);
  args.pointer("z", z, samples).pointer("params", params).pointer("heads", heads, samples);
  args.pointer("h", h, samples).pointer("t", t, samples).pointer("r", r);
  if (!args.bad()) {
    BHN_RUN(args, made_fwd, heads, h, t, r, z, params, s);
  }
  return args.status();
}

int32_t bhn_made_bwd(bhn_context* context, float* d_z, float* factors, float* work, const float* d_heads, const float* z, const float* h,
                     const float* t, const float* r, const float* params, const int32_t* row_start, int64_t samples, int64_t inputs,
                     int64_t hidden, int64_t outputs, int64_t weights, int64_t ld_z, int32_t weight_norm) {
  MadeShape s = {row_start, samples, inputs, hidden, outputs, weights, ld_z, weight_norm != 0};
  Args args("made_bwd", context);
  check_made(args, s, weight_norm);
  args.pointer("z", z, samples).pointer("params", params).pointer("factors", factors).pointer("work", work, samples);
  args.pointer("d_heads", d_heads, samples).pointer("h", h, samples).pointer("t", t, samples).pointer("r", r);
  args.optional("d_z", d_z);
  if (!args.bad()) {
    BHN_RUN(args, made_bwd, d_z, factors, work, d_heads, z, h, t, r, params, s);
  }
  return args.status();
}

int32_t bhn_made_grad(bhn_context* context, float* d_params, const float* factors, const float* z, const float* h, const float* params,
                      const int32_t* row_start, int64_t samples, int64_t inputs, int64_t hidden, int64_t outputs, int64_t weights,
                      int64_t ld_z, int32_t weight_norm) {
  MadeShape s = {row_start, samples, inputs, hidden, outputs, weights, ld_z, weight_norm != 0};
  Args args("made_grad", context);
  check_made(args, s, weight_norm);
  args.pointer("z", z, samples).pointer("params", params).pointer("factors", factors).pointer("h", h, samples);
  args.pointer("d_params", d_params);
  if (!args.bad() && samples > 0) {
    BHN_RUN(args, made_grad, d_params, factors, z, h, params, s);
  }
  return args.status();
}

}  // extern "C"
