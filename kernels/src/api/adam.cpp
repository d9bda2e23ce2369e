#include <cfloat>
#include <cmath>

#include "core/made.h"

using namespace bhn;

namespace {

int32_t check(bhn_context* context, float* const* theta, float* const* m, float* const* v, const int64_t* step, const float* report,
              const float* const* grad, const int64_t* sizes, const float* hyper, const bhn_made_gradient* made, int64_t tensors,
              int64_t mades) {
  Args args("adam_step", context);
  args.size("tensors", tensors).pointer("theta", theta, tensors).pointer("m", m, tensors).pointer("v", v, tensors);
  args.pointer("step", step).pointer("report", report).pointer("grad", grad, tensors).pointer("sizes", sizes, tensors);
  args.pointer("hyper", hyper);
  int64_t all = 0;
  for (int64_t i = 0; !args.bad() && i < tensors; ++i) {
    all += args.size("sizes[i]", sizes[i]).bad() ? 0 : sizes[i];
    args.extent("all sizes", {all}).optional("grad[i]", grad[i]);
    args.pointer("theta[i]", theta[i], sizes[i]).pointer("m[i]", m[i], sizes[i]);
    args.pointer("v[i]", v[i], sizes[i]);
  }
  args.range("mades", mades, 0, tensors).pointer("made", made, mades);
  int64_t named = 0;
  for (int64_t i = 0; !args.bad() && i < mades; ++i) {
    const MadeShape s = shape_of(made[i]);
    args.range("made[i].tensor", made[i].tensor, i == 0 ? 0 : made[i - 1].tensor + 1, tensors - 1);
    check_made(args, s, 1);
    args.pointer("made[i].factors", made[i].factors).pointer("made[i].z", made[i].z, s.samples);
    args.pointer("made[i].h", made[i].h, s.samples);
    if (!args.bad()) {
      int64_t size = s.weights + 2 * (s.hidden + 2 * s.outputs);
      args.range("sizes[made[i].tensor]", sizes[made[i].tensor], size, size);
      named += grad[made[i].tensor] == nullptr ? 1 : 0;
    }
  }
  if (!args.bad() && named != mades) {
    args.refuse("grad[made[i].tensor] must be NULL: that gradient is formed from its factors");
  }
  for (int64_t i = 0; !args.bad() && i < tensors; ++i) {
    named -= grad[i] == nullptr && sizes[i] > 0 ? 1 : 0;
  }
  if (!args.bad() && named < 0) {
    args.refuse("grad[i] is NULL for a tensor that no entry of made names");
  }
  return args.status();
}

// Where the host can look at them.
int32_t check_numbers(const int64_t* step, const float* hyper) {
  static const char* const kNames[] = {"lr", "b1", "b2", "eps", "max_norm", "clip"};
  for (int i = 0; i < 6; ++i) {
    bool decay = i == 1 || i == 2;
    if (!(decay ? hyper[i] >= 0.0f && hyper[i] < 1.0f : std::isfinite(hyper[i]))) {
      return fail(BHN_INVALID_ARGUMENT, "adam_step: hyper[%d] (%s) = %g must be %s", i, kNames[i], double(hyper[i]),
                  decay ? "in [0, 1)" : "finite");
    }
  }
  if (*step < 0 || *step == INT64_MAX) {
    return fail(BHN_INVALID_ARGUMENT, "adam_step: *step = %lld must be in [0, 2^63 - 2]", (long long)*step);
  }
  return BHN_OK;
}

// Whether float holds the norm and what the gradients are multiplied by. An update takes a multiplier below the smallest normal number
// as zero.
bool fits(double norm, double max_norm) { return std::isfinite(float(norm)) && !(max_norm > 0 && norm > max_norm / double(FLT_MIN)); }

}  // namespace

extern "C" {

int32_t bhn_adam_step(bhn_context* context, float* const* theta, float* const* m, float* const* v, int64_t* step, float* report,
                      const float* const* grad, const int64_t* sizes, const float* hyper, const bhn_made_gradient* made, int64_t tensors,
                      int64_t mades) {
  int32_t status = check(context, theta, m, v, step, report, grad, sizes, hyper, made, tensors, mades);
  if (status != BHN_OK) {
    return status;
  }
  if (context->device != BHN_CPU) {
    Args args("adam_step", context);
    return args.launched(cuda_kernels()->adam_step(context->queue, theta, m, v, step, report, grad, sizes, hyper, made, tensors, mades))
        .status();
  }
  if (report[1] < 0.0f) {
    return BHN_OK;
  }
  status = check_numbers(step, hyper);
  if (status != BHN_OK) {
    return status;
  }
  const Kernels& cpu = cpu_kernels();
  double squares = cpu.adam_squares(context->threads, grad, sizes, tensors, made, mades, context->partials);
  double norm = std::sqrt(squares);
  double max_norm = hyper[4];
  bool good = fits(norm, max_norm);
  report[0] = float(norm);
  report[1] = good ? 1.0f : -1.0f;
  if (!good) {
    return BHN_OK;
  }
  double beta1 = hyper[1];
  double beta2 = hyper[2];
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
  cpu.adam_update(context->threads, theta, m, v, grad, sizes, tensors, made, mades, numbers);
  *step += 1;
  return BHN_OK;
}

}  // extern "C"
