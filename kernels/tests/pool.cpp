// The largest of each window against its definition, and where its gradient goes.
#include "op_case.h"

using namespace check;

namespace {

struct Shape {
  int64_t batch, height, width, channels, window, stride;
  int64_t rows() const { return (height - window) / stride + 1; }
  int64_t cols() const { return (width - window) / stride + 1; }
};

OpCase op_case(const Shape& s) {
  OpCase op;
  op.name = "pool";
  for (int64_t n : {s.batch, s.height, s.width, s.channels}) {
    op.name += " " + std::to_string(n);
  }
  op.name += " window " + std::to_string(s.window) + " stride " + std::to_string(s.stride);
  op.in = {Matrix::random("x", s.batch * s.height * s.width, s.channels, s.channels)};
  op.out = {Matrix::output("y", s.batch * s.rows() * s.cols(), s.channels, s.channels)};
  op.reference = [s](const Values& in, Values& out, Values& magnitude) {
    for (int64_t o = 0; o < int64_t(out[0].size()); ++o) {
      int64_t c = o % s.channels, j = o / s.channels % s.cols(), i = o / s.channels / s.cols() % s.rows();
      int64_t b = o / s.channels / s.cols() / s.rows();
      double best = -INFINITY;
      for (int64_t p = 0; p < s.window; ++p) {
        for (int64_t q = 0; q < s.window; ++q) {
          int64_t at = ((b * s.height + i * s.stride + p) * s.width + j * s.stride + q) * s.channels + c;
          best = std::fmax(best, in[0][at]);
        }
      }
      out[0][o] = best;
      magnitude[0][o] = 0;
    }
  };
  op.forward = [s](bhn_context* c, const Out& out, const In& in) {
    return bhn_pool_fwd(c, out[0], in[0], s.batch, s.height, s.width, s.channels, s.window, s.stride);
  };
  op.backward = [s](bhn_context* c, const Out& grads, const In& up, const In& in) {
    return bhn_pool_bwd(c, grads[0], up[0], in[0], s.batch, s.height, s.width, s.channels, s.window, s.stride);
  };
  op.wanted = {0};
  return op;
}

// Of equal values the first has the gradient; a NaN wins and has it; infinities are numbers.
void ties_and_nans() {
  where = "pool ties";
  float x[9] = {2, 2, -INFINITY, 2, 1, -INFINITY, NAN, NAN, 5};
  float y[4], d_x[9] = {}, d_y[4] = {1, 10, 100, 1000};
  OK(bhn_pool_fwd(context(), y, x, 1, 3, 3, 1, 2, 1));
  CHECK(y[0] == 2 && y[1] == 2 && std::isnan(y[2]) && std::isnan(y[3]));
  OK(bhn_pool_bwd(context(), d_x, d_y, x, 1, 3, 3, 1, 2, 1));
  float want[9] = {1, 10, 0, 0, 0, 0, 100, 1000, 0};
  CHECK(std::memcmp(d_x, want, sizeof want) == 0);
  float low[4] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY}, d_low[4] = {};
  OK(bhn_pool_fwd(context(), y, low, 1, 2, 2, 1, 2, 2));
  OK(bhn_pool_bwd(context(), d_low, d_y, low, 1, 2, 2, 1, 2, 2));
  CHECK(y[0] == -INFINITY && d_low[0] == 1 && d_low[1] == 0 && d_low[2] == 0 && d_low[3] == 0);
}

void refusals() {
  where = "pool refusals";
  float x[16] = {}, y[16] = {};
  bhn_context* c = context();
  auto both = [&](bhn_context* at, int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t window, int64_t stride,
                  const char* words) {
    INVALID(bhn_pool_fwd(at, y, x, batch, height, width, channels, window, stride), words);
    CHECK(std::strncmp(bhn_last_error(), "pool_fwd: ", 10) == 0);
    INVALID(bhn_pool_bwd(at, y, x, x, batch, height, width, channels, window, stride), words);
    CHECK(std::strncmp(bhn_last_error(), "pool_bwd: ", 10) == 0);
  };
  both(nullptr, 1, 4, 4, 1, 2, 2, "context is NULL");
  both(c, -1, 4, 4, 1, 2, 2, "batch = -1");
  both(c, 1, -4, 4, 1, 2, 2, "height = -4");
  both(c, 1, 4, INT64_MIN, 1, 2, 2, "width = -9223372036854775808");
  both(c, 1, 4, 4, -1, 2, 2, "channels = -1");
  both(c, 1, 4, 4, 1, 0, 2, "window = 0");
  both(c, 1, 4, 4, 1, 5, 2, "window = 5 must be in [1, 4]");
  both(c, 1, 4, 3, 1, 4, 2, "window = 4 must be in [1, 3]");
  both(c, 1, 0, 0, 1, 1, 1, "window = 1 must be in [1, 0]");
  both(c, 1, 1 << 16, 1 << 16, 1, 1 << 15, 1, "window = 32768");
  both(c, 1, 4, 4, 1, 2, 0, "stride = 0");
  both(c, 1, 4, 4, 1, 2, -1, "stride = -1");
  both(c, int64_t(1) << 40, int64_t(1) << 40, 4, 1, 2, 2, "batch x height");
  both(c, 1, 4, int64_t(1) << 40, int64_t(1) << 40, 2, 2, "width x channels");
  both(c, int64_t(1) << 30, 4, int64_t(1) << 30, 1, 2, 2, "batch x height x width x channels");
  INVALID(bhn_pool_fwd(c, nullptr, x, 1, 4, 4, 1, 2, 2), "pool_fwd: y is NULL");
  INVALID(bhn_pool_fwd(c, y, nullptr, 1, 4, 4, 1, 2, 2), "pool_fwd: x is NULL");
  INVALID(bhn_pool_bwd(c, y, nullptr, x, 1, 4, 4, 1, 2, 2), "pool_bwd: d_y is NULL");
  INVALID(bhn_pool_bwd(c, y, x, nullptr, 1, 4, 4, 1, 2, 2), "pool_bwd: x is NULL");
  OK(bhn_pool_bwd(c, nullptr, x, x, 1, 4, 4, 1, 2, 2));
  OK(bhn_pool_fwd(c, nullptr, nullptr, 0, 4, 4, 1, 2, 2));
  OK(bhn_pool_bwd(c, y, nullptr, nullptr, 1, 4, 4, 0, 2, 2));
  for (float value : y) {
    CHECK(value == 0);
  }
}

void all() {
  for (int64_t channels : {1, 2, 3, 7, 8, 9, 16, 17, 63, 64, 65}) {
    run(op_case({2, 4, 4, channels, 2, 2}));
    run(op_case({1, 5, 3, channels, 2, 1}));  // windows overlap
  }
  run(op_case({1, 1, 1, 1, 1, 1}));
  run(op_case({2, 5, 7, 3, 2, 2}));  // a row and a column that no window sees
  run(op_case({2, 7, 5, 3, 3, 2}));
  run(op_case({1, 7, 7, 2, 2, 3}));  // gaps between windows
  run(op_case({3, 6, 6, 4, 6, 6}));  // the whole image
  run(op_case({2, 3, 4, 5, 3, 7}));  // a stride beyond the image
  run(op_case({0, 4, 4, 3, 2, 2}));
  run(op_case({2, 4, 4, 0, 2, 2}));
  run(op_case({3, 23, 19, 70, 3, 2}));
  ties_and_nans();
  refusals();
  report_worst("pool");
}

}  // namespace

TEST_MAIN(all)
