// Fixed permutations of columns, and their scatter.
#include "op_case.h"

using namespace check;

namespace {

OpCase op_case(int64_t samples, int64_t d, int64_t pad, int64_t pad_y = -1) {
  pad_y = pad_y < 0 ? pad : pad_y;
  OpCase op;
  op.name = "permute " + std::to_string(samples) + "x" + std::to_string(d) + " ld +" + std::to_string(pad);
  op.in = {Matrix::random("x", samples, d, d + pad)};
  op.out = {Matrix::output("y", samples, d, d + pad_y)};
  auto order = std::make_shared<Guarded<int32_t>>(d);
  for (int64_t j = 0; j < d; ++j) {
    (*order)[j] = int32_t(d - 1 - j);
  }
  for (int64_t j = 0; j < d; ++j) {
    std::swap((*order)[j], (*order)[int64_t(number(0, float(d)))]);
  }
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    for (int64_t i = 0; i < samples * d; ++i) {
      out[0][i] = in[0][i / d * d + (*order)[i % d]];
      magnitude[0][i] = 0;
    }
  };
  op.forward = [=](bhn_context* c, const Out& out, const In& in) {
    return bhn_permute_fwd(c, out[0], in[0], order->data(), samples, d, d + pad_y, d + pad);
  };
  op.backward = [=](bhn_context* c, const Out& grads, const In& up, const In&) {
    return bhn_permute_bwd(c, grads[0], up[0], order->data(), samples, d, d + pad_y, d + pad);
  };
  op.wanted = {0};
  op.allowance = 2;
  return op;
}

void refusals() {
  where = "permute refusals";
  float x[16] = {}, y[16] = {};
  int32_t order[8] = {7, 6, 5, 4, 3, 2, 1, 0};
  bhn_context* c = context();
  auto both = [&](bhn_context* at, float* to, const float* from, const int32_t* p, int64_t samples, int64_t d, int64_t ld,
                  const char* words) {
    INVALID(bhn_permute_fwd(at, to, from, p, samples, d, ld, 8), words);
    CHECK(std::strncmp(bhn_last_error(), "permute_fwd: ", 13) == 0);
    INVALID(bhn_permute_bwd(at, to, from, p, samples, d, ld, 8), words);
    CHECK(std::strncmp(bhn_last_error(), "permute_bwd: ", 13) == 0);
  };
  both(nullptr, y, x, order, 2, 8, 8, "context is NULL");
  both(c, y, nullptr, order, 2, 8, 8, " is NULL");
  both(c, y, x, nullptr, 2, 8, 8, "permutation is NULL");
  both(c, y, x, order, -2, 8, 8, "samples = -2");
  both(c, y, x, order, 2, -8, 8, "d = -8");
  both(c, y, x, order, 2, 8, 7, "ld_y = 7 < d = 8");
  both(c, y, x, order, int64_t(1) << 40, 8, int64_t(1) << 40, "1099511627776");
  INVALID(bhn_permute_fwd(c, nullptr, x, order, 2, 8, 8, 8), "permute_fwd: y is NULL");
  INVALID(bhn_permute_fwd(c, y, x, order, 2, 8, 8, 3), "permute_fwd: ld_x = 3 < d = 8");
  OK(bhn_permute_bwd(c, nullptr, x, order, 2, 8, 8, 8));
}

// An index outside of the row: on the CPU nothing is done, on a device its column is left out.
void bad_indices() {
  where = "permute bad indices";
  bhn_context* c = context();
  for (int32_t bad : {-1, 8, INT32_MAX, INT32_MIN}) {
    Guarded<float> x(16), y(16);
    int32_t order[8] = {7, 6, 5, 4, 3, bad, 1, 0};
    for (int64_t i = 0; i < 16; ++i) {
      x[i] = 1;
      y[i] = 0;
    }
    std::string words = "permutation[5] = " + std::to_string(bad);
    BAD_INDEX(c, bhn_permute_fwd(c, y.data(), x.data(), order, 2, 8, 8, 8), words.c_str());
    CHECK(y[5] == 0 && y[13] == 0 && y.intact());
    CHECK(y[4] == (on_cuda() ? 1 : 0));
    y[3] = y[11] = 0;
    BAD_INDEX(c, bhn_permute_bwd(c, y.data(), x.data(), order, 2, 8, 8, 8), words.c_str());
    CHECK(y[2] == (on_cuda() ? 1 : 0) && y.intact());  // where permutation[5] was to go
  }
}

void all() {
  run(op_case(3, 5, 4, 1));
  run(op_case(3, 5, 0, 2));
  for (int64_t n : {1, 2, 3, 7, 8, 9, 16, 17, 33, 101}) {
    run(op_case(2, n, n % 3));
    run(op_case(n, 5, 0));
  }
  run(op_case(0, 5, 0));
  run(op_case(3, 0, 0));
  run(op_case(37, 1201, 2));
  run(op_case(1, 50021, 0));
  refusals();
  bad_indices();
  report_worst("permute");
}

}  // namespace

TEST_MAIN(all)
