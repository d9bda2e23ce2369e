#include "core/status.h"

using namespace bhn;

namespace {

Args check(const char* op, bhn_context* context, int64_t samples, int64_t batch, int64_t seen) {
  Args args(op, context);
  args.size("samples", samples).size("batch", batch).size("seen", seen).extent("samples x batch", {samples, batch});
  return args;
}

}  // namespace

extern "C" {

int32_t bhn_predictive_categorical(bhn_context* context, float* mean, float* m2, float* entropy, int32_t* votes, const float* logits,
                                   int64_t samples, int64_t batch, int64_t classes, int64_t seen) {
  Args args = check("predictive_categorical", context, samples, batch, seen);
  args.range("classes", classes, 1, INT32_MAX).extent("logits", {samples, batch, classes});
  if (args.bad() || count(samples, batch) == 0) {
    return args.status();
  }
  args.pointer("mean", mean).pointer("m2", m2).pointer("entropy", entropy).pointer("votes", votes).pointer("logits", logits);
  if (!args.bad()) {
    BHN_RUN(args, predictive_categorical, mean, m2, entropy, votes, logits, samples, batch, classes, seen);
  }
  return args.status();
}

int32_t bhn_predictive_moments(bhn_context* context, float* mean, float* m2, const float* values, int64_t samples, int64_t batch,
                               int64_t outputs, int64_t ld_values, int64_t seen) {
  Args args = check("predictive_moments", context, samples, batch, seen);
  args.size("outputs", outputs).stride("ld_values", ld_values, "outputs", outputs).extent("values", {samples, batch, ld_values});
  if (args.bad() || count(samples, batch, outputs) == 0) {
    return args.status();
  }
  args.pointer("mean", mean).pointer("m2", m2).pointer("values", values);
  if (!args.bad()) {
    BHN_RUN(args, predictive_moments, mean, m2, values, samples, batch, outputs, ld_values, seen);
  }
  return args.status();
}

int32_t bhn_predictive_log_lik(bhn_context* context, float* log_mean, const float* log_lik, int64_t samples, int64_t batch, int64_t seen) {
  Args args = check("predictive_log_lik", context, samples, batch, seen);
  args.extent("log_mean", {batch, 2});
  if (args.bad() || count(samples, batch) == 0) {
    return args.status();
  }
  args.pointer("log_mean", log_mean).pointer("log_lik", log_lik);
  if (!args.bad()) {
    BHN_RUN(args, predictive_log_lik, log_mean, log_lik, samples, batch, seen);
  }
  return args.status();
}

}  // extern "C"
