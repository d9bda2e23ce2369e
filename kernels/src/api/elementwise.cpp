#include "core/status.h"

using namespace bhn;

namespace {

Args matrix(const char* op, bhn_context* context, int64_t rows, int64_t cols) {
  Args args(op, context);
  args.size("rows", rows).size("cols", cols).extent("rows x cols", {rows, cols});
  return args;
}

Args vector(const char* op, bhn_context* context, int64_t n) {
  Args args(op, context);
  args.size("n", n);
  return args;
}

// The entries of order that a gather reads, or NULL with the error set.
const int32_t* window(const char* op, const int32_t* order, const int64_t* cursor, int64_t n, int64_t n_order) {
  if (*cursor < 0 || *cursor > n_order - n) {
    fail(BHN_INVALID_ARGUMENT, "%s: cursor = %lld leaves fewer than n = %lld of the %lld entries of order", op, (long long)*cursor,
         (long long)n, (long long)n_order);
    return nullptr;
  }
  return order + *cursor;
}

int32_t gathered(const char* op, int64_t bad, const int32_t* order, int64_t x_rows) {
  if (bad < 0) {
    return BHN_OK;
  }
  return fail(BHN_INVALID_ARGUMENT, "%s: order holds %d, which is not in [0, x_rows = %lld)", op, order[bad], (long long)x_rows);
}

}  // namespace

extern "C" {

int32_t bhn_fill(bhn_context* context, float* x, int64_t rows, int64_t cols, int64_t ld_x, float value) {
  Args args = matrix("fill", context, rows, cols);
  args.stride("ld_x", ld_x, "cols", cols).extent("x", {rows, ld_x}).pointer("x", x, count(rows, cols));
  if (!args.bad() && rows * cols > 0) {
    BHN_RUN(args, fill, x, rows, cols, ld_x, value);
  }
  return args.status();
}

int32_t bhn_copy(bhn_context* context, float* y, const float* x, int64_t rows, int64_t cols, int64_t ld_y, int64_t ld_x) {
  Args args = matrix("copy", context, rows, cols);
  args.stride("ld_y", ld_y, "cols", cols).stride("ld_x", ld_x, "cols", cols).extent("y", {rows, ld_y}).extent("x", {rows, ld_x});
  args.pointer("y", y, count(rows, cols)).pointer("x", x, count(rows, cols));
  if (!args.bad() && rows * cols > 0) {
    BHN_RUN(args, copy, y, x, rows, cols, ld_y, ld_x);
  }
  return args.status();
}

int32_t bhn_axpy(bhn_context* context, float* y, const float* x, int64_t rows, int64_t cols, int64_t ld_y, int64_t ld_x, float alpha) {
  Args args = matrix("axpy", context, rows, cols);
  args.stride("ld_y", ld_y, "cols", cols).stride("ld_x", ld_x, "cols", cols).extent("y", {rows, ld_y}).extent("x", {rows, ld_x});
  args.pointer("y", y, count(rows, cols)).pointer("x", x, count(rows, cols));
  if (!args.bad() && rows * cols > 0) {
    BHN_RUN(args, axpy, y, x, rows, cols, ld_y, ld_x, alpha);
  }
  return args.status();
}

int32_t bhn_mul_fwd(bhn_context* context, float* y, const float* a, const float* b, int64_t n) {
  Args args = vector("mul_fwd", context, n);
  args.pointer("y", y, n).pointer("a", a, n).pointer("b", b, n);
  if (!args.bad() && n > 0) {
    BHN_RUN(args, mul_fwd, y, a, b, n);
  }
  return args.status();
}

int32_t bhn_mul_bwd(bhn_context* context, float* d_a, float* d_b, const float* d_y, const float* a, const float* b, int64_t n) {
  Args args = vector("mul_bwd", context, n);
  args.pointer("d_y", d_y, n).pointer("a", a, n).pointer("b", b, n).optional("d_a", d_a).optional("d_b", d_b);
  if (!args.bad() && n > 0) {
    BHN_RUN(args, mul_bwd, d_a, d_b, d_y, a, b, n);
  }
  return args.status();
}

int32_t bhn_activation_fwd(bhn_context* context, float* y, const float* x, int64_t n, int32_t activation) {
  Args args = vector("activation_fwd", context, n);
  args.range("activation", activation, BHN_IDENTITY, BHN_GELU).pointer("y", y, n).pointer("x", x, n);
  if (!args.bad() && n > 0) {
    BHN_RUN(args, activation_fwd, y, x, n, activation);
  }
  return args.status();
}

int32_t bhn_activation_bwd(bhn_context* context, float* d_x, const float* d_y, const float* x, int64_t n, int32_t activation) {
  Args args = vector("activation_bwd", context, n);
  args.range("activation", activation, BHN_IDENTITY, BHN_GELU).pointer("d_y", d_y, n).pointer("x", x, n).optional("d_x", d_x);
  if (!args.bad() && n > 0 && d_x != nullptr) {
    BHN_RUN(args, activation_bwd, d_x, d_y, x, n, activation);
  }
  return args.status();
}

int32_t bhn_gather_rows(bhn_context* context, float* y, const float* x, const int32_t* order, const int64_t* cursor, int64_t n,
                        int64_t cols, int64_t x_rows, int64_t n_order) {
  Args args("gather_rows", context);
  args.size("n", n).size("cols", cols).size("x_rows", x_rows).size("n_order", n_order).extent("y", {n, cols}).extent("x", {x_rows, cols});
  args.pointer("y", y, count(n, cols)).pointer("x", x, count(x_rows, cols)).pointer("order", order, n).pointer("cursor", cursor);
  if (args.bad() || n == 0) {
    return args.status();
  }
  if (!args.on_host()) {
    return args.launched(cuda_kernels()->gather_rows(context->queue, y, x, order, cursor, n, cols, x_rows, n_order)).status();
  }
  const int32_t* rows = window("gather_rows", order, cursor, n, n_order);
  if (rows == nullptr) {
    return BHN_INVALID_ARGUMENT;
  }
  return gathered("gather_rows", cpu_kernels().gather_rows(context->threads, y, x, rows, n, cols, x_rows), rows, x_rows);
}

int32_t bhn_gather_labels(bhn_context* context, int32_t* y, const int32_t* x, const int32_t* order, const int64_t* cursor, int64_t n,
                          int64_t x_rows, int64_t n_order) {
  Args args("gather_labels", context);
  args.size("n", n).size("x_rows", x_rows).size("n_order", n_order);
  args.pointer("y", y, n).pointer("x", x, x_rows).pointer("order", order, n).pointer("cursor", cursor);
  if (args.bad() || n == 0) {
    return args.status();
  }
  if (!args.on_host()) {
    return args.launched(cuda_kernels()->gather_labels(context->queue, y, x, order, cursor, n, x_rows, n_order)).status();
  }
  const int32_t* rows = window("gather_labels", order, cursor, n, n_order);
  if (rows == nullptr) {
    return BHN_INVALID_ARGUMENT;
  }
  return gathered("gather_labels", cpu_kernels().gather_labels(y, x, rows, n, x_rows), rows, x_rows);
}

}  // extern "C"
