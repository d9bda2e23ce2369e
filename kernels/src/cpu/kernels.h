// The CPU twins: one table of functions for each instruction set. Arguments are those of bhn.h, checked,
// with the number of threads instead of the context. Functions that meet bad indices return the offending
// position (or -1) and never touch memory outside their arguments.
#pragma once

#include <cstdint>

#include "bhn.h"
#include "core/shapes.h"

#define BHN_CPU_KERNELS(K)                                                                                                                \
  K(void, rng_uniform, (int threads, float* out, int64_t n, int64_t first, uint64_t seed, uint32_t stream, uint64_t counter))             \
  K(void, rng_normal, (int threads, float* out, int64_t n, int64_t first, uint64_t seed, uint32_t stream, uint64_t counter))              \
  K(void, fill, (int threads, float* x, int64_t rows, int64_t cols, int64_t ld_x, float value))                                           \
  K(void, copy, (int threads, float* y, const float* x, int64_t rows, int64_t cols, int64_t ld_y, int64_t ld_x))                          \
  K(void, axpy, (int threads, float* y, const float* x, int64_t rows, int64_t cols, int64_t ld_y, int64_t ld_x, float alpha))             \
  K(void, mul_fwd, (int threads, float* y, const float* a, const float* b, int64_t n))                                                    \
  K(void, mul_bwd, (int threads, float* d_a, float* d_b, const float* d_y, const float* a, const float* b, int64_t n))                    \
  K(void, activation_fwd, (int threads, float* y, const float* x, int64_t n, int activation))                                             \
  K(void, activation_bwd, (int threads, float* d_x, const float* d_y, const float* x, int64_t n, int activation))                         \
  K(int64_t, gather_rows, (int threads, float* y, const float* x, const int32_t* order, int64_t n, int64_t cols, int64_t x_rows))         \
  K(int64_t, gather_labels, (int32_t* y, const int32_t* x, const int32_t* order, int64_t n, int64_t x_rows))                              \
  K(bool, all_within, (const int32_t* x, int64_t n, int64_t bound))                                                                       \
  K(void, sum_rows_fwd, (int threads, float* out, const float* x, int64_t rows, int64_t cols, int64_t ld_x))                              \
  K(void, sum_rows_bwd, (int threads, float* d_x, const float* d_out, int64_t rows, int64_t cols, int64_t ld_x))                          \
  K(void, weightnorm_fwd, (int threads, float* r, const float* v, int64_t rows, int64_t cols, int64_t ld_v))                              \
  K(void, weightnorm_bwd,                                                                                                                 \
    (int threads, float* d_v, const float* d_r, const float* v, const float* r, int64_t rows, int64_t cols, int64_t ld_v))                \
  K(void, gain_fwd, (int threads, float* y, const float* t, const float* g, const float* r, const float* bias, const GainShape& shape))   \
  K(void, gain_bwd,                                                                                                                       \
    (int threads, float* d_t, float* d_g, float* d_r, float* d_bias, const float* d_y, const float* t, const float* g, const float* r,    \
     const float* bias, const GainShape& shape))                                                                                          \
  K(bool, made_rows_fit, (const MadeShape& shape))                                                                                        \
  K(void, made_fwd,                                                                                                                       \
    (int threads, float* heads, float* h, float* t, float* r, const float* z, const float* params, const MadeShape& shape))               \
  K(void, made_bwd,                                                                                                                       \
    (int threads, float* d_z, float* factors, float* work, const float* d_heads, const float* z, const float* h, const float* t,          \
     const float* r, const float* params, const MadeShape& shape))                                                                        \
  K(void, made_grad,                                                                                                                      \
    (int threads, float* d_params, const float* factors, const float* z, const float* h, const float* params, const MadeShape& shape))    \
  K(void, coupling_fwd,                                                                                                                   \
    (int threads, float* y, float* log_det, const float* z, const float* heads, const float* log_det_in, int64_t samples, int64_t d,      \
     int64_t ld_y, int64_t ld_z, float delta))                                                                                            \
  K(void, coupling_bwd,                                                                                                                   \
    (int threads, float* d_z, float* d_heads, const float* d_y, const float* d_log_det, const float* z, const float* heads,               \
     int64_t samples, int64_t d, int64_t ld_y, int64_t ld_z, float delta))                                                                \
  K(void, coupling_inv,                                                                                                                   \
    (int threads, float* z, float* log_det, const float* y, const float* heads, const float* log_det_in, int64_t samples, int64_t d,      \
     int64_t ld_z, int64_t ld_y, float delta))                                                                                            \
  K(void, permute_fwd,                                                                                                                    \
    (int threads, float* y, const float* x, const int32_t* permutation, int64_t samples, int64_t d, int64_t ld_y, int64_t ld_x))          \
  K(void, permute_bwd,                                                                                                                    \
    (int threads, float* d_x, const float* d_y, const int32_t* permutation, int64_t samples, int64_t d, int64_t ld_y, int64_t ld_x))      \
  K(void, affine_fwd,                                                                                                                     \
    (int threads, float* z, float* log_det, const float* eps, const float* w, const float* b, const float* log_det_in, int64_t samples,   \
     int64_t d, float delta))                                                                                                             \
  K(void, affine_bwd,                                                                                                                     \
    (int threads, float* d_eps, float* d_w, float* d_b, const float* d_z, const float* d_log_det, const float* eps, const float* w,       \
     int64_t samples, int64_t d, float delta))                                                                                            \
  K(void, affine_inv,                                                                                                                     \
    (int threads, float* eps, float* log_det, const float* z, const float* w, const float* b, const float* log_det_in, int64_t samples,   \
     int64_t d, float delta))                                                                                                             \
  K(void, categorical_fwd,                                                                                                                \
    (int threads, float* log_lik, const float* logits, const int32_t* labels, int64_t samples, int64_t batch, int64_t classes))           \
  K(void, categorical_bwd,                                                                                                                \
    (int threads, float* d_logits, const float* d_log_lik, const float* logits, const int32_t* labels, int64_t samples, int64_t batch,    \
     int64_t classes))                                                                                                                    \
  K(void, gaussian_fwd,                                                                                                                   \
    (int threads, float* log_lik, const float* mean, const float* log_var, const float* target, const LocationScaleShape& shape))         \
  K(void, gaussian_bwd,                                                                                                                   \
    (int threads, float* d_mean, float* d_log_var, const float* d_log_lik, const float* mean, const float* log_var, const float* target,  \
     const LocationScaleShape& shape))                                                                                                    \
  K(void, student_t_fwd,                                                                                                                  \
    (int threads, float* log_lik, const float* mean, const float* log_var, const float* target, const LocationScaleShape& shape,          \
     const StudentT& density))                                                                                                            \
  K(void, student_t_bwd,                                                                                                                  \
    (int threads, float* d_mean, float* d_log_var, const float* d_log_lik, const float* mean, const float* log_var, const float* target,  \
     const LocationScaleShape& shape, const StudentT& density))                                                                           \
  K(void, bernoulli_fwd,                                                                                                                  \
    (int threads, float* log_lik, const float* logits, const float* target, int64_t samples, int64_t batch, int64_t outputs))             \
  K(void, bernoulli_bwd,                                                                                                                  \
    (int threads, float* d_logits, const float* d_log_lik, const float* logits, const float* target, int64_t samples, int64_t batch,      \
     int64_t outputs))                                                                                                                    \
  K(void, poisson_fwd,                                                                                                                    \
    (int threads, float* log_lik, const float* log_rate, const float* target, int64_t samples, int64_t batch, int64_t outputs))           \
  K(void, poisson_bwd,                                                                                                                    \
    (int threads, float* d_log_rate, const float* d_log_lik, const float* log_rate, const float* target, int64_t samples, int64_t batch,  \
     int64_t outputs))                                                                                                                    \
  K(void, prior_fwd, (int threads, float* log_prior, const float* w, const float* log_prior_in, const PriorShape& shape))                 \
  K(void, prior_bwd, (int threads, float* d_w, const float* d_log_prior, const float* w, const PriorShape& shape))                        \
  K(double, sum, (int threads, const float* x, int64_t n, double* partials))                                                              \
  K(void, add_scalar, (int threads, float* x, int64_t n, float value))                                                                    \
  K(double, adam_squares,                                                                                                                 \
    (int threads, const float* const* grad, const int64_t* sizes, int64_t tensors, const bhn_made_gradient* made, int64_t mades,          \
     double* partials))                                                                                                                   \
  K(void, adam_update,                                                                                                                    \
    (int threads, float* const* theta, float* const* m, float* const* v, const float* const* grad, const int64_t* sizes, int64_t tensors, \
     const bhn_made_gradient* made, int64_t mades, const AdamNumbers& numbers))                                                           \
  K(void, predictive_categorical,                                                                                                         \
    (int threads, float* mean, float* m2, float* entropy, int32_t* votes, const float* logits, int64_t samples, int64_t batch,            \
     int64_t classes, int64_t seen))                                                                                                      \
  K(void, predictive_moments,                                                                                                             \
    (int threads, float* mean, float* m2, const float* values, int64_t samples, int64_t batch, int64_t outputs, int64_t ld_values,        \
     int64_t seen))                                                                                                                       \
  K(void, predictive_log_lik, (int threads, float* log_mean, const float* log_lik, int64_t samples, int64_t batch, int64_t seen))         \
  K(void, dropout_fwd, (int threads, float* y, const float* x, const DropoutShape& shape))                                                \
  K(void, dropout_bwd, (int threads, float* d_x, const float* d_y, const DropoutShape& shape))                                            \
  K(void, pool_fwd, (int threads, float* y, const float* x, const PoolShape& shape))                                                      \
  K(void, pool_bwd, (int threads, float* d_x, const float* d_y, const float* x, const PoolShape& shape))

namespace bhn {

struct Kernels {
  const char* name;
#define BHN_FIELD(result, name, arguments) result(*name) arguments;
  BHN_CPU_KERNELS(BHN_FIELD)
#undef BHN_FIELD
};

// The table for this machine, chosen once; BHN_SIMD in the environment may lower it.
const Kernels& cpu_kernels();
// What BHN_SIMD says if it names no table, else NULL.
const char* unknown_simd();

#define BHN_DECLARE(result, name, arguments) result name arguments;
namespace base {
BHN_CPU_KERNELS(BHN_DECLARE)
extern const Kernels table;
}  // namespace base
namespace avx2 {
BHN_CPU_KERNELS(BHN_DECLARE)
extern const Kernels table;
}  // namespace avx2
namespace avx512 {
BHN_CPU_KERNELS(BHN_DECLARE)
extern const Kernels table;
}  // namespace avx512
#undef BHN_DECLARE

}  // namespace bhn
