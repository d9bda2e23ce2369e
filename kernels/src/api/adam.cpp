#include <cmath>

#include "core/status.h"
#include "cpu/kernels.h"

using namespace bhn;

namespace {

int32_t check(const bhn_context* context, float* const* theta, float* const* m, float* const* v, const int64_t* step, const float* report,
              const float* const* grad, const int64_t* sizes, const float* hyper, int64_t tensors) {
  Args args("adam_step", context);
  args.size("tensors", tensors).pointer("theta", theta, tensors).pointer("m", m, tensors).pointer("v", v, tensors);
  args.pointer("step", step).pointer("report", report).pointer("grad", grad, tensors).pointer("sizes", sizes, tensors);
  args.pointer("hyper", hyper);
  for (int64_t i = 0; !args.bad() && i < tensors; ++i) {
    args.size("sizes[i]", sizes[i]).pointer("theta[i]", theta[i], sizes[i]).pointer("m[i]", m[i], sizes[i]);
    args.pointer("v[i]", v[i], sizes[i]).pointer("grad[i]", grad[i], sizes[i]);
  }
  return args.status();
}

}  // namespace

extern "C" {

int32_t bhn_adam_step(bhn_context* context, float* const* theta, float* const* m, float* const* v, int64_t* step, float* report,
                      const float* const* grad, const int64_t* sizes, const float* hyper, int64_t tensors) {
  int32_t status = check(context, theta, m, v, step, report, grad, sizes, hyper, tensors);
  if (status != BHN_OK) {
    return status;
  }
  const Kernels& cpu = cpu_kernels();
  double norm = std::sqrt(cpu.adam_squares(context->threads, grad, sizes, tensors, context->partials));
  bool finite = std::isfinite(norm);
  report[0] = float(norm);
  report[1] = finite ? 1.0f : 0.0f;
  if (!finite) {
    return BHN_OK;
  }
  double beta1 = hyper[1];
  double beta2 = hyper[2];
  double max_norm = hyper[4];
  double t = double(*step + 1);
  AdamNumbers numbers;
  numbers.step_size = float(hyper[0] * std::sqrt(1.0 - std::pow(beta2, t)) / (1.0 - std::pow(beta1, t)));
  numbers.beta1 = hyper[1];
  numbers.one_minus_beta1 = float(1.0 - beta1);
  numbers.beta2 = hyper[2];
  numbers.one_minus_beta2 = float(1.0 - beta2);
  numbers.epsilon = hyper[3];
  numbers.scale = max_norm > 0 ? float((norm < max_norm ? norm : max_norm) / (1e-7 + norm)) : 1.0f;
  numbers.clip = hyper[5] > 0 ? hyper[5] : INFINITY;
  cpu.adam_update(context->threads, theta, m, v, grad, sizes, tensors, numbers);
  *step += 1;
  return BHN_OK;
}

}  // extern "C"
