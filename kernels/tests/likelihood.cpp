// Log-likelihoods: categorical, Gaussian, Student's t, Bernoulli, Poisson, with their gradients.
#include "op_case.h"

using namespace check;

namespace {

std::string named(const char* name, int64_t samples, int64_t batch, int64_t width) {
  return std::string(name) + " " + std::to_string(samples) + "x" + std::to_string(batch) + "x" + std::to_string(width);
}

std::vector<int32_t> some_labels(int64_t batch, int64_t classes) {
  std::vector<int32_t> labels;
  for (int64_t b = 0; b < batch; ++b) {
    labels.push_back(int32_t((b * 7 + 3) % classes));
  }
  return labels;
}

OpCase categorical(int64_t samples, int64_t batch, int64_t classes, float spread) {
  OpCase op;
  op.name = named("categorical", samples, batch, classes);
  op.in = {Matrix::random("logits", samples * batch, classes, classes, -spread, spread)};
  op.out = {Matrix::output("log_lik", samples * batch, 1, 1)};
  op.allowance = 8 + spread;
  auto labels = some_labels(batch, classes);
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    for (int64_t row = 0; row < samples * batch; ++row) {
      const double* x = in[0].data() + row * classes;
      double max = -INFINITY, sum = 0;
      for (int64_t c = 0; c < classes; ++c) {
        max = std::fmax(max, x[c]);
      }
      for (int64_t c = 0; c < classes; ++c) {
        sum += std::exp(x[c] - max);
      }
      out[0][row] = x[labels[size_t(row % batch)]] - max - std::log(sum);
      magnitude[0][row] = 1 + std::fabs(x[labels[size_t(row % batch)]] - max);
    }
  };
  op.forward = [=](bhn_context* c, const Out& out, const In& in) {
    return bhn_categorical_fwd(c, out[0], in[0], labels.data(), samples, batch, classes);
  };
  op.backward = [=](bhn_context* c, const Out& grads, const In& up, const In& in) {
    return bhn_categorical_bwd(c, grads[0], up[0], in[0], labels.data(), samples, batch, classes);
  };
  op.wanted = {0};
  return op;
}

// A density with a location and a scale: its inputs, and what its -2 log density without v is, as a function of e^2 exp(-v).
OpCase location_scale(const char* name, int64_t samples, int64_t batch, int64_t outputs, int64_t pad, int32_t mode,
                      const std::function<double(double)>& deviance) {
  OpCase op;
  op.name = named(name, samples, batch, outputs) + " mode " + std::to_string(mode);
  int64_t rows = mode == BHN_LOG_VAR_SHARED ? 1 : mode == BHN_LOG_VAR_PER_SAMPLE ? samples : samples * batch;
  op.in = {Matrix::random("mean", samples * batch, outputs, outputs + pad, -2, 2),
           Matrix::random("log_var", rows, outputs, outputs + 2 * pad, -4, 2), Matrix::random("target", batch, outputs, outputs, -2, 2)};
  op.out = {Matrix::output("log_lik", samples * batch, 1, 1)};
  op.allowance = 16;
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    for (int64_t row = 0; row < samples * batch; ++row) {
      int64_t at = mode == BHN_LOG_VAR_SHARED ? 0 : mode == BHN_LOG_VAR_PER_SAMPLE ? row / batch : row;
      out[0][row] = magnitude[0][row] = 0;
      for (int64_t o = 0; o < outputs; ++o) {
        double v = in[1][at * outputs + o], e = in[2][row % batch * outputs + o] - in[0][row * outputs + o];
        double square = e * e * std::exp(-v);
        out[0][row] -= 0.5 * (v + deviance(square));
        magnitude[0][row] += 1 + 0.5 * std::fabs(v) + square;
      }
    }
  };
  op.wanted = {0, 1};
  op.cancelled = 1;  // e^2 exp(-v) - 1
  return op;
}

OpCase gaussian(int64_t samples, int64_t batch, int64_t outputs, int64_t pad, int32_t mode) {
  OpCase op = location_scale("gaussian", samples, batch, outputs, pad, mode, [](double square) { return std::log(2 * M_PI) + square; });
  op.forward = [=](bhn_context* c, const Out& out, const In& in) {
    return bhn_gaussian_fwd(c, out[0], in[0], in[1], in[2], samples, batch, outputs, outputs + pad, outputs + 2 * pad, mode);
  };
  op.backward = [=](bhn_context* c, const Out& grads, const In& up, const In& in) {
    return bhn_gaussian_bwd(c, grads[0], grads[1], up[0], in[0], in[1], in[2], samples, batch, outputs, outputs + pad, outputs + 2 * pad,
                            mode);
  };
  return op;
}

// -2 log density of Student's t without v, of t^2. Where nu is large log gamma is that of a long double, which does not cancel as far.
double student_t_deviance(double nu, double square) {
  long double norm = std::log(nu * M_PI) - 2 * (std::lgamma((nu + 1.0L) / 2) - std::lgamma(nu / 2.0L));
  return double(norm) + (nu + 1) * std::log1p(square / nu);
}

OpCase student_t(int64_t samples, int64_t batch, int64_t outputs, int64_t pad, int32_t mode, float nu) {
  OpCase op =
      location_scale("student_t", samples, batch, outputs, pad, mode, [=](double square) { return student_t_deviance(nu, square); });
  op.name += " nu " + std::to_string(nu);
  op.forward = [=](bhn_context* c, const Out& out, const In& in) {
    return bhn_student_t_fwd(c, out[0], in[0], in[1], in[2], samples, batch, outputs, outputs + pad, outputs + 2 * pad, mode, nu);
  };
  op.backward = [=](bhn_context* c, const Out& grads, const In& up, const In& in) {
    return bhn_student_t_bwd(c, grads[0], grads[1], up[0], in[0], in[1], in[2], samples, batch, outputs, outputs + pad, outputs + 2 * pad,
                             mode, nu);
  };
  return op;
}

OpCase bernoulli(int64_t samples, int64_t batch, int64_t outputs, float spread) {
  OpCase op;
  op.name = named("bernoulli", samples, batch, outputs);
  op.in = {Matrix::random("logits", samples * batch, outputs, outputs, -spread, spread),
           Matrix::random("target", batch, outputs, outputs, 0, 1)};
  op.out = {Matrix::output("log_lik", samples * batch, 1, 1)};
  op.allowance = 8;
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    for (int64_t row = 0; row < samples * batch; ++row) {
      out[0][row] = magnitude[0][row] = 0;
      for (int64_t o = 0; o < outputs; ++o) {
        double x = in[0][row * outputs + o], y = in[1][row % batch * outputs + o];
        double softplus = std::fmax(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
        out[0][row] += y * x - softplus;
        magnitude[0][row] += std::fabs(y * x) + softplus;
      }
    }
  };
  op.forward = [=](bhn_context* c, const Out& out, const In& in) {
    return bhn_bernoulli_fwd(c, out[0], in[0], in[1], samples, batch, outputs);
  };
  op.backward = [=](bhn_context* c, const Out& grads, const In& up, const In& in) {
    return bhn_bernoulli_bwd(c, grads[0], up[0], in[0], in[1], samples, batch, outputs);
  };
  op.wanted = {0};
  op.cancelled = 1;  // y - sigmoid(x)
  return op;
}

// Targets are counts, 0 among them, and the reals between.
OpCase poisson(int64_t samples, int64_t batch, int64_t outputs, float low, float high, float most) {
  OpCase op;
  op.name = named("poisson", samples, batch, outputs);
  op.in = {Matrix::random("log_rate", samples * batch, outputs, outputs, low, high),
           Matrix::random("target", batch, outputs, outputs, 0, most)};
  for (size_t i = 0; i < op.in[1].values.size(); ++i) {
    double& y = op.in[1].values[i];
    y = i % 3 == 0 ? std::floor(y) : i % 3 == 1 ? std::floor(y * 4 / most) : y;
  }
  op.out = {Matrix::output("log_lik", samples * batch, 1, 1)};
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    for (int64_t row = 0; row < samples * batch; ++row) {
      out[0][row] = magnitude[0][row] = 0;
      for (int64_t o = 0; o < outputs; ++o) {
        double x = in[0][row * outputs + o], y = in[1][row % batch * outputs + o];
        out[0][row] += y * x - std::exp(x) - std::lgamma(y + 1);
        magnitude[0][row] += std::fabs(y * x) + std::exp(x) + std::fabs(std::lgamma(y + 1));
      }
    }
  };
  op.forward = [=](bhn_context* c, const Out& out, const In& in) {
    return bhn_poisson_fwd(c, out[0], in[0], in[1], samples, batch, outputs);
  };
  op.backward = [=](bhn_context* c, const Out& grads, const In& up, const In& in) {
    return bhn_poisson_bwd(c, grads[0], up[0], in[0], in[1], samples, batch, outputs);
  };
  op.wanted = {0};
  op.cancelled = most;  // y - exp(x)
  return op;
}

void extremes() {
  where = "likelihood extremes";
  bhn_context* c = context();
  float logits[3] = {1e38f, -1e38f, 0}, out = 0, up = 1, d[3] = {};
  int32_t first = 0, second = 1;
  OK(bhn_categorical_fwd(c, &out, logits, &first, 1, 1, 3));
  CHECK(out == 0);
  OK(bhn_categorical_fwd(c, &out, logits, &second, 1, 1, 3));
  CHECK(out == -2e38f);
  OK(bhn_categorical_bwd(c, d, &up, logits, &second, 1, 1, 3));
  CHECK(d[0] == -1 && d[1] == 1 && d[2] == 0);
  float minus[2] = {-INFINITY, 3};  // a class that is impossible
  OK(bhn_categorical_fwd(c, &out, minus, &second, 1, 1, 2));
  CHECK(out == 0);
  float far[2] = {1e4f, -1e4f}, targets[2] = {1, 0}, d2[2] = {};
  OK(bhn_bernoulli_fwd(c, &out, far, targets, 1, 1, 2));
  OK(bhn_bernoulli_bwd(c, d2, &up, far, targets, 1, 1, 2));
  CHECK(out == 0 && d2[0] == 0 && d2[1] == 0);
}

// Precisions that float does not hold, beside errors that make them count or not.
void far_variances() {
  where = "gaussian far variances";
  struct Case {
    float error, log_var;
  };
  for (Case k : {Case{0, -100}, {0, -200}, {0, -1000}, {1e-20f, -92}, {-3e-21f, -95}, {1e-16f, -80}, {0, 100}, {1e15f, 80}, {2, 0}}) {
    for (int32_t mode = 0; mode < 3; ++mode) {
      float mean = 0, target = k.error, out = 0, up = 1, d_mean = 0, d_log_var = 0;
      OK(bhn_gaussian_fwd(context(), &out, &mean, &k.log_var, &target, 1, 1, 1, 1, 1, mode));
      OK(bhn_gaussian_bwd(context(), &d_mean, &d_log_var, &up, &mean, &k.log_var, &target, 1, 1, 1, 1, 1, mode));
      double e = k.error, precision = std::exp(-double(k.log_var)), square = e == 0 ? 0 : e * e * precision;
      auto near = [](float got, double want, double magnitude) { return std::fabs(got - want) <= 1e-5 * magnitude + 1e-37; };
      CHECK(near(out, -0.5 * (std::log(2 * M_PI) + k.log_var + square), 1 + std::fabs(k.log_var) + square));
      CHECK(near(d_mean, e == 0 ? 0 : e * precision, std::fabs(e == 0 ? 0 : e * precision)));
      CHECK(near(d_log_var, 0.5 * (square - 1), 1 + square));
    }
  }
}

// Errors of any size at scales of any size, whose quotient float does not hold: values and gradients stay finite and right.
void far_errors() {
  where = "student_t far errors";
  for (float nu : {0.01f, 0.5f, 1.0f, 2.0f, 3.0f, 30.0f, 1e6f}) {
    for (float error : {0.0f, 1e-30f, -1e-10f, 1e-4f, 1.0f, -50.0f, 8192.0f, 3e4f, -1e15f, 1e30f, 3e38f}) {
      for (float log_var : {0.0f, -1.0f, 10.0f, -60.0f, 80.0f, -170.0f, -400.0f, 200.0f}) {
        for (int32_t mode = 0; mode < 3; ++mode) {
          float mean = 0, out = 0, up = 1, d_mean = 0, d_log_var = 0;
          OK(bhn_student_t_fwd(context(), &out, &mean, &log_var, &error, 1, 1, 1, 1, 1, mode, nu));
          OK(bhn_student_t_bwd(context(), &d_mean, &d_log_var, &up, &mean, &log_var, &error, 1, 1, 1, 1, 1, mode, nu));
          OK(bhn_context_sync(context()));
          double e = error, square = e * e * std::exp(-double(log_var)), weight = (nu + 1.0) / (nu + square);
          double deviance = log_var + student_t_deviance(nu, square), score = weight * e * std::exp(-double(log_var));
          auto near = [](double got, double want, double magnitude) { return std::fabs(got - want) <= 2e-6 * magnitude + 1e-37; };
          CHECK(near(out, -0.5 * deviance, 1 + std::fabs(log_var) + std::fabs(deviance)));
          CHECK(near(d_log_var, 0.5 * (weight * square - 1), 1 + weight * square));
          CHECK(std::fabs(score) > 3e38 ? std::fabs(d_mean) > 2.9e38
                                        : near(d_mean, score, std::fabs(score) * (1 + std::fabs(log_var) / 8)));
        }
      }
    }
  }
}

// Counts of any size, at rates near them and far off: the error is that of the result, not that of the terms, which cancel.
void far_counts() {
  where = "poisson far counts";
  for (float y : {0.0f, 1e-30f, 1e-3f, 0.5f, 0.99f, 1.0f, 2.0f, 4.49f, 4.5f, 7.0f, 12.0f, 1e3f, 1e6f, 16777216.0f, 1e12f, 1e30f}) {
    for (float away : {0.0f, 1e-6f, -1e-3f, 0.1f, -0.49f, 0.49f, -0.51f, 0.51f, 3.0f, -3.0f, 15.0f, -100.0f}) {
      float x = (y == 0 ? 0 : std::log(y)) + away, out = 0, up = -2, d = 0.5f;
      OK(bhn_poisson_fwd(context(), &out, &x, &y, 1, 1, 1));
      OK(bhn_poisson_bwd(context(), &d, &up, &x, &y, 1, 1, 1));
      // In double as in float: y (x - log y) is exact to the last digits of log y, the peak by Stirling's series.
      double distance = y == 0 ? 0 : x - std::log(double(y)), rate = std::exp(double(x)), n = y;
      double peak = y == 0 ? 0 : y < 1e3 ? n * std::log(n) - n - std::lgamma(n + 1) : -0.5 * std::log(2 * M_PI * n) - 1 / (12 * n);
      double below = y == 0                       ? -rate
                     : std::fabs(distance) < 1e-2 ? -n * distance * distance * (0.5 + distance / 6 + distance * distance / 24)
                                                  : n * distance + n - rate;
      double of_log = 0x1p-23 * std::fabs(std::log(n + 1e-30)) * std::fabs(n - rate);  // what the last digit of log y is worth
      CHECK(std::fabs(out - (below + peak)) <= 8 * 0x1p-24 * (1 + std::fabs(peak) + std::fabs(below)) + of_log);
      CHECK(std::fabs(d - 0.5 + 2 * (n - rate)) <= 8 * 0x1p-24 * (1 + n + rate));
    }
  }
  float x[4] = {89, -INFINITY, -INFINITY, 100}, y[4] = {3, 0, 2, 0}, out[4], up[4] = {1, 1, 1, 0}, d[4] = {};
  OK(bhn_poisson_fwd(context(), out, x, y, 1, 4, 1));
  OK(bhn_poisson_bwd(context(), d, up, x, y, 1, 4, 1));
  OK(bhn_context_sync(context()));
  CHECK(out[0] == -INFINITY && out[1] == 0 && out[2] == -INFINITY && out[3] == -INFINITY);
  CHECK(d[0] == -INFINITY && d[1] == 0 && d[2] == 2 && d[3] != d[3]);
}

template <class Call>
void refused_rows(const Call& call, const char* width) {
  int64_t huge = int64_t(1) << 40;
  INVALID(call(-1, 2, 3), "samples = -1");
  INVALID(call(1, -2, 3), "batch = -2");
  INVALID(call(1, 2, -3), width);
  INVALID(call(1, 2, INT64_MAX), width);
  INVALID(call(INT64_MIN, 2, 3), "samples = -9223372036854775808");
  INVALID(call(huge, huge, 3), "samples x batch");
  INVALID(call(1 << 22, 1 << 22, 1 << 22), "width");
  OK(call(0, 2, 3));
  OK(call(1, 0, 3));
}

void refusals() {
  where = "likelihood refusals";
  bhn_context* c = context();
  float x[64] = {}, y[64] = {}, z[64] = {};
  int32_t labels[4] = {0, 2, 1, 0}, high[2] = {0, 3}, low[2] = {-1, 0};
  using I = int64_t;
  refused_rows([&](I s, I b, I n) { return bhn_categorical_fwd(c, x, y, labels, s, b, n); }, "classes");
  refused_rows([&](I s, I b, I n) { return bhn_categorical_bwd(c, x, y, z, labels, s, b, n); }, "classes");
  refused_rows([&](I s, I b, I n) { return bhn_bernoulli_fwd(c, x, y, z, s, b, n); }, "outputs");
  refused_rows([&](I s, I b, I n) { return bhn_bernoulli_bwd(c, x, y, z, z, s, b, n); }, "outputs");
  refused_rows([&](I s, I b, I n) { return bhn_poisson_fwd(c, x, y, z, s, b, n); }, "outputs");
  refused_rows([&](I s, I b, I n) { return bhn_poisson_bwd(c, x, y, z, z, s, b, n); }, "outputs");
  refused_rows([&](I s, I b, I n) { return bhn_gaussian_fwd(c, x, y, y, z, s, b, n, 1 << 23, 1 << 23, 2); }, "outputs");
  refused_rows([&](I s, I b, I n) { return bhn_gaussian_bwd(c, x, x, y, y, y, z, s, b, n, 1 << 23, 1 << 23, 2); }, "outputs");
  refused_rows([&](I s, I b, I n) { return bhn_student_t_fwd(c, x, y, y, z, s, b, n, 1 << 23, 1 << 23, 2, 3); }, "outputs");
  refused_rows([&](I s, I b, I n) { return bhn_student_t_bwd(c, x, x, y, y, y, z, s, b, n, 1 << 23, 1 << 23, 2, 3); }, "outputs");
  INVALID(bhn_categorical_fwd(nullptr, x, y, labels, 1, 2, 3), "categorical_fwd: context is NULL");
  INVALID(bhn_categorical_fwd(c, nullptr, y, labels, 1, 2, 3), "categorical_fwd: log_lik is NULL");
  INVALID(bhn_categorical_fwd(c, x, nullptr, labels, 1, 2, 3), "logits is NULL");
  INVALID(bhn_categorical_fwd(c, x, y, nullptr, 1, 2, 3), "labels is NULL");
  INVALID(bhn_categorical_fwd(c, x, y, labels, 1, 2, 0), "classes = 0");
  BAD_INDEX(c, bhn_categorical_fwd(c, x, y, high, 1, 2, 3), "labels[1] = 3");
  BAD_INDEX(c, bhn_categorical_fwd(c, x, y, low, 1, 2, 3), "labels[0] = -1");
  INVALID(bhn_categorical_bwd(nullptr, x, y, z, labels, 1, 2, 3), "categorical_bwd: context is NULL");
  INVALID(bhn_categorical_bwd(c, x, nullptr, z, labels, 1, 2, 3), "categorical_bwd: d_log_lik is NULL");
  INVALID(bhn_categorical_bwd(c, x, y, nullptr, labels, 1, 2, 3), "logits is NULL");
  INVALID(bhn_categorical_bwd(c, x, y, z, nullptr, 1, 2, 3), "labels is NULL");
  BAD_INDEX(c, bhn_categorical_bwd(c, x, y, z, high, 1, 2, 3), "labels[1] = 3");
  INVALID(bhn_gaussian_fwd(nullptr, x, y, y, z, 1, 2, 3, 3, 3, 2), "gaussian_fwd: context is NULL");
  INVALID(bhn_gaussian_fwd(c, nullptr, y, y, z, 1, 2, 3, 3, 3, 2), "gaussian_fwd: log_lik is NULL");
  INVALID(bhn_gaussian_fwd(c, x, nullptr, y, z, 1, 2, 3, 3, 3, 2), "mean is NULL");
  INVALID(bhn_gaussian_fwd(c, x, y, nullptr, z, 1, 2, 3, 3, 3, 2), "log_var is NULL");
  INVALID(bhn_gaussian_fwd(c, x, y, y, nullptr, 1, 2, 3, 3, 3, 2), "target is NULL");
  INVALID(bhn_gaussian_fwd(c, x, y, y, z, 1, 2, 3, 2, 3, 2), "ld_mean = 2");
  INVALID(bhn_gaussian_fwd(c, x, y, y, z, 1, 2, 3, 3, 2, 2), "ld_log_var = 2");
  INVALID(bhn_gaussian_fwd(c, x, y, y, z, 1, 2, 3, 3, 3, 3), "log_var_mode = 3");
  INVALID(bhn_gaussian_fwd(c, x, y, y, z, 1, 2, 3, 3, 3, -1), "log_var_mode = -1");
  INVALID(bhn_gaussian_bwd(c, x, x, nullptr, y, y, z, 1, 2, 3, 3, 3, 2), "gaussian_bwd: d_log_lik is NULL");
  INVALID(bhn_gaussian_bwd(c, x, x, y, nullptr, y, z, 1, 2, 3, 3, 3, 2), "mean is NULL");
  INVALID(bhn_gaussian_bwd(c, x, x, y, y, y, z, 1, 2, 3, 2, 3, 2), "ld_mean = 2");
  INVALID(bhn_student_t_fwd(c, nullptr, y, y, z, 1, 2, 3, 3, 3, 2, 3), "student_t_fwd: log_lik is NULL");
  INVALID(bhn_student_t_fwd(c, x, y, y, z, 1, 2, 3, 3, 3, 3, 3), "log_var_mode = 3");
  for (float nu : {0.0f, -1.0f, 0.009f, 1.1e6f, INFINITY, NAN}) {
    INVALID(bhn_student_t_fwd(c, x, y, y, z, 1, 2, 3, 3, 3, 2, nu), "student_t_fwd: degrees_of_freedom = ");
    INVALID(bhn_student_t_bwd(c, x, x, y, y, y, z, 1, 2, 3, 3, 3, 2, nu), "student_t_bwd: degrees_of_freedom = ");
  }
  INVALID(bhn_student_t_bwd(c, x, x, nullptr, y, y, z, 1, 2, 3, 3, 3, 2, 3), "student_t_bwd: d_log_lik is NULL");
  INVALID(bhn_bernoulli_fwd(c, nullptr, y, z, 1, 2, 3), "bernoulli_fwd: log_lik is NULL");
  INVALID(bhn_bernoulli_fwd(c, x, nullptr, z, 1, 2, 3), "logits is NULL");
  INVALID(bhn_bernoulli_fwd(c, x, y, nullptr, 1, 2, 3), "target is NULL");
  INVALID(bhn_bernoulli_bwd(c, x, nullptr, y, z, 1, 2, 3), "bernoulli_bwd: d_log_lik is NULL");
  INVALID(bhn_bernoulli_bwd(c, x, y, nullptr, z, 1, 2, 3), "logits is NULL");
  INVALID(bhn_bernoulli_bwd(c, x, y, z, nullptr, 1, 2, 3), "target is NULL");
  INVALID(bhn_poisson_fwd(c, nullptr, y, z, 1, 2, 3), "poisson_fwd: log_lik is NULL");
  INVALID(bhn_poisson_fwd(c, x, nullptr, z, 1, 2, 3), "log_rate is NULL");
  INVALID(bhn_poisson_fwd(c, x, y, nullptr, 1, 2, 3), "target is NULL");
  INVALID(bhn_poisson_bwd(c, x, nullptr, y, z, 1, 2, 3), "poisson_bwd: d_log_lik is NULL");
  INVALID(bhn_poisson_bwd(c, x, y, nullptr, z, 1, 2, 3), "log_rate is NULL");
  INVALID(bhn_poisson_bwd(c, x, y, z, nullptr, 1, 2, 3), "target is NULL");
}

void all() {
  for (int64_t n : {1, 2, 7, 8, 9, 31, 33, 64, 65, 101}) {
    run(categorical(2, 3, n, 4));
    run(categorical(n, 2, 3, 30));
    run(categorical(2, n, 10, 6));
    run(bernoulli(2, 3, n, 5));
    run(bernoulli(2, n, 3, 60));
    run(poisson(2, 3, n, -3, 3, 12));
    run(poisson(n, 2, 3, -8, 8, 3000));
    run(poisson(2, n, 3, -60, 6, 5));
    for (int32_t mode = 0; mode < 3; ++mode) {
      run(gaussian(2, 3, n, n % 3, mode));
      run(gaussian(3, n, 2, 1, mode));
      run(student_t(2, 3, n, n % 3, mode, 4));
      run(student_t(3, n, 2, 1, mode, 0.5f));
    }
  }
  for (int32_t mode = 0; mode < 3; ++mode) {
    run(gaussian(2, 3, 0, 1, mode));
    run(gaussian(0, 3, 2, 1, mode));
    run(gaussian(5, 61, 37, 3, mode));
    run(student_t(2, 3, 0, 1, mode, 1));
    run(student_t(0, 3, 2, 1, mode, 1));
    run(student_t(5, 61, 37, 3, mode, 1));
    run(student_t(3, 5, 4, 3, mode, 1e6f));
  }
  run(bernoulli(2, 3, 0, 1));
  run(bernoulli(5, 61, 37, 8));
  run(poisson(2, 3, 0, -1, 1, 1));
  run(poisson(0, 3, 2, -1, 1, 1));
  run(poisson(37, 61, 5, -2, 3, 20));
  run(poisson(17, 2, 1025, -2, 3, 20));
  run(categorical(5, 61, 37, 8));
  run(categorical(1, 3, 1025, 8));
  extremes();
  far_variances();
  far_errors();
  far_counts();
  refusals();
  report_worst("likelihood");
}

}  // namespace

TEST_MAIN(all)
