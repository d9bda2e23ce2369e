// The CUDA twins: launchers, one for each op. Arguments are those of bhn.h, checked, with a queue instead of the context. Pointers
// are device memory except where it is said. A launcher enqueues and returns the CUDA error of its launches (0: none). Indices in
// device memory cannot be checked beforehand: kernels skip bad ones and report them through the queue's fault.
#pragma once

#include <cstdint>

#include "bhn.h"
#include "core/shapes.h"

namespace bhn {

// A bad index that a kernel met; the first one is kept until bhn_context_sync reports it.
struct Fault {
  enum Kind : int32_t { kNone, kCursor, kRow, kLabel, kPermutation, kRowStart };
  int32_t kind;
  int32_t padding;
  int64_t place, value, bound;
};

// What a launcher works with: a stream, and memory of the context that lives as long as it does. Ops of one queue run one after the
// other, so each may use all of it.
struct Queue {
  static constexpr int64_t kDoubles = 4096;
  static constexpr int64_t kFloats = 1 << 20;

  void* stream;
  double* doubles;  // [kDoubles], partial sums of reductions
  float* floats;    // [kFloats], partial sums where one kernel is not enough
  Fault* fault;
  int multiprocessors;
};

#define BHN_CUDA_KERNELS(K)                                                                                                                \
  K(rng_uniform, (const Queue& q, float* out, const int64_t* counter, int64_t n, int64_t first, uint64_t seed, uint32_t stream))           \
  K(rng_normal, (const Queue& q, float* out, const int64_t* counter, int64_t n, int64_t first, uint64_t seed, uint32_t stream))            \
  K(rng_advance, (const Queue& q, int64_t* counter, int64_t delta))                                                                        \
  K(fill, (const Queue& q, float* x, int64_t rows, int64_t cols, int64_t ld_x, float value))                                               \
  K(copy, (const Queue& q, float* y, const float* x, int64_t rows, int64_t cols, int64_t ld_y, int64_t ld_x))                              \
  K(axpy, (const Queue& q, float* y, const float* x, int64_t rows, int64_t cols, int64_t ld_y, int64_t ld_x, float alpha))                 \
  K(mul_fwd, (const Queue& q, float* y, const float* a, const float* b, int64_t n))                                                        \
  K(mul_bwd, (const Queue& q, float* d_a, float* d_b, const float* d_y, const float* a, const float* b, int64_t n))                        \
  K(activation_fwd, (const Queue& q, float* y, const float* x, int64_t n, int activation))                                                 \
  K(activation_bwd, (const Queue& q, float* d_x, const float* d_y, const float* x, int64_t n, int activation))                             \
  K(gather_rows, (const Queue& q, float* y, const float* x, const int32_t* order, const int64_t* cursor, int64_t n, int64_t cols,          \
                  int64_t x_rows, int64_t n_order))                                                                                        \
  K(gather_labels, (const Queue& q, int32_t* y, const int32_t* x, const int32_t* order, const int64_t* cursor, int64_t n, int64_t x_rows,  \
                    int64_t n_order))                                                                                                      \
  K(sum_rows_fwd, (const Queue& q, float* out, const float* x, int64_t rows, int64_t cols, int64_t ld_x))                                  \
  K(sum_rows_bwd, (const Queue& q, float* d_x, const float* d_out, int64_t rows, int64_t cols, int64_t ld_x))                              \
  K(weightnorm_fwd, (const Queue& q, float* r, const float* v, int64_t rows, int64_t cols, int64_t ld_v))                                  \
  K(weightnorm_bwd,                                                                                                                        \
    (const Queue& q, float* d_v, const float* d_r, const float* v, const float* r, int64_t rows, int64_t cols, int64_t ld_v))              \
  K(gain_fwd, (const Queue& q, float* y, const float* t, const float* g, const float* r, const float* bias, const GainShape& shape))       \
  K(gain_bwd, (const Queue& q, float* d_t, float* d_g, float* d_r, float* d_bias, const float* d_y, const float* t, const float* g,        \
               const float* r, const float* bias, const GainShape& shape))                                                                 \
  K(made_fwd, (const Queue& q, float* heads, float* h, float* t, float* r, const float* z, const float* params, const MadeShape& shape))   \
  K(made_bwd, (const Queue& q, float* d_z, float* factors, float* work, const float* d_heads, const float* z, const float* h,              \
               const float* t, const float* r, const float* params, const MadeShape& shape))                                               \
  K(made_grad,                                                                                                                             \
    (const Queue& q, float* d_params, const float* factors, const float* z, const float* h, const float* params, const MadeShape& shape))  \
  K(coupling_fwd, (const Queue& q, float* y, float* log_det, const float* z, const float* heads, const float* log_det_in, int64_t samples, \
                   int64_t d, int64_t ld_y, int64_t ld_z, float delta))                                                                    \
  K(coupling_bwd, (const Queue& q, float* d_z, float* d_heads, const float* d_y, const float* d_log_det, const float* z,                   \
                   const float* heads, int64_t samples, int64_t d, int64_t ld_y, int64_t ld_z, float delta))                               \
  K(coupling_inv, (const Queue& q, float* z, float* log_det, const float* y, const float* heads, const float* log_det_in, int64_t samples, \
                   int64_t d, int64_t ld_z, int64_t ld_y, float delta))                                                                    \
  K(permute_fwd,                                                                                                                           \
    (const Queue& q, float* y, const float* x, const int32_t* permutation, int64_t samples, int64_t d, int64_t ld_y, int64_t ld_x))        \
  K(permute_bwd,                                                                                                                           \
    (const Queue& q, float* d_x, const float* d_y, const int32_t* permutation, int64_t samples, int64_t d, int64_t ld_y, int64_t ld_x))    \
  /* The array of steps is host memory, read before these return. flow_fuses: whether one launch can do steps of these sizes (0 or 1); */  \
  /* others go through the ops that a step is made of. */                                                                                  \
  K(flow_fuses, (const Queue& q, const bhn_flow_step* steps, int64_t samples, int64_t d, int64_t n_steps))                                 \
  K(flow_fwd, (const Queue& q, float* y, float* log_det, const float* z, const float* log_det_in, const bhn_flow_step* steps,              \
               int64_t samples, int64_t d, int64_t n_steps, float delta))                                                                  \
  K(flow_bwd, (const Queue& q, float* d_z, float* work, const float* d_y, const float* d_log_det, const bhn_flow_step* steps,              \
               int64_t samples, int64_t d, int64_t n_steps, float delta))                                                                  \
  K(affine_fwd, (const Queue& q, float* z, float* log_det, const float* eps, const float* w, const float* b, const float* log_det_in,      \
                 int64_t samples, int64_t d, float delta))                                                                                 \
  K(affine_bwd, (const Queue& q, float* d_eps, float* d_w, float* d_b, const float* d_z, const float* d_log_det, const float* eps,         \
                 const float* w, int64_t samples, int64_t d, float delta))                                                                 \
  K(affine_inv, (const Queue& q, float* eps, float* log_det, const float* z, const float* w, const float* b, const float* log_det_in,      \
                 int64_t samples, int64_t d, float delta))                                                                                 \
  K(categorical_fwd,                                                                                                                       \
    (const Queue& q, float* log_lik, const float* logits, const int32_t* labels, int64_t samples, int64_t batch, int64_t classes))         \
  K(categorical_bwd, (const Queue& q, float* d_logits, const float* d_log_lik, const float* logits, const int32_t* labels,                 \
                      int64_t samples, int64_t batch, int64_t classes))                                                                    \
  K(gaussian_fwd,                                                                                                                          \
    (const Queue& q, float* log_lik, const float* mean, const float* log_var, const float* target, const LocationScaleShape& shape))       \
  K(gaussian_bwd, (const Queue& q, float* d_mean, float* d_log_var, const float* d_log_lik, const float* mean, const float* log_var,       \
                   const float* target, const LocationScaleShape& shape))                                                                  \
  K(student_t_fwd, (const Queue& q, float* log_lik, const float* mean, const float* log_var, const float* target,                          \
                    const LocationScaleShape& shape, const StudentT& density))                                                             \
  K(student_t_bwd, (const Queue& q, float* d_mean, float* d_log_var, const float* d_log_lik, const float* mean, const float* log_var,      \
                    const float* target, const LocationScaleShape& shape, const StudentT& density))                                        \
  K(bernoulli_fwd,                                                                                                                         \
    (const Queue& q, float* log_lik, const float* logits, const float* target, int64_t samples, int64_t batch, int64_t outputs))           \
  K(bernoulli_bwd, (const Queue& q, float* d_logits, const float* d_log_lik, const float* logits, const float* target, int64_t samples,    \
                    int64_t batch, int64_t outputs))                                                                                       \
  K(poisson_fwd,                                                                                                                           \
    (const Queue& q, float* log_lik, const float* log_rate, const float* target, int64_t samples, int64_t batch, int64_t outputs))         \
  K(poisson_bwd, (const Queue& q, float* d_log_rate, const float* d_log_lik, const float* log_rate, const float* target, int64_t samples,  \
                  int64_t batch, int64_t outputs))                                                                                         \
  K(prior_fwd, (const Queue& q, float* log_prior, const float* w, const float* log_prior_in, const PriorShape& shape))                     \
  K(prior_bwd, (const Queue& q, float* d_w, const float* d_log_prior, const float* w, const PriorShape& shape))                            \
  K(elbo_fwd, (const Queue& q, float* items, const float* log_lik, const float* log_prior, const float* log_det, const float* kl_scale,    \
               int64_t rows, int64_t draws))                                                                                               \
  K(elbo_bwd, (const Queue& q, float* d_log_lik, float* d_log_prior, float* d_log_det, const float* d_loss, const float* kl_scale,         \
               int64_t rows, int64_t draws))                                                                                               \
  /* The arrays of pointers, sizes and entries of made are host memory, read before this returns. */                                       \
  K(adam_step,                                                                                                                             \
    (const Queue& q, float* const* theta, float* const* m, float* const* v, int64_t* step, float* report, const float* const* grad,        \
     const int64_t* sizes, const float* hyper, const bhn_made_gradient* made, int64_t tensors, int64_t mades))                             \
  K(predictive_categorical, (const Queue& q, float* mean, float* m2, float* entropy, int32_t* votes, const float* logits, int64_t samples, \
                             int64_t batch, int64_t classes, int64_t seen))                                                                \
  K(predictive_moments, (const Queue& q, float* mean, float* m2, const float* values, int64_t samples, int64_t batch, int64_t outputs,     \
                         int64_t ld_values, int64_t seen))                                                                                 \
  K(predictive_log_lik, (const Queue& q, float* log_mean, const float* log_lik, int64_t samples, int64_t batch, int64_t seen))             \
  K(dropout_fwd, (const Queue& q, float* y, const float* x, const int64_t* counter, const DropoutShape& shape))                            \
  K(dropout_bwd, (const Queue& q, float* d_x, const float* d_y, const int64_t* counter, const DropoutShape& shape))                        \
  K(pool_fwd, (const Queue& q, float* y, const float* x, const PoolShape& shape))                                                          \
  K(pool_bwd, (const Queue& q, float* d_x, const float* d_y, const float* x, const PoolShape& shape))                                      \
  /* Plumbing. context_open fills the queue; its stream is the lent one, or a new one if that is NULL. */                                  \
  K(context_open, (Queue * q, int32_t ordinal, void* stream))                                                                              \
  K(context_close, (const Queue& q, int32_t ordinal, bool own_stream))                                                                     \
  K(sync, (const Queue& q, Fault* fault))                                                                                                  \
  K(memory_alloc, (const Queue& q, void** memory, int64_t bytes))                                                                          \
  K(memory_free, (const Queue& q, void* memory))                                                                                           \
  K(memory_copy, (const Queue& q, void* to, const void* from, int64_t bytes))

struct CudaKernels {
#define BHN_FIELD(name, arguments) int(*name) arguments;
  BHN_CUDA_KERNELS(BHN_FIELD)
#undef BHN_FIELD
  // Makes a device the calling thread's.
  void (*select)(int32_t ordinal);
  // Why a device cannot be used, "" if it can.
  const char* (*problem)(int32_t ordinal);
  const char* (*error_name)(int error);
  const char* (*error_text)(int error);
  // The runtime keeps this thread's last error, and the next launch would take it for its own.
  void (*forget_error)();
  // After these the device is lost for this process.
  bool (*is_lost)(int error);
  bool (*is_out_of_memory)(int error);
  void (*memory_info)(int64_t* free_bytes, int64_t* total_bytes);
};

// NULL in a build without CUDA.
const CudaKernels* cuda_kernels();

namespace cuda {
#define BHN_DECLARE(name, arguments) int name arguments;
BHN_CUDA_KERNELS(BHN_DECLARE)
#undef BHN_DECLARE
extern const CudaKernels table;
}  // namespace cuda

}  // namespace bhn
