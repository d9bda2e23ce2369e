// The affine transform of RealNVP and IAF, its gradients and its inverse.
#include <limits>

#include "op_case.h"

using namespace check;

namespace {

OpCase op_case(int64_t samples, int64_t d, int64_t pad, float delta, bool start, int64_t pad_y = -1) {
  pad_y = pad_y < 0 ? pad : pad_y;
  OpCase op;
  op.name = "coupling " + std::to_string(samples) + "x" + std::to_string(d) + " ld +" + std::to_string(pad);
  op.in = {Matrix::random("z", samples, d, d + pad, -2, 2), Matrix::random("heads", samples, 2 * d, 2 * d, -3, 3),
           Matrix::random("log_det_in", 1, samples, samples, -9, 9)};
  op.out = {Matrix::output("y", samples, d, d + pad_y), Matrix::output("log_det", 1, samples, samples)};
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    for (int64_t s = 0; s < samples; ++s) {
      out[1][s] = start ? in[2][s] : 0;
      magnitude[1][s] = std::fabs(out[1][s]);
      for (int64_t j = 0; j < d; ++j) {
        double m = in[1][s * 2 * d + j], scale = std::exp(in[1][s * 2 * d + d + j]) + double(delta);
        out[0][s * d + j] = m + scale * in[0][s * d + j];
        magnitude[0][s * d + j] = std::fabs(m) + std::fabs(scale * in[0][s * d + j]);
        out[1][s] += std::log(scale);
        magnitude[1][s] += std::fabs(std::log(scale)) + 0.1;  // s is rounded before its log is taken
      }
    }
  };
  op.forward = [=](bhn_context* c, const Out& out, const In& in) {
    return bhn_coupling_fwd(c, out[0], out[1], in[0], in[1], start ? in[2] : nullptr, samples, d, d + pad_y, d + pad, delta);
  };
  op.backward = [=](bhn_context* c, const Out& grads, const In& up, const In& in) {
    return bhn_coupling_bwd(c, grads[0], grads[1], up[0], up[1], in[0], in[1], samples, d, d + pad_y, d + pad, delta);
  };
  op.wanted = {0, 1};
  op.null_upstream = true;
  return op;
}

// z from y by the reference's own formula; the log-det is the forward's.
OpCase inverse(int64_t samples, int64_t d, int64_t pad, float delta, bool start, int64_t pad_z = -1) {
  pad_z = pad_z < 0 ? pad : pad_z;
  OpCase op = op_case(samples, d, pad, delta, start, pad_z);
  op.name += " inverse";
  op.in[0].name = "y";
  op.out[0].name = "z";
  auto forward = op.reference;
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    forward(in, out, magnitude);
    for (int64_t i = 0; i < samples * d; ++i) {
      double m = in[1][i / d * 2 * d + i % d], scale = std::exp(in[1][i / d * 2 * d + d + i % d]) + double(delta);
      out[0][i] = (in[0][i] - m) / scale;
      magnitude[0][i] = (std::fabs(in[0][i]) + std::fabs(m)) / scale;
    }
  };
  op.forward = [=](bhn_context* c, const Out& out, const In& in) {
    return bhn_coupling_inv(c, out[0], out[1], in[0], in[1], start ? in[2] : nullptr, samples, d, d + pad_z, d + pad, delta);
  };
  op.backward = nullptr;
  op.wanted = {};
  return op;
}

// Without delta, log s is the log-scale itself, wherever exp leaves the range of float.
void far_scales() {
  where = "coupling far scales";
  for (float a : {-200.0f, -100.0f, -87.0f, 60.0f, 88.0f}) {
    float y, log_det, z = 0.5f, heads[2] = {0.25f, a}, up = 1, d_heads[2] = {};
    OK(bhn_coupling_fwd(context(), &y, &log_det, &z, heads, nullptr, 1, 1, 1, 1, 0.0f));
    CHECK(std::fabs(log_det - a) <= 1e-5 * std::fabs(a));
    OK(bhn_coupling_bwd(context(), nullptr, d_heads, nullptr, &up, &z, heads, 1, 1, 1, 1, 0.0f));
    CHECK(std::fabs(d_heads[1] - 1) < 1e-6);
    OK(bhn_coupling_fwd(context(), &y, &log_det, &z, heads, nullptr, 1, 1, 1, 1, 0.001f));
    CHECK(std::fabs(log_det - std::log(std::exp(double(a)) + 0.001)) <= 1e-5 * std::fabs(log_det));
  }
  const float least = std::numeric_limits<float>::min();  // of the deltas that count
  float y, log_det, z = 0.5f, heads[2] = {0.25f, -100};
  OK(bhn_coupling_fwd(context(), &y, &log_det, &z, heads, nullptr, 1, 1, 1, 1, least));
  CHECK(std::fabs(log_det - std::log(least)) < 1e-4);
}

struct Call {
  bhn_context* c = context();
  float memory[64] = {};
  float *y = memory, *log_det = memory, *d_z = memory, *d_heads = memory;
  const float *z = memory, *heads = memory;
  int64_t samples = 2, d = 8, ld_y = 8, ld_z = 8;
  float delta = 0.001f;
  int32_t run(int op) {
    return op == 0   ? bhn_coupling_fwd(c, y, log_det, z, heads, nullptr, samples, d, ld_y, ld_z, delta)
           : op == 1 ? bhn_coupling_bwd(c, d_z, d_heads, nullptr, nullptr, z, heads, samples, d, ld_y, ld_z, delta)
                     : bhn_coupling_inv(c, y, log_det, z, heads, nullptr, samples, d, ld_z, ld_y, delta);
  }
};

template <class Change>
void refused(const Change& change, const char* words, bool gradients = true) {
  const char* names[] = {"coupling_fwd: ", "coupling_bwd: ", "coupling_inv: "};
  for (int op = 0; op < 3; ++op) {
    if (op == 1 && !gradients) {
      continue;
    }
    Call call;
    change(call);
    INVALID(call.run(op), words);
    CHECK(std::strncmp(bhn_last_error(), names[op], 14) == 0);
  }
}

void refusals() {
  where = "coupling refusals";
  refused([](Call& a) { a.c = nullptr; }, "context is NULL");
  refused([](Call& a) { a.y = nullptr; }, " is NULL", false);
  refused([](Call& a) { a.log_det = nullptr; }, "log_det is NULL", false);
  refused([](Call& a) { a.z = nullptr; }, " is NULL");
  refused([](Call& a) { a.heads = nullptr; }, "heads is NULL");
  refused([](Call& a) { a.samples = -2; }, "samples = -2");
  refused([](Call& a) { a.d = -8; }, "d = -8");
  refused([](Call& a) { a.d = INT64_MAX; }, "d = 9223372036854775807");
  refused([](Call& a) { a.ld_z = 3; }, " = 3 < d = 8");
  refused([](Call& a) { a.ld_y = 7; }, " = 7 < d = 8");
  refused([](Call& a) { a.samples = a.ld_z = int64_t(1) << 40; }, "1099511627776");
  refused([](Call& a) { a.delta = -0.5f; }, "delta = -0.5");
  refused([](Call& a) { a.delta = NAN; }, "delta = ");
  refused([](Call& a) { a.delta = 1e-38f; }, "must be 0 or in [1.17549e-38, 1e+30]");
  Call call;
  call.ld_z = 3;
  INVALID(call.run(0), "coupling_fwd: ld_z = 3 < d = 8");
}

void all() {
  for (int64_t n : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65, 101}) {
    run(op_case(2, n, n % 3, 0.001f, true));
    run(op_case(n, 3, 2, 0.0f, false));
    run(inverse(3, n, n % 3, 0.001f, n % 2 == 0));
  }
  // Rows of z and of y lie apart by other distances.
  run(op_case(3, 5, 4, 0.001f, true, 1));
  run(op_case(3, 5, 0, 0.001f, true, 2));
  run(inverse(3, 5, 4, 0.001f, true, 1));
  run(op_case(0, 5, 0, 0.001f, true));
  run(op_case(3, 0, 0, 0.001f, true));
  run(inverse(3, 0, 0, 0.001f, true));
  run(op_case(1, sized(40009, 2003), 0, 0.001f, true));
  run(op_case(33, sized(1201, 161), 1, 0.001f, true));
  run(inverse(1, 40009, 0, 0.001f, true));
  run(inverse(33, 1201, 1, 0.001f, false));
  run(inverse(2, 1024, 0, 0.001f, false));
  far_scales();
  refusals();
  report_worst("coupling");
}

}  // namespace

TEST_MAIN(all)
