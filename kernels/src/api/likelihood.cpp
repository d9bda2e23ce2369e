#include <cmath>

#include "core/status.h"

using namespace bhn;

namespace {

Args rows(const char* op, bhn_context* context, int64_t samples, int64_t batch, const char* width_name, int64_t width) {
  Args args(op, context);
  args.size("samples", samples).size("batch", batch).size(width_name, width);
  args.extent("samples x batch x width", {samples, batch, width});
  return args;
}

// Labels in device memory are looked at by the kernel.
int32_t labels_ok(const char* op, const Args& args, const int32_t* labels, int64_t batch, int64_t classes) {
  if (!args.on_host()) {
    return BHN_OK;
  }
  for (int64_t b = 0; b < batch; ++b) {
    if (labels[b] < 0 || labels[b] >= classes) {
      return fail(BHN_INVALID_ARGUMENT, "%s: labels[%lld] = %d is not in [0, classes = %lld)", op, (long long)b, labels[b],
                  (long long)classes);
    }
  }
  return BHN_OK;
}

LocationScaleShape shape(int64_t samples, int64_t batch, int64_t outputs, int64_t ld_mean, int64_t ld_log_var, int32_t mode) {
  return {samples, batch, outputs, ld_mean, ld_log_var, mode};
}

Args check(const char* op, bhn_context* context, const float* mean, const float* log_var, const float* target,
           const LocationScaleShape& s) {
  Args args = rows(op, context, s.samples, s.batch, "outputs", s.outputs);
  args.range("log_var_mode", s.mode, BHN_LOG_VAR_SHARED, BHN_LOG_VAR_PER_ROW).stride("ld_mean", s.ld_mean, "outputs", s.outputs);
  args.stride("ld_log_var", s.ld_log_var, "outputs", s.outputs);
  args.extent("mean", {s.samples, s.batch, s.ld_mean}).extent("log_var", {s.samples, s.batch, s.ld_log_var});
  int64_t n = count(s.samples, s.batch, s.outputs);
  args.pointer("mean", mean, n).pointer("log_var", log_var, n).pointer("target", target, n);
  return args;
}

Args check(const char* op, bhn_context* context, const float* mean, const float* log_var, const float* target, const LocationScaleShape& s,
           float degrees_of_freedom) {
  return check(op, context, mean, log_var, target, s).real("degrees_of_freedom", degrees_of_freedom, 0.01f, 1e6f);
}

// norm is log(nu pi) - 2 log(gamma(x + 1/2) / gamma(x)), x = nu / 2. Logarithms of gamma functions would cancel where nu is large: the
// quotient's own asymptotic series, for an x that gamma(x + 1) = x gamma(x) has raised.
StudentT student_t(float degrees_of_freedom) {
  double nu = degrees_of_freedom, x = nu / 2, factors = 1;
  for (; x < 16; ++x) {
    factors *= x / (x + 0.5);
  }
  double z = 1 / (x * x);
  double quotient = std::log(factors) + 0.5 * std::log(x) - (1.0 / 8 - z * (1.0 / 192 - z * (1.0 / 640 - z * (17.0 / 14336)))) / x;
  return {float(nu + 1), float(1 / std::sqrt(nu)), float(std::log(nu)), float(std::log(nu * M_PI) - 2 * quotient)};
}

}  // namespace

extern "C" {

int32_t bhn_categorical_fwd(bhn_context* context, float* log_lik, const float* logits, const int32_t* labels, int64_t samples,
                            int64_t batch, int64_t classes) {
  Args args = rows("categorical_fwd", context, samples, batch, "classes", classes);
  if (args.bad() || count(samples, batch) == 0) {
    return args.status();
  }
  args.range("classes", classes, 1, INT32_MAX).pointer("log_lik", log_lik).pointer("logits", logits).pointer("labels", labels);
  if (args.bad() || labels_ok("categorical_fwd", args, labels, batch, classes) != BHN_OK) {
    return BHN_INVALID_ARGUMENT;
  }
  return BHN_RUN(args, categorical_fwd, log_lik, logits, labels, samples, batch, classes);
}

int32_t bhn_categorical_bwd(bhn_context* context, float* d_logits, const float* d_log_lik, const float* logits, const int32_t* labels,
                            int64_t samples, int64_t batch, int64_t classes) {
  Args args = rows("categorical_bwd", context, samples, batch, "classes", classes);
  if (args.bad() || count(samples, batch) == 0) {
    return args.status();
  }
  args.range("classes", classes, 1, INT32_MAX).pointer("d_log_lik", d_log_lik).pointer("logits", logits).pointer("labels", labels);
  args.optional("d_logits", d_logits);
  if (args.bad() || labels_ok("categorical_bwd", args, labels, batch, classes) != BHN_OK) {
    return BHN_INVALID_ARGUMENT;
  }
  if (d_logits != nullptr) {
    BHN_RUN(args, categorical_bwd, d_logits, d_log_lik, logits, labels, samples, batch, classes);
  }
  return args.status();
}

int32_t bhn_gaussian_fwd(bhn_context* context, float* log_lik, const float* mean, const float* log_var, const float* target,
                         int64_t samples, int64_t batch, int64_t outputs, int64_t ld_mean, int64_t ld_log_var, int32_t log_var_mode) {
  LocationScaleShape s = shape(samples, batch, outputs, ld_mean, ld_log_var, log_var_mode);
  Args args = check("gaussian_fwd", context, mean, log_var, target, s);
  args.pointer("log_lik", log_lik, count(samples, batch));
  if (!args.bad() && samples * batch > 0) {
    BHN_RUN(args, gaussian_fwd, log_lik, mean, log_var, target, s);
  }
  return args.status();
}

int32_t bhn_gaussian_bwd(bhn_context* context, float* d_mean, float* d_log_var, const float* d_log_lik, const float* mean,
                         const float* log_var, const float* target, int64_t samples, int64_t batch, int64_t outputs, int64_t ld_mean,
                         int64_t ld_log_var, int32_t log_var_mode) {
  LocationScaleShape s = shape(samples, batch, outputs, ld_mean, ld_log_var, log_var_mode);
  Args args = check("gaussian_bwd", context, mean, log_var, target, s);
  args.pointer("d_log_lik", d_log_lik, count(samples, batch)).optional("d_mean", d_mean).optional("d_log_var", d_log_var);
  if (!args.bad() && samples * batch > 0) {
    BHN_RUN(args, gaussian_bwd, d_mean, d_log_var, d_log_lik, mean, log_var, target, s);
  }
  return args.status();
}

int32_t bhn_student_t_fwd(bhn_context* context, float* log_lik, const float* mean, const float* log_var, const float* target,
                          int64_t samples, int64_t batch, int64_t outputs, int64_t ld_mean, int64_t ld_log_var, int32_t log_var_mode,
                          float degrees_of_freedom) {
  LocationScaleShape s = shape(samples, batch, outputs, ld_mean, ld_log_var, log_var_mode);
  Args args = check("student_t_fwd", context, mean, log_var, target, s, degrees_of_freedom);
  args.pointer("log_lik", log_lik, count(samples, batch));
  if (!args.bad() && samples * batch > 0) {
    BHN_RUN(args, student_t_fwd, log_lik, mean, log_var, target, s, student_t(degrees_of_freedom));
  }
  return args.status();
}

int32_t bhn_student_t_bwd(bhn_context* context, float* d_mean, float* d_log_var, const float* d_log_lik, const float* mean,
                          const float* log_var, const float* target, int64_t samples, int64_t batch, int64_t outputs, int64_t ld_mean,
                          int64_t ld_log_var, int32_t log_var_mode, float degrees_of_freedom) {
  LocationScaleShape s = shape(samples, batch, outputs, ld_mean, ld_log_var, log_var_mode);
  Args args = check("student_t_bwd", context, mean, log_var, target, s, degrees_of_freedom);
  args.pointer("d_log_lik", d_log_lik, count(samples, batch)).optional("d_mean", d_mean).optional("d_log_var", d_log_var);
  if (!args.bad() && samples * batch > 0) {
    BHN_RUN(args, student_t_bwd, d_mean, d_log_var, d_log_lik, mean, log_var, target, s, student_t(degrees_of_freedom));
  }
  return args.status();
}

int32_t bhn_bernoulli_fwd(bhn_context* context, float* log_lik, const float* logits, const float* target, int64_t samples, int64_t batch,
                          int64_t outputs) {
  Args args = rows("bernoulli_fwd", context, samples, batch, "outputs", outputs);
  if (args.bad() || count(samples, batch) == 0) {
    return args.status();
  }
  args.pointer("log_lik", log_lik).pointer("logits", logits, outputs).pointer("target", target, outputs);
  if (!args.bad()) {
    BHN_RUN(args, bernoulli_fwd, log_lik, logits, target, samples, batch, outputs);
  }
  return args.status();
}

int32_t bhn_bernoulli_bwd(bhn_context* context, float* d_logits, const float* d_log_lik, const float* logits, const float* target,
                          int64_t samples, int64_t batch, int64_t outputs) {
  Args args = rows("bernoulli_bwd", context, samples, batch, "outputs", outputs);
  if (args.bad() || count(samples, batch, outputs) == 0) {
    return args.status();
  }
  args.pointer("d_log_lik", d_log_lik).pointer("logits", logits).pointer("target", target).optional("d_logits", d_logits);
  if (!args.bad() && d_logits != nullptr) {
    BHN_RUN(args, bernoulli_bwd, d_logits, d_log_lik, logits, target, samples, batch, outputs);
  }
  return args.status();
}

int32_t bhn_poisson_fwd(bhn_context* context, float* log_lik, const float* log_rate, const float* target, int64_t samples, int64_t batch,
                        int64_t outputs) {
  Args args = rows("poisson_fwd", context, samples, batch, "outputs", outputs);
  if (args.bad() || count(samples, batch) == 0) {
    return args.status();
  }
  args.pointer("log_lik", log_lik).pointer("log_rate", log_rate, outputs).pointer("target", target, outputs);
  if (!args.bad()) {
    BHN_RUN(args, poisson_fwd, log_lik, log_rate, target, samples, batch, outputs);
  }
  return args.status();
}

int32_t bhn_poisson_bwd(bhn_context* context, float* d_log_rate, const float* d_log_lik, const float* log_rate, const float* target,
                        int64_t samples, int64_t batch, int64_t outputs) {
  Args args = rows("poisson_bwd", context, samples, batch, "outputs", outputs);
  if (args.bad() || count(samples, batch, outputs) == 0) {
    return args.status();
  }
  args.pointer("d_log_lik", d_log_lik).pointer("log_rate", log_rate).pointer("target", target).optional("d_log_rate", d_log_rate);
  if (!args.bad() && d_log_rate != nullptr) {
    BHN_RUN(args, poisson_bwd, d_log_rate, d_log_lik, log_rate, target, samples, batch, outputs);
  }
  return args.status();
}

}  // extern "C"
