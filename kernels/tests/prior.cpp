// Log prior densities of the weights of each sample, and their gradients.
#include "op_case.h"

using namespace check;

namespace {

struct Prior {
  int32_t kind;
  float p0, p1, p2;
};

double log_normal(double e, double std) { return -0.5 * std::log(2 * M_PI) - std::log(std) - 0.5 * e * e / (std * std); }

double log_density(const Prior& p, double w, double* magnitude) {
  double mean = p.p0, scale = p.p1;
  if (p.kind == BHN_PRIOR_NORMAL) {
    *magnitude += std::fabs(std::log(scale)) + 1 + 0.5 * (w - mean) * (w - mean) / (scale * scale);
    return log_normal(w - mean, scale);
  }
  if (p.kind == BHN_PRIOR_LAPLACE) {
    *magnitude += std::fabs(std::log(2 * scale)) + std::fabs(w - mean) / scale;
    return -std::log(2 * scale) - std::fabs(w - mean) / scale;
  }
  double a = std::log(double(p.p0)) + log_normal(w, p.p1);
  double b = std::log1p(-double(p.p0)) + log_normal(w, p.p2);
  double high = std::fmax(a, b), low = std::fmin(a, b);
  double value = high == -INFINITY ? high : high + std::log1p(std::exp(low - high));
  *magnitude += 2 + std::fabs(value) + std::fmin(w * w / (2.0 * p.p1 * p.p1), 1e3);
  return value;
}

OpCase op_case(const Prior& p, int64_t samples, int64_t d, int64_t pad, bool start, float range = 2) {
  OpCase op;
  op.name = "prior " + std::to_string(p.kind) + " " + std::to_string(samples) + "x" + std::to_string(d) + " ld +" + std::to_string(pad);
  op.in = {Matrix::random("w", samples, d, d + pad, -range, range), Matrix::random("log_prior_in", samples, 1, 1, -50, 50)};
  op.out = {Matrix::output("log_prior", samples, 1, 1)};
  op.allowance = p.kind == BHN_PRIOR_MIXTURE ? 64 : 24;  // the share of a part depends on w^2 / std^2
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    for (int64_t s = 0; s < samples; ++s) {
      out[0][s] = start ? in[1][s] : 0.0;
      magnitude[0][s] = std::fabs(out[0][s]);
      for (int64_t j = 0; j < d; ++j) {
        out[0][s] += log_density(p, in[0][s * d + j], &magnitude[0][s]);
      }
    }
  };
  op.forward = [=](bhn_context* c, const Out& out, const In& in) {
    return bhn_prior_fwd(c, out[0], in[0], start ? in[1] : nullptr, samples, d, d + pad, p.kind, p.p0, p.p1, p.p2);
  };
  op.backward = [=](bhn_context* c, const Out& grads, const In& up, const In& in) {
    return bhn_prior_bwd(c, grads[0], up[0], in[0], samples, d, d + pad, p.kind, p.p0, p.p1, p.p2);
  };
  op.wanted = {0};
  return op;
}

// Weights where a density's parts vanish or where the slope jumps.
void special_weights() {
  where = "prior special weights";
  Prior mixture = {BHN_PRIOR_MIXTURE, 0.5f, 1.0f, 0.001f};
  for (float w : {0.0f, 1e-20f, 30.0f, -30.0f, 1000.0f}) {
    float out = 0, up = 1, d = 0;
    OK(bhn_prior_fwd(context(), &out, &w, nullptr, 1, 1, 1, mixture.kind, mixture.p0, mixture.p1, mixture.p2));
    OK(bhn_prior_bwd(context(), &d, &up, &w, 1, 1, 1, mixture.kind, mixture.p0, mixture.p1, mixture.p2));
    double unused = 0, want = log_density(mixture, w, &unused);
    CHECK(std::fabs(out - want) <= 1e-6 * (1 + std::fabs(want)));
    CHECK(w < 1 || std::fabs(d + w) <= 1e-5 * std::fabs(w));  // only the wide part is left
  }
  // Squares that float does not hold; the parts may be equal, and one may have no weight.
  for (auto [weight, first, second] :
       {std::tuple(0.5f, 1e18f, 1e18f), std::tuple(0.5f, 1.0f, 0.1f), std::tuple(0.25f, 0.1f, 1.0f), std::tuple(0.0f, 1e18f, 1e17f),
        std::tuple(0.0f, 1e17f, 1e18f), std::tuple(1.0f, 1e18f, 1e17f), std::tuple(1.0f, 1e17f, 1e18f), std::tuple(1e-30f, 1e18f, 1e17f)}) {
    for (float w : {2e19f, -1e20f, 1e30f, 3e38f}) {
      float out = 0, up = 1e-20f, d = 0;
      OK(bhn_prior_fwd(context(), &out, &w, nullptr, 1, 1, 1, BHN_PRIOR_MIXTURE, weight, first, second));
      OK(bhn_prior_bwd(context(), &d, &up, &w, 1, 1, 1, BHN_PRIOR_MIXTURE, weight, first, second));
      double std = weight == 0 ? second : weight == 1 ? first : std::fmax(first, second), unused = 0;
      double want = log_density({BHN_PRIOR_MIXTURE, weight, first, second}, w, &unused), slope = -double(up) * w / (std * std);
      CHECK(out == float(want) || std::fabs(out - want) <= 1e-6 * std::fabs(want));
      CHECK(std::fabs(d - slope) <= 1e-5 * std::fabs(slope) + 1e-37);
    }
  }
  for (float weight : {0.0f, 1.0f}) {  // one part alone
    float w = 0.7f, out = 0, up = 1, d = 0;
    double std = weight == 1 ? 2 : 0.5;
    OK(bhn_prior_fwd(context(), &out, &w, nullptr, 1, 1, 1, BHN_PRIOR_MIXTURE, weight, 2.0f, 0.5f));
    OK(bhn_prior_bwd(context(), &d, &up, &w, 1, 1, 1, BHN_PRIOR_MIXTURE, weight, 2.0f, 0.5f));
    CHECK(std::fabs(out - log_normal(w, std)) < 1e-6 && std::fabs(d + w / (std * std)) < 1e-6);
  }
  float at_mean = 0.25f, up = 1, d = 0;
  OK(bhn_prior_bwd(context(), &d, &up, &at_mean, 1, 1, 1, BHN_PRIOR_LAPLACE, 0.25f, 1.0f, 0.0f));
  CHECK(d == 0);
}

template <class Call>
void refused_parameters(const Call& call) {
  INVALID(call(1, 2, 2, -1, 0, 1, 1), "prior = -1");
  INVALID(call(1, 2, 2, 3, 0, 1, 1), "prior = 3");
  INVALID(call(-1, 2, 2, 0, 0, 1, 1), "samples = -1");
  INVALID(call(1, -2, 2, 0, 0, 1, 1), "d = -2");
  INVALID(call(1, INT64_MAX, INT64_MAX, 0, 0, 1, 1), "d = 9223372036854775807");
  INVALID(call(1, 2, 1, 0, 0, 1, 1), "ld_w = 1");
  INVALID(call(int64_t(1) << 40, int64_t(1) << 40, int64_t(1) << 40, 0, 0, 1, 1), "w = 1099511627776");
  INVALID(call(1, 2, 2, BHN_PRIOR_NORMAL, NAN, 1, 1), "p0");
  INVALID(call(1, 2, 2, BHN_PRIOR_NORMAL, INFINITY, 1, 1), "p0");
  INVALID(call(1, 2, 2, BHN_PRIOR_NORMAL, 0, 0, 1), "p1");
  INVALID(call(1, 2, 2, BHN_PRIOR_LAPLACE, 0, -1, 1), "p1");
  INVALID(call(1, 2, 2, BHN_PRIOR_MIXTURE, 1.5f, 1, 1), "p0");
  INVALID(call(1, 2, 2, BHN_PRIOR_MIXTURE, -0.1f, 1, 1), "p0");
  INVALID(call(1, 2, 2, BHN_PRIOR_MIXTURE, 0.5f, NAN, 1), "p1");
  INVALID(call(1, 2, 2, BHN_PRIOR_MIXTURE, 0.5f, 1, 0), "p2");
  OK(call(0, 2, 2, 0, 0, 1, 1));
}

void refusals() {
  where = "prior refusals";
  float x[4] = {}, w[4] = {}, up[4] = {};
  bhn_context* c = context();
  refused_parameters([&](int64_t samples, int64_t d, int64_t ld, int32_t kind, float p0, float p1, float p2) {
    return bhn_prior_fwd(c, x, w, nullptr, samples, d, ld, kind, p0, p1, p2);
  });
  refused_parameters([&](int64_t samples, int64_t d, int64_t ld, int32_t kind, float p0, float p1, float p2) {
    return bhn_prior_bwd(c, x, up, w, samples, d, ld, kind, p0, p1, p2);
  });
  INVALID(bhn_prior_fwd(nullptr, x, w, nullptr, 1, 2, 2, 0, 0, 1, 1), "prior_fwd: context is NULL");
  INVALID(bhn_prior_fwd(c, nullptr, w, nullptr, 1, 2, 2, 0, 0, 1, 1), "prior_fwd: log_prior is NULL");
  INVALID(bhn_prior_fwd(c, x, nullptr, nullptr, 1, 2, 2, 0, 0, 1, 1), "prior_fwd: w is NULL");
  INVALID(bhn_prior_bwd(nullptr, x, up, w, 1, 2, 2, 0, 0, 1, 1), "prior_bwd: context is NULL");
  INVALID(bhn_prior_bwd(c, x, nullptr, w, 1, 2, 2, 0, 0, 1, 1), "prior_bwd: d_log_prior is NULL");
  INVALID(bhn_prior_bwd(c, x, up, nullptr, 1, 2, 2, 0, 0, 1, 1), "prior_bwd: w is NULL");
}

void all() {
  const Prior priors[] = {{BHN_PRIOR_NORMAL, 0.3f, 0.7f, 0},
                          {BHN_PRIOR_LAPLACE, -0.123f, 1.9f, 0},
                          {BHN_PRIOR_MIXTURE, 0.25f, 1.5f, 0.2f},
                          {BHN_PRIOR_MIXTURE, 0.75f, 0.1f, 3.0f}};
  for (const Prior& p : priors) {
    for (int64_t n : {1, 2, 7, 8, 9, 31, 33, 64, 65, 101}) {
      run(op_case(p, 3, n, n % 3, true));
      run(op_case(p, n, 2, 5, false));
    }
    run(op_case(p, 0, 5, 0, true));
    run(op_case(p, 4, 0, 0, true));
    run(op_case(p, 2, 3, 0, false, 20));
    run(op_case(p, 5, 1801, 2, true));
  }
  for (const Prior& p : priors) {  // sums in parts
    OpCase op = op_case(p, 2, 40001, 3, true);
    op.backward = nullptr;
    run(op);
  }
  special_weights();
  refusals();
  report_worst("prior");
}

}  // namespace

TEST_MAIN(all)
