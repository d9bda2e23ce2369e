// A flow is made of the other ops, in the order of its steps, by whichever device; where a device can do all steps in one launch, it does.
#include <algorithm>

#include "core/made.h"

using namespace bhn;

namespace {

MadeShape shape_of(const bhn_flow_step& step, int64_t samples, int64_t d) {
  return {step.row_start, samples, step.inputs, step.hidden, step.outputs, step.weights, d, step.weight_norm != 0};
}

void check(Args& args, const bhn_flow_step* steps, int64_t samples, int64_t d, int64_t n_steps, float delta) {
  args.size("samples", samples).range("d", d, 1, 1 << 28).range("n_steps", n_steps, 1, 1 << 20).pointer("steps", steps);
  args.extent("z", {samples, d}).delta(delta);
  for (int64_t l = 0; !args.bad() && l < n_steps; ++l) {
    const bhn_flow_step& step = steps[l];
    args.range("steps[l].inputs", step.inputs, 1, d).range("steps[l].outputs", step.outputs, 1, d);
    if (args.bad()) {
      return;
    }
    args.range("steps[l].seen", step.seen, 0, d - step.inputs).range("steps[l].moved", step.moved, 0, d - step.outputs);
    args.range("steps[l].weight_norm", step.weight_norm, 0, 1);
    check_made(args, shape_of(step, samples, d), int32_t(step.weight_norm));
    args.pointer("steps[l].params", step.params).pointer("steps[l].x", step.x, samples).pointer("steps[l].heads", step.heads, samples);
    args.optional("steps[l].permutation", step.permutation);
    args.pointer("steps[l].h", step.h, samples).pointer("steps[l].t", step.t, samples).pointer("steps[l].r", step.r);
    if (!args.bad() && args.on_host() && step.permutation != nullptr && !cpu_kernels().all_within(step.permutation, d, d)) {
      args.refuse("steps[l].permutation must hold numbers in [0, d)");
    }
  }
}

// A step's columns that are only copied lie before and after those that move.
template <class Range>
void fixed_columns(const bhn_flow_step& step, int64_t d, const Range& range) {
  if (step.moved > 0) {
    range(0, step.moved);
  }
  if (step.moved + step.outputs < d) {
    range(step.moved + step.outputs, d - step.moved - step.outputs);
  }
}

void forward(Args& args, const bhn_flow_step& step, float* y, float* log_det, const float* from, const float* log_det_in, int64_t samples,
             int64_t d, float delta) {
  if (samples > 0 && step.permutation != nullptr) {
    BHN_RUN(args, permute_fwd, step.x, from, step.permutation, samples, d, d, d);
  } else if (samples > 0) {
    BHN_RUN(args, copy, step.x, from, samples, d, d, d);
  }
  BHN_RUN(args, made_fwd, step.heads, step.h, step.t, step.r, step.x + step.seen, step.params, shape_of(step, samples, d));
  if (samples == 0) {
    return;
  }
  fixed_columns(step, d, [&](int64_t first, int64_t count) { BHN_RUN(args, copy, y + first, step.x + first, samples, count, d, d); });
  BHN_RUN(args, coupling_fwd, y + step.moved, log_det, step.x + step.moved, step.heads, log_det_in, samples, step.outputs, d, d, delta);
}

// From the gradient d_y of what a step gave (NULL: 0) to that of its x, which starts as zeros or as what it is added to (NULL: not wanted).
void backward(Args& args, const bhn_flow_step& step, float* d_x, float* d_heads, float* work, const float* d_y, const float* d_log_det,
              int64_t samples, int64_t d, float delta) {
  float* d_moved = d_x == nullptr ? nullptr : d_x + step.moved;
  float* d_seen = d_x == nullptr ? nullptr : d_x + step.seen;
  if (samples > 0) {
    if (d_x != nullptr && d_y != nullptr) {
      fixed_columns(step, d,
                    [&](int64_t first, int64_t count) { BHN_RUN(args, axpy, d_x + first, d_y + first, samples, count, d, d, 1.0f); });
    }
    BHN_RUN(args, fill, d_heads, samples, 2 * step.outputs, 2 * step.outputs, 0.0f);
    BHN_RUN(args, coupling_bwd, d_moved, d_heads, d_y == nullptr ? nullptr : d_y + step.moved, d_log_det, step.x + step.moved, step.heads,
            samples, step.outputs, d, d, delta);
  }
  BHN_RUN(args, made_bwd, d_seen, step.factors, work, d_heads, step.x + step.seen, step.h, step.t, step.r, step.params,
          shape_of(step, samples, d));
}

}  // namespace

extern "C" {

int32_t bhn_flow_fwd(bhn_context* context, float* y, float* log_det, const float* z, const float* log_det_in, const bhn_flow_step* steps,
                     int64_t samples, int64_t d, int64_t n_steps, float delta) {
  Args args("flow_fwd", context);
  check(args, steps, samples, d, n_steps, delta);
  args.pointer("y", y, samples).pointer("log_det", log_det, samples).pointer("z", z, samples);
  args.optional("log_det_in", log_det_in);
  if (!args.bad() && !args.on_host() && cuda_kernels()->flow_fuses(context->queue, steps, samples, d, n_steps) != 0) {
    return args.launched(cuda_kernels()->flow_fwd(context->queue, y, log_det, z, log_det_in, steps, samples, d, n_steps, delta)).status();
  }
  for (int64_t l = 0; !args.bad() && l < n_steps; ++l) {
    forward(args, steps[l], y, log_det, l == 0 ? z : y, l == 0 ? log_det_in : log_det, samples, d, delta);
  }
  return args.status();
}

int32_t bhn_flow_bwd(bhn_context* context, float* d_z, float* work, const float* d_y, const float* d_log_det, const bhn_flow_step* steps,
                     int64_t samples, int64_t d, int64_t n_steps, float delta) {
  Args args("flow_bwd", context);
  check(args, steps, samples, d, n_steps, delta);
  args.pointer("work", work, samples).optional("d_z", d_z).optional("d_y", d_y).optional("d_log_det", d_log_det);
  int64_t widest = 0;
  for (int64_t l = 0; !args.bad() && l < n_steps; ++l) {
    args.pointer("steps[l].factors", steps[l].factors);
    widest = std::max(widest, steps[l].outputs);
  }
  if (args.bad()) {
    return args.status();
  }
  if (!args.on_host() && cuda_kernels()->flow_fuses(context->queue, steps, samples, d, n_steps) != 0) {
    return args.launched(cuda_kernels()->flow_bwd(context->queue, d_z, work, d_y, d_log_det, steps, samples, d, n_steps, delta)).status();
  }
  float* spare[2] = {work, work + samples * d};
  float* d_heads = work + 2 * samples * d;
  float* rest = d_heads + samples * 2 * widest;
  for (int64_t l = n_steps - 1; !args.bad() && l >= 0; --l) {
    const bhn_flow_step& step = steps[l];
    bool straight = l == 0 && (step.permutation == nullptr || d_z == nullptr);  // into d_z, or nowhere
    float* d_x = straight ? d_z : d_y == spare[0] ? spare[1] : spare[0];
    if (!straight && samples > 0) {
      BHN_RUN(args, fill, d_x, samples, d, d, 0.0f);
    }
    backward(args, step, d_x, d_heads, rest, d_y, d_log_det, samples, d, delta);
    d_y = d_x;
    if (!straight && step.permutation != nullptr && samples > 0) {
      float* to = l == 0 ? d_z : d_x == spare[0] ? spare[1] : spare[0];
      if (l > 0) {
        BHN_RUN(args, fill, to, samples, d, d, 0.0f);
      }
      BHN_RUN(args, permute_bwd, to, d_x, step.permutation, samples, d, d, d);
      d_y = to;
    }
  }
  return args.status();
}

}  // extern "C"
