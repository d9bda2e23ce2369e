// Inverse norms of rows, and their gradient.
#include "op_case.h"

using namespace check;

namespace {

OpCase op_case(int64_t rows, int64_t cols, int64_t pad, float size) {
  OpCase op;
  op.name =
      "weightnorm " + std::to_string(rows) + "x" + std::to_string(cols) + " ld +" + std::to_string(pad) + " size " + std::to_string(size);
  op.in = {Matrix::random("v", rows, cols, cols + pad, -size, size)};
  op.out = {Matrix::output("r", rows, 1, 1)};
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    for (int64_t j = 0; j < rows; ++j) {
      double squares = 0;
      for (int64_t i = 0; i < cols; ++i) {
        squares += in[0][j * cols + i] * in[0][j * cols + i];
      }
      out[0][j] = squares == 0 ? 0 : 1 / std::fmax(std::sqrt(squares), 1e-12);
      magnitude[0][j] = out[0][j];
    }
  };
  op.forward = [=](bhn_context* c, const Out& out, const In& in) { return bhn_weightnorm_fwd(c, out[0], in[0], rows, cols, cols + pad); };
  auto r = std::make_shared<std::vector<float>>(static_cast<size_t>(rows));  // read when the device gets to it
  op.backward = [=](bhn_context* c, const Out& grads, const In& up, const In& in) {
    OK(bhn_weightnorm_fwd(c, r->data(), in[0], rows, cols, cols + pad));
    return bhn_weightnorm_bwd(c, grads[0], up[0], in[0], r->data(), rows, cols, cols + pad);
  };
  op.wanted = {0};
  return op;
}

// Rows whose squares leave the range of float, rows shorter than 1e-12, and rows of zeros.
void far_rows() {
  where = "weightnorm far rows";
  const double sizes[] = {0, 1e-44, 1e-30, 1e-20, 1e-13, 1e-12, 1e-11, 1e-9, 1e9, 1e18, 1e25, 1e37};
  for (double size : sizes) {
    constexpr int64_t kCols = 19;
    Guarded<float> v(kCols), r(1), d_v(kCols), d_r(1);
    double squares = 0;
    for (int64_t i = 0; i < kCols; ++i) {
      v[i] = float(i % 2 == 0 ? size : -size);
      squares += double(v[i]) * v[i];
      d_v[i] = 0;
    }
    double want = squares == 0 ? 0 : 1 / std::fmax(std::sqrt(squares), 1e-12);
    OK(bhn_weightnorm_fwd(context(), r.data(), v.data(), 1, kCols, kCols));
    that(std::fabs(r[0] - want) <= 1e-6 * want, __FILE__, __LINE__, "|v_i| = %g: r = %g, should be %g", size, double(r[0]), want);
    d_r[0] = float(std::fmin(1 / (want * want + 1e-30), 1e20));  // what keeps the gradient in the range of float
    OK(bhn_weightnorm_bwd(context(), d_v.data(), d_r.data(), v.data(), r.data(), 1, kCols, kCols));
    double factor = squares < 1e-24 ? 0 : -double(d_r[0]) * r[0] * double(r[0]) * r[0], slope = factor * v[0];
    that((factor != 0 && std::fabs(factor) < 1e-37) || std::fabs(d_v[0] - slope) <= 1e-6 * std::fabs(slope) + 1e-38, __FILE__, __LINE__,
         "|v_i| = %g: d_v = %g, should be %g", size, double(d_v[0]), slope);
    CHECK(d_v.intact() && r.intact());
  }
}

void refusals() {
  where = "weightnorm refusals";
  bhn_context* c = context();
  float x[64] = {}, y[64] = {};
  constexpr int64_t kHuge = int64_t(1) << 40;
  INVALID(bhn_weightnorm_fwd(nullptr, x, y, 2, 3, 3), "weightnorm_fwd: context is NULL");
  INVALID(bhn_weightnorm_fwd(c, nullptr, y, 2, 3, 3), "weightnorm_fwd: r is NULL");
  INVALID(bhn_weightnorm_fwd(c, x, nullptr, 2, 3, 3), "weightnorm_fwd: v is NULL");
  INVALID(bhn_weightnorm_bwd(nullptr, x, y, y, y, 2, 3, 3), "weightnorm_bwd: context is NULL");
  INVALID(bhn_weightnorm_bwd(c, x, nullptr, y, y, 2, 3, 3), "weightnorm_bwd: d_r is NULL");
  INVALID(bhn_weightnorm_bwd(c, x, y, nullptr, y, 2, 3, 3), "weightnorm_bwd: v is NULL");
  INVALID(bhn_weightnorm_bwd(c, x, y, y, nullptr, 2, 3, 3), "weightnorm_bwd: r is NULL");
  auto both = [&](int64_t rows, int64_t cols, int64_t ld, const char* words) {
    INVALID(bhn_weightnorm_fwd(c, x, y, rows, cols, ld), words);
    INVALID(bhn_weightnorm_bwd(c, x, y, y, y, rows, cols, ld), words);
  };
  both(-2, 3, 3, "rows = -2");
  both(2, -3, 3, "cols = -3");
  both(2, 3, 2, "ld_v = 2 < cols = 3");
  both(2, INT64_MAX, INT64_MAX, "cols = 9223372036854775807");
  both(INT64_MIN, INT64_MIN, 3, "rows = -9223372036854775808");
  both(kHuge, kHuge, kHuge, "v = 1099511627776 x 1099511627776");
  OK(bhn_weightnorm_fwd(c, nullptr, nullptr, 0, 3, 3));
  OK(bhn_weightnorm_bwd(c, nullptr, nullptr, nullptr, nullptr, 0, 3, 3));
}

void all() {
  for (int64_t n : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 101}) {
    run(op_case(3, n, n % 3, 1));
    run(op_case(n, 5, 2, 100));
    run(op_case(2, n, 0, 0.1f));
  }
  run(op_case(0, 5, 0, 1));
  run(op_case(4, 0, 0, 1));
  run(op_case(131, 257, 3, 1));
  run(op_case(2, 1025, 0, 1));
  run(op_case(1, 33001, 1, 1));
  far_rows();
  refusals();
  report_worst("weightnorm");
}

}  // namespace

TEST_MAIN(all)
