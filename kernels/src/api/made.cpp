#include "core/status.h"
#include "cpu/kernels.h"

using namespace bhn;

namespace {

Args check(const char* op, bhn_context* context, const float* z, const float* params, const MadeShape& s, int32_t weight_norm) {
  Args args(op, context);
  args.size("samples", s.samples).range("inputs", s.inputs, 1, 1 << 28).range("hidden", s.hidden, 1, 1 << 28);
  args.range("outputs", s.outputs, 1, 1 << 28).range("weight_norm", weight_norm, 0, 1).stride("ld_z", s.ld_z, "inputs", s.inputs);
  args.extent("hidden x inputs", s.hidden, s.inputs).extent("outputs x hidden", s.outputs, s.hidden).extent("z", s.samples, s.ld_z);
  args.extent("samples x outputs", s.samples, count(2, s.outputs)).pointer("z", z, s.samples).pointer("params", params);
  bool masked = s.in_degree != nullptr;
  if (masked || s.hidden_degree != nullptr || s.out_degree != nullptr) {
    args.pointer("in_degree (with the other degrees given)", s.in_degree);
    args.pointer("hidden_degree (with the other degrees given)", s.hidden_degree);
    args.pointer("out_degree (with the other degrees given)", s.out_degree);
  }
  return args;
}

}  // namespace

extern "C" {

int32_t bhn_made_fwd(bhn_context* context, float* heads, float* h, float* r, const float* z, const float* params, const int32_t* in_degree,
                     const int32_t* hidden_degree, const int32_t* out_degree, int64_t samples, int64_t inputs, int64_t hidden,
                     int64_t outputs, int64_t ld_z, int32_t weight_norm) {
  MadeShape s = {in_degree, hidden_degree, out_degree, samples, inputs, hidden, outputs, ld_z, weight_norm != 0};
  Args args = check("made_fwd", context, z, params, s, weight_norm);
  args.pointer("heads", heads, samples).pointer("h", h, samples).pointer("r", r);
  if (!args.bad()) {
    cpu_kernels().made_fwd(context->threads, heads, h, r, z, params, s);
  }
  return args.status();
}

int32_t bhn_made_bwd(bhn_context* context, float* d_z, float* d_params, float* work, const float* d_heads, const float* z, const float* h,
                     const float* r, const float* params, const int32_t* in_degree, const int32_t* hidden_degree, const int32_t* out_degree,
                     int64_t samples, int64_t inputs, int64_t hidden, int64_t outputs, int64_t ld_z, int32_t weight_norm) {
  MadeShape s = {in_degree, hidden_degree, out_degree, samples, inputs, hidden, outputs, ld_z, weight_norm != 0};
  Args args = check("made_bwd", context, z, params, s, weight_norm);
  args.pointer("work", work).pointer("d_heads", d_heads, samples).pointer("h", h, samples).pointer("r", r);
  if (!args.bad() && samples > 0 && (d_z != nullptr || d_params != nullptr)) {
    cpu_kernels().made_bwd(context->threads, d_z, d_params, work, d_heads, z, h, r, params, s);
  }
  return args.status();
}

int32_t bhn_made_mask(bhn_context* context, float* u, const int32_t* row_degree, const int32_t* col_degree, int64_t rows, int64_t cols,
                      int64_t ld_u, int64_t degree_rows) {
  Args args("made_mask", context);
  args.size("rows", rows).size("cols", cols).stride("ld_u", ld_u, "cols", cols).extent("u", rows, ld_u);
  args.range("degree_rows", degree_rows, rows > 0 ? 1 : 0, int64_t(1) << 40);
  args.pointer("u", u, count(rows, cols)).pointer("row_degree", row_degree, rows).pointer("col_degree", col_degree, cols);
  if (!args.bad() && rows * cols > 0) {
    cpu_kernels().made_mask(context->threads, u, row_degree, col_degree, rows, cols, ld_u, degree_rows);
  }
  return args.status();
}

}  // extern "C"
