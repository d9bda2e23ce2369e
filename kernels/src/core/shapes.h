// Sizes of ops, checked; what the twins of every device take.
#pragma once

#include <cstdint>

#include "bhn.h"

namespace bhn {

// A row's norm is taken as no less: 1/norm is then a float, and so is the square of it.
constexpr float kLeastNorm = 1e-12f;

struct GainShape {
  int64_t samples, batch, out, ld_g, ld_bias;
  bool shared, per_example, per_sample_bias;
  bool overwrite;  // d_t
  int activation;
};

struct MadeShape {
  const int32_t* row_start;  // NULL: every row sees all of its x
  int64_t samples, inputs, hidden, outputs, weights, ld_z;
  bool weight_norm;
};

// Static: one copy for all files might be that of an instruction set which the machine lacks.
static inline MadeShape shape_of(const bhn_made_gradient& made) {
  return {made.row_start, made.samples, made.inputs, made.hidden, made.outputs, made.weights, made.ld_z, true};
}

// Of densities with a location and a scale: Gaussian, Student's t.
struct LocationScaleShape {
  int64_t samples, batch, outputs, ld_mean, ld_log_var;
  int mode;
};

// Student's t of nu degrees of freedom, -2 log density = norm + v + (nu + 1) log(1 + t^2 / nu).
struct StudentT {
  float nu_plus_1;
  float inverse_root;  // nu^-1/2
  float log_nu;
  float norm;
};

struct PriorShape {
  int64_t samples, d, ld_w;
  int prior;
  float p0, p1, p2;
};

struct AdamNumbers {
  float step_size, beta1, one_minus_beta1, beta2, one_minus_beta2, epsilon, scale, clip;
};

struct DropoutShape {
  int64_t samples, batch, cols, first_row;
  uint64_t seed, counter;
  uint32_t stream;
  float rate;
  bool shared;
};

struct PoolShape {
  int64_t batch, height, width, channels, window, stride;
};

}  // namespace bhn
