#include "core/status.h"

using namespace bhn;

extern "C" {

int32_t bhn_sum_rows_fwd(bhn_context* context, float* out, const float* x, int64_t rows, int64_t cols, int64_t ld_x) {
  Args args("sum_rows_fwd", context);
  args.size("rows", rows).size("cols", cols).stride("ld_x", ld_x, "cols", cols).extent("x", {rows, ld_x});
  args.pointer("out", out, rows).pointer("x", x, count(rows, cols));
  if (!args.bad() && rows > 0) {
    BHN_RUN(args, sum_rows_fwd, out, x, rows, cols, ld_x);
  }
  return args.status();
}

int32_t bhn_sum_rows_bwd(bhn_context* context, float* d_x, const float* d_out, int64_t rows, int64_t cols, int64_t ld_x) {
  Args args("sum_rows_bwd", context);
  args.size("rows", rows).size("cols", cols).stride("ld_x", ld_x, "cols", cols).extent("d_x", {rows, ld_x});
  args.pointer("d_out", d_out, rows).optional("d_x", d_x);
  if (!args.bad() && rows * cols > 0 && d_x != nullptr) {
    BHN_RUN(args, sum_rows_bwd, d_x, d_out, rows, cols, ld_x);
  }
  return args.status();
}

}  // extern "C"
