// Fills, copies, sums with a factor, products, activations and gathers.
#include "op_case.h"

using namespace check;

namespace {

double activate(int32_t kind, double x) {
  switch (kind) {
    case BHN_RELU:
      return x > 0 ? x : 0;
    case BHN_TANH:
      return std::tanh(x);
    case BHN_GELU:
      return 0.5 * x * std::erfc(-x * M_SQRT1_2);
    default:
      return x;
  }
}

OpCase activation(int64_t n, int32_t kind, float range) {
  OpCase op;
  op.name = "activation " + std::to_string(kind) + " n = " + std::to_string(n);
  op.in = {Matrix::random("x", 1, n, n, -range, range)};
  op.out = {Matrix::output("y", 1, n, n)};
  op.cancelled = 1;  // 1 - tanh^2
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    for (size_t i = 0; i < size_t(n); ++i) {
      out[0][i] = activate(kind, in[0][i]);
      magnitude[0][i] = std::fabs(out[0][i]);
    }
  };
  op.forward = [=](bhn_context* c, const Out& out, const In& in) { return bhn_activation_fwd(c, out[0], in[0], n, kind); };
  op.backward = [=](bhn_context* c, const Out& grads, const In& up, const In& in) {
    return bhn_activation_bwd(c, grads[0], up[0], in[0], n, kind);
  };
  op.wanted = {0};
  return op;
}

OpCase product(int64_t n) {
  OpCase op;
  op.name = "mul n = " + std::to_string(n);
  op.in = {Matrix::random("a", 1, n, n, -2, 2), Matrix::random("b", 1, n, n, -2, 2)};
  op.out = {Matrix::output("y", 1, n, n)};
  op.allowance = 2;
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    for (size_t i = 0; i < size_t(n); ++i) {
      out[0][i] = in[0][i] * in[1][i];
      magnitude[0][i] = std::fabs(out[0][i]);
    }
  };
  op.forward = [=](bhn_context* c, const Out& out, const In& in) { return bhn_mul_fwd(c, out[0], in[0], in[1], n); };
  op.backward = [=](bhn_context* c, const Out& grads, const In& up, const In& in) {
    return bhn_mul_bwd(c, grads[0], grads[1], up[0], in[0], in[1], n);
  };
  op.wanted = {0, 1};
  return op;
}

// fill and copy overwrite; axpy is checked as the backward of a copy times alpha.
OpCase matrix(int64_t rows, int64_t cols, int64_t pad_y, int64_t pad_x, bool fill) {
  constexpr float kAlpha = -0.7f;
  OpCase op;
  op.name = std::string(fill ? "fill " : "copy, axpy ") + std::to_string(rows) + "x" + std::to_string(cols);
  op.in = {Matrix::random("x", rows, cols, cols + pad_x)};
  op.out = {Matrix::output("y", rows, cols, cols + pad_y)};
  op.allowance = fill ? 0 : 2;
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    for (size_t i = 0; i < size_t(rows * cols); ++i) {
      out[0][i] = fill ? 2.5 : in[0][i];
      magnitude[0][i] = 0;
    }
  };
  op.forward = [=](bhn_context* c, const Out& out, const In& in) {
    return fill ? bhn_fill(c, out[0], rows, cols, cols + pad_y, 2.5f) : bhn_copy(c, out[0], in[0], rows, cols, cols + pad_y, cols + pad_x);
  };
  if (!fill) {
    op.wanted = {0};
    op.backward = [=](bhn_context* c, const Out& grads, const In& up, const In&) {
      return grads[0] == nullptr ? int32_t(BHN_OK) : bhn_axpy(c, grads[0], up[0], rows, cols, cols + pad_x, cols + pad_y, 1.0f);
    };
    float x = 3, y = 1;
    OK(bhn_axpy(context(), &y, &x, 1, 1, 1, 1, kAlpha));
    CHECK(std::fabs(y - (1 + 3 * double(kAlpha))) < 1e-6);
  }
  return op;
}

void gathers(int64_t n, int64_t cols) {
  where = "gather " + std::to_string(n) + "x" + std::to_string(cols);
  const int64_t x_rows = 13, n_order = n + 3;
  Guarded<float> x(x_rows * cols), y(n * cols);
  Guarded<int32_t> order(n_order), labels(x_rows), picked(n);
  Guarded<int64_t> cursor(1);
  for (int64_t i = 0; i < x_rows * cols; ++i) {
    x[i] = number();
  }
  for (int64_t i = 0; i < x_rows; ++i) {
    labels[i] = int32_t(i * i);
  }
  for (int64_t i = 0; i < n_order; ++i) {
    order[i] = int32_t(i * 5 % x_rows);
  }
  for (int64_t at = 0; at <= 3; ++at) {
    cursor[0] = at;
    OK(bhn_gather_rows(context(1 + int(at) % 3), y.data(), x.data(), order.data(), cursor.data(), n, cols, x_rows, n_order));
    OK(bhn_gather_labels(context(), picked.data(), labels.data(), order.data(), cursor.data(), n, x_rows, n_order));
    bool good = cursor[0] == at && y.intact() && picked.intact() && x.intact() && order.intact();
    for (int64_t i = 0; i < n; ++i) {
      good = good && std::memcmp(&y[i * cols], &x[order[at + i] * cols], size_t(cols) * sizeof(float)) == 0;
      good = good && picked[i] == labels[order[at + i]];
    }
    CHECK(good);
  }
}

void extremes() {
  where = "activation extremes";
  const float values[] = {0, -0.0f, 3e38f, -3e38f, 100, -100, 1e-38f, INFINITY};
  for (int32_t kind = 0; kind < 4; ++kind) {
    for (float x : values) {
      float y = NAN;
      OK(bhn_activation_fwd(context(), &y, &x, 1, kind));
      double want = activate(kind, x);
      that(y == want || std::fabs(y - want) <= 1e-6 * std::fabs(want), __FILE__, __LINE__, "activation %d of %g is %g", kind, double(x),
           double(y));
    }
    for (float x : {-float(INFINITY), float(INFINITY), -60.0f, 60.0f}) {
      float y = NAN, up = 1, d = 0;
      OK(bhn_activation_fwd(context(), &y, &x, 1, kind));
      OK(bhn_activation_bwd(context(), &d, &up, &x, 1, kind));
      CHECK(y == (kind == BHN_IDENTITY || x > 0 ? (kind == BHN_TANH ? 1.0f : x) : kind == BHN_TANH ? -1.0f : 0.0f));
      CHECK(d == (kind == BHN_IDENTITY || (kind != BHN_TANH && x > 0) ? 1.0f : 0.0f));
    }
    float nan = NAN, y = 0, one = 1, zero = 0, d = 0;
    OK(bhn_activation_fwd(context(), &y, &nan, 1, kind));
    CHECK(y != y);
    OK(bhn_activation_bwd(context(), &d, &one, &nan, 1, kind));
    CHECK(kind == BHN_IDENTITY || kind == BHN_RELU || d != d);
    d = 0;
    OK(bhn_activation_bwd(context(), &d, &one, &zero, 1, kind));
    CHECK(kind == BHN_RELU ? d == 0 : d == (kind == BHN_GELU ? 0.5f : 1.0f));
  }
}

void refused_gathers() {
  where = "gather refusals";
  bhn_context* c = context();
  float x[64] = {}, y[64] = {};
  int32_t order[4] = {0, 3, 1, 2}, labels[8] = {}, out[8];
  int64_t at = 0;
  auto both = [&](bhn_context* context, const int32_t* o, const int64_t* cursor, int64_t n, int64_t x_rows, int64_t n_order,
                  const char* words) {
    INVALID(bhn_gather_rows(context, y, x, o, cursor, n, 5, x_rows, n_order), words);
    CHECK(std::strncmp(bhn_last_error(), "gather_rows: ", 13) == 0);
    INVALID(bhn_gather_labels(context, out, labels, o, cursor, n, x_rows, n_order), words);
    CHECK(std::strncmp(bhn_last_error(), "gather_labels: ", 15) == 0);
  };
  both(nullptr, order, &at, 2, 4, 4, "context is NULL");
  both(c, nullptr, &at, 2, 4, 4, "order is NULL");
  both(c, order, nullptr, 2, 4, 4, "cursor is NULL");
  both(c, order, &at, -2, 4, 4, "n = -2");
  both(c, order, &at, 2, -4, 4, "x_rows = -4");
  both(c, order, &at, 2, 4, -4, "n_order = -4");
  INVALID(bhn_gather_rows(c, nullptr, x, order, &at, 2, 5, 4, 4), "y is NULL");
  INVALID(bhn_gather_rows(c, y, nullptr, order, &at, 2, 5, 4, 4), "x is NULL");
  INVALID(bhn_gather_rows(c, y, x, order, &at, 2, -5, 4, 4), "cols = -5");
  INVALID(bhn_gather_rows(c, y, x, order, &at, 2, int64_t(1) << 40, int64_t(1) << 40, 4), "1099511627776");
  INVALID(bhn_gather_labels(c, nullptr, labels, order, &at, 2, 4, 4), "y is NULL");
  INVALID(bhn_gather_labels(c, out, nullptr, order, &at, 2, 4, 4), "x is NULL");
}

// Indices in the op's memory: what they would pick is not read, and where it would go is left alone.
void bad_gathers() {
  where = "gather bad indices";
  bhn_context* c = context();
  Guarded<float> x(4 * 5), y(2 * 5);
  Guarded<int32_t> labels(4), picked(2), order(4);
  for (int64_t i = 0; i < 20; ++i) {
    x[i] = float(i);
  }
  auto bad = [&](int32_t second, int64_t at, int64_t n, const char* words) {
    int32_t entries[4] = {0, second, 1, 2};
    std::memcpy(order.data(), entries, sizeof entries);
    for (int64_t j = 0; j < 5; ++j) {
      y[5 + j] = 7;
      picked[0] = picked[1] = 7;
    }
    BAD_INDEX(c, bhn_gather_rows(c, y.data(), x.data(), order.data(), &at, n, 5, 4, 4), words);
    BAD_INDEX(c, bhn_gather_labels(c, picked.data(), labels.data(), order.data(), &at, n, 4, 4), words);
    for (int64_t j = 0; j < 5; ++j) {
      CHECK(y[5 + j] == 7);
    }
    CHECK(on_cuda() || picked[0] == 7);  // refused before the first
    CHECK(picked[1] == 7 && y.intact() && picked.intact());
  };
  bad(3, 3, 2, "cursor = 3");
  bad(3, -1, 2, "cursor = -1");
  bad(3, INT64_MAX, 2, "cursor = 9223372036854775807");
  bad(3, 0, 5, "n = 5");
  bad(4, 0, 2, "order holds 4");
  bad(-1, 0, 2, "order holds -1");
  bad(INT32_MIN, 0, 2, "order holds -2147483648");
}

void refusals() {
  where = "elementwise refusals";
  bhn_context* c = context();
  float x[64] = {}, y[64] = {};
  using I = int64_t;
  constexpr I kHuge = I(1) << 40;
  auto matrices = [&](bhn_context* k, float* to, const float* from, I rows, I cols, I ld, const char* words) {
    INVALID(bhn_copy(k, to, from, rows, cols, ld, ld), words);
    CHECK(std::strncmp(bhn_last_error(), "copy: ", 6) == 0);
    INVALID(bhn_axpy(k, to, from, rows, cols, ld, ld, 1), words);
    CHECK(std::strncmp(bhn_last_error(), "axpy: ", 6) == 0);
  };
  matrices(nullptr, y, x, 2, 3, 3, "context is NULL");
  matrices(c, nullptr, x, 2, 3, 3, "y is NULL");
  matrices(c, y, nullptr, 2, 3, 3, "x is NULL");
  matrices(c, y, x, -2, 3, 3, "rows = -2");
  matrices(c, y, x, 2, -3, 3, "cols = -3");
  matrices(c, y, x, 2, 3, 2, "ld_y = 2 < cols = 3");
  matrices(c, y, x, INT64_MAX, INT64_MAX, INT64_MAX, "rows = 9223372036854775807");
  matrices(c, y, x, kHuge, kHuge, kHuge, "1099511627776");
  INVALID(bhn_copy(c, y, x, 2, 3, 3, 2), "copy: ld_x = 2 < cols = 3");
  INVALID(bhn_axpy(c, y, x, 2, 3, 3, 2, 1), "axpy: ld_x = 2 < cols = 3");
  INVALID(bhn_fill(c, y, 2, 3, 2 * kHuge, 1), "fill: ld_x = 2199023255552 must be at most 2^40");
  auto odd = [](auto* p) { return reinterpret_cast<decltype(p)>(reinterpret_cast<uintptr_t>(p) + 1); };
  INVALID(bhn_fill(c, odd(y), 2, 3, 3, 1), " is not a multiple of 4 bytes");
  INVALID(bhn_mul_bwd(c, odd(y), nullptr, y, x, x, 2), "mul_bwd: d_a = ");
  int64_t place = 0;
  INVALID(bhn_rng_advance(c, odd(&place), 1), " is not a multiple of 8 bytes");
  INVALID(bhn_fill(nullptr, y, 2, 3, 3, 1), "fill: context is NULL");
  INVALID(bhn_fill(c, nullptr, 2, 3, 3, 1), "fill: x is NULL");
  INVALID(bhn_fill(c, y, -2, 3, 3, 1), "fill: rows = -2");
  INVALID(bhn_fill(c, y, 2, -3, 3, 1), "fill: cols = -3");
  INVALID(bhn_fill(c, y, 2, 3, 2, 1), "fill: ld_x = 2 < cols = 3");
  INVALID(bhn_fill(c, y, kHuge, kHuge, kHuge, 1), "1099511627776");
  INVALID(bhn_mul_fwd(nullptr, y, x, x, 2), "mul_fwd: context is NULL");
  INVALID(bhn_mul_fwd(c, nullptr, x, x, 2), "mul_fwd: y is NULL");
  INVALID(bhn_mul_fwd(c, y, nullptr, x, 2), "mul_fwd: a is NULL");
  INVALID(bhn_mul_fwd(c, y, x, nullptr, 2), "mul_fwd: b is NULL");
  INVALID(bhn_mul_fwd(c, y, x, x, -2), "mul_fwd: n = -2");
  INVALID(bhn_mul_bwd(nullptr, y, y, x, x, x, 2), "mul_bwd: context is NULL");
  INVALID(bhn_mul_bwd(c, y, y, nullptr, x, x, 2), "mul_bwd: d_y is NULL");
  INVALID(bhn_mul_bwd(c, y, y, x, nullptr, x, 2), "mul_bwd: a is NULL");
  INVALID(bhn_mul_bwd(c, y, y, x, x, nullptr, 2), "mul_bwd: b is NULL");
  INVALID(bhn_mul_bwd(c, y, y, x, x, x, INT64_MAX), "mul_bwd: n = 9223372036854775807");
  INVALID(bhn_activation_fwd(nullptr, y, x, 2, 0), "activation_fwd: context is NULL");
  INVALID(bhn_activation_fwd(c, nullptr, x, 2, 0), "activation_fwd: y is NULL");
  INVALID(bhn_activation_fwd(c, y, nullptr, 2, 0), "activation_fwd: x is NULL");
  INVALID(bhn_activation_fwd(c, y, x, -2, 0), "activation_fwd: n = -2");
  INVALID(bhn_activation_fwd(c, y, x, 2, 4), "activation_fwd: activation = 4");
  INVALID(bhn_activation_fwd(c, y, x, 2, -1), "activation_fwd: activation = -1");
  INVALID(bhn_activation_bwd(nullptr, y, x, x, 2, 0), "activation_bwd: context is NULL");
  INVALID(bhn_activation_bwd(c, y, nullptr, x, 2, 0), "activation_bwd: d_y is NULL");
  INVALID(bhn_activation_bwd(c, y, x, nullptr, 2, 0), "activation_bwd: x is NULL");
  INVALID(bhn_activation_bwd(c, y, x, x, -2, 0), "activation_bwd: n = -2");
  INVALID(bhn_activation_bwd(c, y, x, x, 2, 4), "activation_bwd: activation = 4");
}

void all() {
  for (int64_t n : {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 101}) {
    for (int32_t kind = 0; kind < 4; ++kind) {
      run(activation(n, kind, 6));
    }
    run(product(n));
    for (bool fill : {false, true}) {
      run(matrix(3, n, n % 3, n % 2, fill));
      run(matrix(n, 5, 0, 3, fill));
    }
    gathers(n, 5);
    gathers(4, n);
  }
  int64_t many = sized(40009, 9001);
  for (int32_t kind = 0; kind < 4; ++kind) {
    run(activation(many, kind, 6));
  }
  run(product(many));
  run(matrix(211, 331, 2, 5, false));
  run(matrix(1, 150001, 0, 0, true));
  run(matrix(377, 401, 3, 0, true));
  gathers(307, 211);
  extremes();
  refused_gathers();
  bad_gathers();
  refusals();
  report_worst("elementwise");
}

}  // namespace

TEST_MAIN(all)
