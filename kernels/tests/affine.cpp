// The linear flow, its gradients and its inverse.
#include "op_case.h"

using namespace check;

namespace {

// Inputs: eps, w, b, log_det_in.
OpCase op_case(int64_t samples, int64_t d, float delta, bool start) {
  OpCase op;
  op.name = "affine " + std::to_string(samples) + "x" + std::to_string(d);
  op.in = {Matrix::random("eps", samples, d, d, -2, 2), Matrix::random("w", 1, d, d, -4, 2), Matrix::random("b", 1, d, d),
           Matrix::random("log_det_in", 1, samples, samples, -9, 9)};
  op.out = {Matrix::output("z", samples, d, d), Matrix::output("log_det", 1, samples, samples)};
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    for (int64_t s = 0; s < samples; ++s) {
      out[1][s] = start ? in[3][s] : 0;
      magnitude[1][s] = std::fabs(out[1][s]);
      for (int64_t j = 0; j < d; ++j) {
        double scale = std::exp(in[1][j]) + double(delta);
        out[0][s * d + j] = scale * in[0][s * d + j] + in[2][j];
        magnitude[0][s * d + j] = std::fabs(scale * in[0][s * d + j]) + std::fabs(in[2][j]);
        out[1][s] += std::log(scale);
        magnitude[1][s] += std::fabs(std::log(scale)) + 0.1;  // s is rounded before its log is taken
      }
    }
  };
  op.forward = [=](bhn_context* c, const Out& out, const In& in) {
    return bhn_affine_fwd(c, out[0], out[1], in[0], in[1], in[2], start ? in[3] : nullptr, samples, d, delta);
  };
  op.backward = [=](bhn_context* c, const Out& grads, const In& up, const In& in) {
    return bhn_affine_bwd(c, grads[0], grads[1], grads[2], up[0], up[1], in[0], in[1], samples, d, delta);
  };
  op.wanted = {0, 1, 2};
  op.null_upstream = true;
  return op;
}

OpCase inverse(int64_t samples, int64_t d, float delta, bool start) {
  OpCase op = op_case(samples, d, delta, start);
  op.name += " inverse";
  op.in[0].name = "z";
  op.out[0].name = "eps";
  auto forward = op.reference;
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    forward(in, out, magnitude);
    for (int64_t i = 0; i < samples * d; ++i) {
      double scale = std::exp(in[1][i % d]) + double(delta);
      out[0][i] = (in[0][i] - in[2][i % d]) / scale;
      magnitude[0][i] = (std::fabs(in[0][i]) + std::fabs(in[2][i % d])) / scale;
    }
  };
  op.forward = [=](bhn_context* c, const Out& out, const In& in) {
    return bhn_affine_inv(c, out[0], out[1], in[0], in[1], in[2], start ? in[3] : nullptr, samples, d, delta);
  };
  op.backward = nullptr;
  op.wanted = {};
  return op;
}

struct Call {
  bhn_context* c = context();
  float x[64] = {};
  float *z = x, *log_det = x;
  const float *eps = x, *w = x, *b = x;
  int64_t samples = 2, d = 8;
  float delta = 0.001f;
  int32_t run(int op) {
    return op == 0   ? bhn_affine_fwd(c, z, log_det, eps, w, b, nullptr, samples, d, delta)
           : op == 1 ? bhn_affine_bwd(c, x, x, x, nullptr, nullptr, eps, w, samples, d, delta)
                     : bhn_affine_inv(c, z, log_det, eps, w, b, nullptr, samples, d, delta);
  }
};

template <class Change>
void refused(const Change& change, const char* words, bool gradients = true) {
  const char* names[] = {"affine_fwd: ", "affine_bwd: ", "affine_inv: "};
  for (int op = 0; op < 3; ++op) {
    if (op == 1 && !gradients) {
      continue;
    }
    Call call;
    change(call);
    INVALID(call.run(op), words);
    CHECK(std::strncmp(bhn_last_error(), names[op], 12) == 0);
  }
}

void refusals() {
  where = "affine refusals";
  refused([](Call& a) { a.c = nullptr; }, "context is NULL");
  refused([](Call& a) { a.z = nullptr; }, " is NULL", false);
  refused([](Call& a) { a.log_det = nullptr; }, "log_det is NULL", false);
  refused([](Call& a) { a.eps = nullptr; }, " is NULL");
  refused([](Call& a) { a.w = nullptr; }, "w is NULL");
  refused([](Call& a) { a.b = nullptr; }, "b is NULL", false);
  refused([](Call& a) { a.samples = -2; }, "samples = -2");
  refused([](Call& a) { a.d = -8; }, "d = -8");
  refused([](Call& a) { a.samples = a.d = INT64_MAX; }, "samples = 9223372036854775807");
  refused([](Call& a) { a.samples = a.d = int64_t(1) << 40; }, "1099511627776 x 1099511627776");
  refused([](Call& a) { a.delta = -1; }, "delta = -1");
  refused([](Call& a) { a.delta = 1e-38f; }, "must be 0 or in [1.17549e-38, 1e+30]");
}

void all() {
  for (int64_t n : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65, 101}) {
    if (on_cuda() && n > 3 && n < 31) {
      continue;
    }
    run(op_case(2, n, 0.001f, true));
    run(op_case(n, 3, 0.0f, false));
    run(inverse(3, n, 0.001f, n % 2 == 0));
  }
  run(op_case(0, 5, 0.001f, true));
  run(op_case(3, 0, 0.001f, true));
  run(inverse(3, 0, 0.001f, true));
  run(op_case(1, sized(40009, 2003), 0.001f, true));
  run(op_case(sized(29, 19), sized(1301, 161), 0.001f, true));
  run(inverse(1, 40009, 0.001f, true));
  run(inverse(sized(29, 4), 1301, 0.001f, false));
  run(inverse(2, 1024, 0.001f, false));
  refusals();
  report_worst("affine");
}

}  // namespace

TEST_MAIN(all)
