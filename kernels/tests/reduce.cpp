// Sums of rows.
#include "op_case.h"

using namespace check;

namespace {

OpCase op_case(int64_t rows, int64_t cols, int64_t pad) {
  OpCase op;
  op.name = "sum_rows " + std::to_string(rows) + "x" + std::to_string(cols) + " ld +" + std::to_string(pad);
  op.in = {Matrix::random("x", rows, cols, cols + pad)};
  op.out = {Matrix::output("out", 1, rows, rows)};
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    for (int64_t i = 0; i < rows; ++i) {
      out[0][i] = magnitude[0][i] = 0;
      for (int64_t j = 0; j < cols; ++j) {
        out[0][i] += in[0][i * cols + j];
      }
    }
  };
  op.forward = [=](bhn_context* c, const Out& out, const In& in) { return bhn_sum_rows_fwd(c, out[0], in[0], rows, cols, cols + pad); };
  op.backward = [=](bhn_context* c, const Out& grads, const In& up, const In&) {
    return bhn_sum_rows_bwd(c, grads[0], up[0], rows, cols, cols + pad);
  };
  op.wanted = {0};
  op.allowance = 1.01;  // sums are in double: only their rounding is left
  return op;
}

void refusals() {
  where = "sum_rows refusals";
  float x[16] = {};
  bhn_context* c = context();
  auto both = [&](bhn_context* at, float* out, int64_t rows, int64_t cols, int64_t ld, const char* words) {
    INVALID(bhn_sum_rows_fwd(at, out, x, rows, cols, ld), words);
    CHECK(std::strncmp(bhn_last_error(), "sum_rows_fwd: ", 14) == 0);
    INVALID(bhn_sum_rows_bwd(at, x, out, rows, cols, ld), words);
    CHECK(std::strncmp(bhn_last_error(), "sum_rows_bwd: ", 14) == 0);
  };
  both(nullptr, x, 2, 3, 3, "context is NULL");
  both(c, nullptr, 2, 3, 3, "out is NULL");
  both(c, x, -2, 3, 3, "rows = -2");
  both(c, x, 2, -3, 3, "cols = -3");
  both(c, x, 2, 3, 2, "ld_x = 2 < cols = 3");
  both(c, x, INT64_MAX, INT64_MAX, INT64_MAX, "rows = 9223372036854775807");
  both(c, x, int64_t(1) << 40, 3, int64_t(1) << 40, "1099511627776");
  INVALID(bhn_sum_rows_fwd(c, x, nullptr, 2, 3, 3), "sum_rows_fwd: x is NULL");
  OK(bhn_sum_rows_bwd(c, nullptr, x, 2, 3, 3));
}

void all() {
  for (int64_t n : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65, 127}) {
    run(op_case(3, n, n % 3));
    run(op_case(n, 2, 0));
  }
  run(op_case(0, 5, 0));
  run(op_case(4, 0, 0));
  run(op_case(251, 401, 3));
  run(op_case(1, 50021, 0));
  for (int64_t n : {255, 256, 257, 1023, 1025}) {
    run(op_case(2, n, 1));
  }
  run(op_case(sized(20011, 1011), 3, 1));
  refusals();
  report_worst("reduce");
}

}  // namespace

TEST_MAIN(all)
