#include "core/status.h"

using namespace bhn;

extern "C" {

int32_t bhn_weightnorm_fwd(bhn_context* context, float* r, const float* v, int64_t rows, int64_t cols, int64_t ld_v) {
  Args args("weightnorm_fwd", context);
  args.size("rows", rows).size("cols", cols).stride("ld_v", ld_v, "cols", cols).extent("v", {rows, ld_v});
  args.pointer("r", r, rows).pointer("v", v, count(rows, cols));
  if (!args.bad() && rows > 0) {
    BHN_RUN(args, weightnorm_fwd, r, v, rows, cols, ld_v);
  }
  return args.status();
}

int32_t bhn_weightnorm_bwd(bhn_context* context, float* d_v, const float* d_r, const float* v, const float* r, int64_t rows, int64_t cols,
                           int64_t ld_v) {
  Args args("weightnorm_bwd", context);
  args.size("rows", rows).size("cols", cols).stride("ld_v", ld_v, "cols", cols).extent("v", {rows, ld_v});
  args.pointer("d_r", d_r, rows).pointer("v", v, count(rows, cols)).pointer("r", r, rows);
  args.optional("d_v", d_v);
  if (!args.bad() && rows * cols > 0 && d_v != nullptr) {
    BHN_RUN(args, weightnorm_bwd, d_v, d_r, v, r, rows, cols, ld_v);
  }
  return args.status();
}

}  // extern "C"
