// Inverted dropout against its definition: the unit's place in the Philox stream decides.
#include "op_case.h"
#include "philox.h"

using namespace check;

namespace {

struct Shape {
  int64_t samples, batch, cols, first_row;
  float rate;
  int32_t shared;
};

constexpr int64_t kSeed = 0x1234567890abcdef, kStream = 0xfedcba98, kCounter = 0x7fffffff0;
int64_t counter = kCounter;

bool dropped(const Shape& shape, int64_t sample, int64_t b, int64_t j) {
  int64_t element = (shape.first_row + b) * 4 * ((shape.cols + 3) / 4) + j;
  auto at = uint64_t(kCounter + sample);
  auto words = bhn::philox::philox4x32(uint32_t(element / 4), uint32_t(kStream), uint32_t(at), uint32_t(at >> 32), uint32_t(kSeed),
                                       uint32_t(uint64_t(kSeed) >> 32));
  return float(words.x[element % 4] >> 8) * 0x1p-24f < shape.rate;
}

OpCase op_case(const Shape& s) {
  OpCase op;
  op.name = "dropout " + std::to_string(s.samples) + "x" + std::to_string(s.batch) + "x" + std::to_string(s.cols) + " rate " +
            std::to_string(s.rate) + (s.shared ? " shared" : "");
  op.in = {Matrix::random("x", (s.shared ? 1 : s.samples) * s.batch, s.cols, s.cols)};
  op.out = {Matrix::output("y", s.samples * s.batch, s.cols, s.cols)};
  op.reference = [s](const Values& in, Values& out, Values& magnitude) {
    for (int64_t i = 0; i < s.samples * s.batch * s.cols; ++i) {
      int64_t row = i / s.cols, b = row % s.batch, j = i % s.cols;
      bool zero = dropped(s, row / s.batch, b, j);
      out[0][i] = zero ? 0.0 : in[0][(s.shared ? b : row) * s.cols + j] / (1.0 - double(s.rate));
      magnitude[0][i] = std::fabs(out[0][i]);
    }
  };
  op.forward = [s](bhn_context* c, const Out& out, const In& in) {
    return bhn_dropout_fwd(c, out[0], in[0], &counter, s.samples, s.batch, s.cols, s.first_row, kSeed, kStream, s.rate, s.shared);
  };
  op.backward = [s](bhn_context* c, const Out& grads, const In& up, const In&) {
    return bhn_dropout_bwd(c, grads[0], up[0], &counter, s.samples, s.batch, s.cols, s.first_row, kSeed, kStream, s.rate, s.shared);
  };
  op.wanted = {0};
  return op;
}

// Rows and samples in pieces draw the same masks, and the share of dropped units is the rate.
void pieces() {
  where = "dropout in pieces";
  constexpr int64_t kSamples = 5, kBatch = 37, kCols = 61, kRow = kBatch * kCols;
  Guarded<float> x(kRow), whole(kSamples * kRow), piece(kRow);
  for (int64_t i = 0; i < kRow; ++i) {
    x[i] = number(1, 2);
  }
  int64_t zero = 0;
  OK(bhn_dropout_fwd(context(2), whole.data(), x.data(), &zero, kSamples, kBatch, kCols, 100, 7, 1, 0.3f, 1));
  int64_t missing = 0;
  for (int64_t i = 0; i < kSamples * kRow; ++i) {
    missing += whole[i] == 0;
  }
  CHECK(std::fabs(double(missing) / (kSamples * kRow) - 0.3) < 0.02);
  for (int64_t s = 0; s < kSamples; ++s) {
    for (int64_t b = 0; b < kBatch; b += 10) {
      int64_t rows = kBatch - b < 10 ? kBatch - b : 10;
      OK(bhn_dropout_fwd(context(), piece.data(), x.data() + b * kCols, &s, 1, rows, kCols, 100 + b, 7, 1, 0.3f, 0));
      CHECK(std::memcmp(piece.data(), whole.data() + (s * kBatch + b) * kCols, size_t(rows * kCols) * sizeof(float)) == 0);
    }
  }
}

// A dropped unit is 0, whatever it was, and gets no gradient, whatever was asked of it.
void of_no_number() {
  where = "dropout of what is no number";
  for (float value : {float(INFINITY), -float(INFINITY), float(NAN)}) {
    std::vector<float> x(19, value), y(19), ones(19, 1.0f), mask(19), d(19);
    int64_t counter = 3;
    OK(bhn_dropout_fwd(context(), mask.data(), ones.data(), &counter, 1, 1, 19, 0, 5, 0, 0.5f, 0));
    OK(bhn_dropout_fwd(context(), y.data(), x.data(), &counter, 1, 1, 19, 0, 5, 0, 0.5f, 0));
    OK(bhn_dropout_bwd(context(), d.data(), x.data(), &counter, 1, 1, 19, 0, 5, 0, 0.5f, 0));
    for (int i = 0; i < 19; ++i) {
      bool dropped = mask[i] == 0;
      for (float got : {y[i], d[i]}) {
        CHECK(dropped ? got == 0 : value != value ? got != got : got == value);
      }
    }
  }
}

void refusals() {
  where = "dropout refusals";
  float x[8] = {}, y[8] = {};
  bhn_context* c = context();
  auto fwd = [&](float* to, const float* from, const int64_t* at, int64_t samples, int64_t batch, int64_t cols, int64_t first,
                 int64_t stream, float rate) { return bhn_dropout_fwd(c, to, from, at, samples, batch, cols, first, 1, stream, rate, 0); };
  auto bwd = [&](float* to, const float* from, const int64_t* at, int64_t samples, int64_t batch, int64_t cols, int64_t first,
                 int64_t stream, float rate) { return bhn_dropout_bwd(c, to, from, at, samples, batch, cols, first, 1, stream, rate, 0); };
  auto both = [&](auto&& call) {
    INVALID(call(y, x, nullptr, 1, 2, 3, 0, 0, 0.5f), "counter is NULL");
    INVALID(call(y, x, &counter, -1, 2, 3, 0, 0, 0.5f), "samples = -1");
    INVALID(call(y, x, &counter, 1, -2, 3, 0, 0, 0.5f), "batch = -2");
    INVALID(call(y, x, &counter, 1, 2, -3, 0, 0, 0.5f), "cols = -3");
    INVALID(call(y, x, &counter, 1, 2, INT64_MAX, 0, 0, 0.5f), "cols = 9223372036854775807");
    INVALID(call(y, x, &counter, 1, 2, INT64_MIN, 0, 0, 0.5f), "cols = -9223372036854775808");
    INVALID(call(y, x, &counter, int64_t(1) << 40, int64_t(1) << 40, 1, 0, 0, 0.5f), "samples x batch");
    INVALID(call(y, x, &counter, int64_t(1) << 23, int64_t(1) << 23, 1 << 20, 0, 0, 0.5f), "samples x batch x cols");
    INVALID(call(y, x, &counter, 1, 2, 3, -1, 0, 0.5f), "first_row = -1");
    INVALID(call(y, x, &counter, 1, 2, 3, INT64_MAX, 0, 0.5f), "first_row = 9223372036854775807");
    INVALID(call(y, x, &counter, 1, 2, 5, int64_t(1) << 31, 0, 0.5f), "first_row + batch");
    INVALID(call(y, x, &counter, 1, 2, 3, 0, -1, 0.5f), "stream = -1");
    INVALID(call(y, x, &counter, 1, 2, 3, 0, int64_t(1) << 32, 0.5f), "stream = 4294967296");
    INVALID(call(y, x, &counter, 1, 2, 3, 0, 0, -0.1f), "rate = -0.1");
    INVALID(call(y, x, &counter, 1, 2, 3, 0, 0, 1.0f), "rate = 1");
    INVALID(call(y, x, &counter, 1, 2, 3, 0, 0, NAN), "rate = nan");
    OK(call(nullptr, nullptr, &counter, 0, 2, 3, 0, 0, 0.5f));
    OK(call(nullptr, nullptr, &counter, 1, 0, 3, 0, 0, 0.5f));
    OK(call(nullptr, nullptr, &counter, 1, 2, 0, 0, 0, 0.5f));
  };
  both(fwd);
  both(bwd);
  INVALID(fwd(nullptr, x, &counter, 1, 2, 3, 0, 0, 0.5f), "dropout_fwd: y is NULL");
  INVALID(fwd(y, nullptr, &counter, 1, 2, 3, 0, 0, 0.5f), "dropout_fwd: x is NULL");
  INVALID(bwd(x, nullptr, &counter, 1, 2, 3, 0, 0, 0.5f), "dropout_bwd: d_y is NULL");
  OK(bwd(nullptr, nullptr, &counter, 1, 2, 3, 0, 0, 0.5f));
  INVALID(bhn_dropout_fwd(nullptr, y, x, &counter, 1, 2, 3, 0, 1, 1, 0.5f, 0), "dropout_fwd: context is NULL");
  INVALID(bhn_dropout_bwd(nullptr, y, x, &counter, 1, 2, 3, 0, 1, 1, 0.5f, 0), "dropout_bwd: context is NULL");
}

void all() {
  for (int64_t cols : {1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 63, 64, 65, 101, 130}) {
    for (int32_t shared : {0, 1}) {
      run(op_case({2, 3, cols, 0, 0.5f, shared}));
      run(op_case({1, 1, cols, 12345, 0.1f, shared}));
    }
  }
  run(op_case({0, 3, 4, 0, 0.5f, 0}));
  run(op_case({2, 0, 4, 0, 0.5f, 0}));
  run(op_case({2, 3, 0, 0, 0.5f, 0}));
  run(op_case({2, 3, 9, 0, 0.0f, 0}));
  run(op_case({2, 3, 9, 0, 0.99999994f, 0}));
  run(op_case({3, 2, 8, (int64_t(1) << 31) - 2, 0.5f, 1}));  // the last rows that there are
  run(op_case({3, 113, 131, 5, 0.25f, 0}));
  run(op_case({3, 113, 131, 5, 0.25f, 1}));
  pieces();
  of_no_number();
  refusals();
  report_worst("dropout");
}

}  // namespace

TEST_MAIN(all)
