// Checks of a conditioner's shape, shared by the ops that take one.
#pragma once

#include "core/status.h"

namespace bhn {

// The rows must lie in U one after the other, must not see more than there is, and within the hidden rows and each head must not
// see less than the row before.
inline void check_made(Args& args, const MadeShape& s, int32_t weight_norm) {
  args.size("samples", s.samples).range("inputs", s.inputs, 1, 1 << 28).range("hidden", s.hidden, 1, 1 << 28);
  args.range("outputs", s.outputs, 1, 1 << 28).range("weight_norm", weight_norm, 0, 1).stride("ld_z", s.ld_z, "inputs", s.inputs);
  args.extent("hidden x inputs", {s.hidden, s.inputs}).extent("outputs x hidden", {s.outputs, s.hidden}).extent("z", {s.samples, s.ld_z});
  args.optional("row_start", s.row_start);
  if (args.bad()) {
    return;
  }
  int64_t rows = s.hidden + 2 * s.outputs;
  int64_t widest = s.inputs > s.hidden ? s.inputs : s.hidden;
  args.extent("factors", {s.samples + 4, rows}).extent("work", {s.samples, BHN_MADE_PARTS + 1, widest});
  int64_t all = s.hidden * s.inputs + 2 * s.outputs * s.hidden;
  if (s.row_start == nullptr) {
    args.range("weights (without row_start: hidden x inputs + 2 x outputs x hidden)", s.weights, all, all);
    return;
  }
  // Its entries are of 32 bits, and none of its rows is longer than without it.
  args.range("weights", s.weights, 0, all < INT32_MAX ? all : INT32_MAX);
  if (args.bad() || !args.on_host()) {
    return;  // kernels cut rows that do not fit
  }
  if (!cpu_kernels().made_rows_fit(s)) {
    args.refuse(
        "row_start must rise from 0 to weights, by at most inputs (hidden rows) or hidden (head rows), never by less than before "
        "within hidden, shift and log-scale rows");
  }
}

}  // namespace bhn
