/* bhn.h: the C ABI of libbhn, one library for every device. C11; the only header of ours that bindings are generated from.
 *
 * Conventions
 *  - Every function returns a bhn_status (0 is success) unless its result is text or a version. The text of the last failure of
 *    the calling thread is bhn_last_error(); it names the function, the argument and the offending values. Nothing throws, prints
 *    or exits.
 *  - Order of arguments: context, outputs, inputs, sizes, strides, scalars. Arrays are row-major, the last dimension contiguous;
 *    ld_x is the distance between rows of x in elements. A gradient has the shape and the leading dimension of its value.
 *  - _fwd and _inv overwrite their outputs. _bwd ADDS into every gradient it is given; a NULL gradient is not wanted and is
 *    skipped. Other pointers may be NULL only where their comment says so, or where what they point to has no element. Outputs never
 *    overlap inputs unless it is said. A pointer is a multiple of the size of what it points to (4 bytes for floats and indices, 8 for
 *    counters, steps and pointers); on CUDA multiples of 16 bytes are faster.
 *  - Sizes are in [0, 2^40], leading dimensions at most 2^40, no array has more than 2^46 elements; a size of 0 counts as 1 for that. Ops
 *    say where they take less. Where a size is 0, outputs and gradients that have elements all the same get what the equation says of
 *    nothing: sums and means are 0. (log_det = log_det_in for d = 0; made_fwd writes r for S = 0; statistics of no sample stay as
 *    they are.) What has no element is neither read nor written.
 *  - Ops allocate nothing, enqueue and return; bhn_context_sync reports late errors. A context is used by one thread at a time; different
 *    contexts may be used at the same time and may share memory. The child of a fork() calls nothing here if its parent had several
 *    threads compute or opened a CUDA device: neither follows there. A child that starts another program is no concern.
 *  - Same inputs, same device and SIMD level: same bits, for any number of threads. No atomics on floats.
 *  - Letters: S weight samples, B examples, R = S*B rows ordered (s, b), D flow dimensions, H hidden units of a conditioner,
 *    C classes, O outputs.
 */
#ifndef BHN_H
#define BHN_H

#include <stdint.h>

#if defined(__GNUC__)
#define BHN_API __attribute__((visibility("default")))
#else
#define BHN_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The ABI only grows: a program runs with a library of the version that it was compiled for, or of a later one. Version 2 keeps the
 * running log predictive density in two floats where version 1, which was never released, had one. */
#define BHN_ABI_VERSION 2

/* Status values are pinned forever. */
enum bhn_status {
  BHN_OK = 0,
  BHN_INVALID_ARGUMENT = 1, /* a size, pointer, stride, flag or index is not acceptable */
  BHN_OUT_OF_MEMORY = 2,    /* the text says how much was asked */
  BHN_UNSUPPORTED = 3,      /* this build, device or process cannot do it */
  BHN_NO_DEVICE = 4,        /* the asked device is absent; the text says why */
  BHN_DEVICE_ERROR = 5,     /* the device reported an error; the context stays usable */
  BHN_DEVICE_LOST = 6,      /* the device is gone; every later call fails at once */
  BHN_INTERNAL = 7
};

enum bhn_device { BHN_CPU = 0, BHN_CUDA = 1 };

enum bhn_activation { BHN_IDENTITY = 0, BHN_RELU = 1, BHN_TANH = 2, BHN_GELU = 3 /* exact: x * Phi(x) */ };

enum bhn_gain_flags {
  BHN_GAIN_SHARED_PRODUCT = 1,  /* t is [B, out] and serves all S samples; otherwise [S*B, out] */
  BHN_GAIN_PER_EXAMPLE = 2,     /* g is [S*B, out], one draw per example; otherwise [S, out] */
  BHN_GAIN_PER_SAMPLE_BIAS = 4, /* bias is [S, out]; otherwise [out] */
  BHN_GAIN_OVERWRITE = 8        /* backward: d_t is overwritten; otherwise added to */
};

enum bhn_log_var_mode {
  BHN_LOG_VAR_SHARED = 0,     /* [O] */
  BHN_LOG_VAR_PER_SAMPLE = 1, /* [S, O] */
  BHN_LOG_VAR_PER_ROW = 2     /* [S*B, O] */
};

enum bhn_prior {
  BHN_PRIOR_NORMAL = 0,  /* p0 = mean, p1 = standard deviation */
  BHN_PRIOR_LAPLACE = 1, /* p0 = mean, p1 = scale b: log p = -log(2b) - |w - mean|/b */
  BHN_PRIOR_MIXTURE = 2  /* p0 = weight of the first, p1, p2 = standard deviations: p0 N(0,p1^2) + (1-p0) N(0,p2^2) */
};

typedef struct bhn_context bhn_context;

/* ---- version and errors ------------------------------------------------------------------------------------------------- */

/* The ABI this library implements; the first call after loading. */
BHN_API int32_t bhn_abi_version(void);
/* One line: build id, compiler, devices compiled in. Static storage. */
BHN_API const char* bhn_build_info(void);
/* "avx512", "avx2" or "base" (x86-64-v2; on aarch64 always, with its NEON): the twins that run on this CPU. BHN_SIMD in the environment may
 * lower it, when the library is first used; of another text than these three bhn_context_create complains. */
BHN_API const char* bhn_simd_level(void);
/* Text of the calling thread's last failure, "" if none. A call that succeeds leaves it alone; the next failure of the thread writes
 * over it, and it ends with the thread. */
BHN_API const char* bhn_last_error(void);

/* ---- context and memory --------------------------------------------------------------------------------------------------- */

/* stream: lent CUDA stream or NULL; threads: CPU threads to use, at most 4096, 0 = as OpenMP decides. A number that the process cannot
 * start is BHN_UNSUPPORTED here, since OpenMP would end the process later; it is tried when more are asked for than before. Every thread
 * that calls ops of a context with several has such a team of its own, which is not tried again. */
BHN_API int32_t bhn_context_create(bhn_context** context, int32_t device, int32_t ordinal, void* stream, int32_t threads);
/* Waits for the context's work. Memory stays until it is freed. A destroyed context is refused until bhn_context_create gives out the same
 * pointer again. */
BHN_API int32_t bhn_context_destroy(bhn_context* context);
BHN_API int32_t bhn_context_sync(bhn_context* context);
/* Makes the context hold a block of at least so many bytes until it is destroyed; it only grows. No op reads or writes it: they take
 * their scratch as an argument. */
BHN_API int32_t bhn_context_reserve(bhn_context* context, int64_t bytes);

/* 64-byte aligned, zeroed; large blocks ask for huge pages. Of 0 bytes there is a pointer too, to be freed. Any context of the same device
 * may use and free it, also after that which made it is gone. Host memory beyond what the machine or the control group has left is
 * refused. */
BHN_API int32_t bhn_memory_alloc(bhn_context* context, void** memory, int64_t bytes);
/* NULL is nothing to free. Of a CUDA device it waits for all work on it. */
BHN_API int32_t bhn_memory_free(bhn_context* context, void* memory);
/* Either side may be host or device memory. What the context was given before comes first, and the copy is done when this returns. */
BHN_API int32_t bhn_memory_copy(bhn_context* context, void* to, const void* from, int64_t bytes);

/* ---- rng: Philox4x32-10 (Salmon et al. 2011) -------------------------------------------------------------------------------
 * Element i is lane i%4 of the block with key (lo32 seed, hi32 seed) and counter (i/4, stream, lo32 *counter, hi32 *counter);
 * 0 <= stream < 2^32, first + n <= 2^34. out[i] is element first + i, so a range drawn in pieces has the same values.
 * uniform: (x >> 8) 2^-24, in [0, 1). normal: Box-Muller on the lane pairs (x0, x1) and (x2, x3):
 * u = ((x0 >> 8) + 1) 2^-24, v = (x1 >> 8) 2^-24; even lane sqrt(-2 ln u) cos(2 pi v), odd lane sqrt(-2 ln u) sin(2 pi v). */
BHN_API int32_t bhn_rng_uniform(bhn_context* context, float* out /* [n] */, const int64_t* counter /* [1] */, int64_t n, int64_t first,
                                int64_t seed, int64_t stream);
BHN_API int32_t bhn_rng_normal(bhn_context* context, float* out /* [n] */, const int64_t* counter /* [1] */, int64_t n, int64_t first,
                               int64_t seed, int64_t stream);
/* *counter += delta */
BHN_API int32_t bhn_rng_advance(bhn_context* context, int64_t* counter /* [1] */, int64_t delta);

/* ---- elementwise ---------------------------------------------------------------------------------------------------------- */

BHN_API int32_t bhn_fill(bhn_context* context, float* x, int64_t rows, int64_t cols, int64_t ld_x, float value);
BHN_API int32_t bhn_copy(bhn_context* context, float* y, const float* x, int64_t rows, int64_t cols, int64_t ld_y, int64_t ld_x);
/* y += alpha x */
BHN_API int32_t bhn_axpy(bhn_context* context, float* y, const float* x, int64_t rows, int64_t cols, int64_t ld_y, int64_t ld_x,
                         float alpha);
BHN_API int32_t bhn_mul_fwd(bhn_context* context, float* y /* [n] */, const float* a, const float* b, int64_t n);
BHN_API int32_t bhn_mul_bwd(bhn_context* context, float* d_a, float* d_b, const float* d_y, const float* a, const float* b, int64_t n);
BHN_API int32_t bhn_activation_fwd(bhn_context* context, float* y /* [n] */, const float* x, int64_t n, int32_t activation);
BHN_API int32_t bhn_activation_bwd(bhn_context* context, float* d_x, const float* d_y, const float* x, int64_t n, int32_t activation);
/* y[i, :] = x[order[*cursor + i], :] for i < n. *cursor must leave n entries in order; indices must be in [0, x_rows). */
BHN_API int32_t bhn_gather_rows(bhn_context* context, float* y /* [n, cols] */, const float* x /* [x_rows, cols] */,
                                const int32_t* order /* [n_order] */, const int64_t* cursor /* [1] */, int64_t n, int64_t cols,
                                int64_t x_rows, int64_t n_order);
BHN_API int32_t bhn_gather_labels(bhn_context* context, int32_t* y /* [n] */, const int32_t* x /* [x_rows] */,
                                  const int32_t* order /* [n_order] */, const int64_t* cursor /* [1] */, int64_t n, int64_t x_rows,
                                  int64_t n_order);

/* ---- reduce --------------------------------------------------------------------------------------------------------------- */

/* out[i] = sum_j x[i, j] */
BHN_API int32_t bhn_sum_rows_fwd(bhn_context* context, float* out /* [rows] */, const float* x, int64_t rows, int64_t cols, int64_t ld_x);
BHN_API int32_t bhn_sum_rows_bwd(bhn_context* context, float* d_x, const float* d_out /* [rows] */, int64_t rows, int64_t cols,
                                 int64_t ld_x);

/* ---- weightnorm (Salimans and Kingma 2016): theta_j = g_j v_j / |v_j| --------------------------------------------------------
 * Only r_j = 1/|v_j| is computed here; the gain op multiplies by it. A row that is entirely zero has r_j = 0 and gets no
 * gradient. |v_j| is taken as at least 1e-12; a row that is shorter gets no gradient either, since r_j then does not change with it. */
BHN_API int32_t bhn_weightnorm_fwd(bhn_context* context, float* r /* [rows] */, const float* v /* [rows, cols] */, int64_t rows,
                                   int64_t cols, int64_t ld_v);
/* d_v[j, :] -= d_r[j] r[j]^3 v[j, :] */
BHN_API int32_t bhn_weightnorm_bwd(bhn_context* context, float* d_v, const float* d_r, const float* v, const float* r, int64_t rows,
                                   int64_t cols, int64_t ld_v);

/* ---- gain: the epilogue of a product -----------------------------------------------------------------------------------------
 * y[s,b,j] = act(t[(s,)b,j] g[s(,b),j] r[j] + bias[(s,)j]); g, r, bias may be NULL (1, 1, 0). The backward recomputes the
 * pre-activation from the inputs. RELU'(0) = 0. */
BHN_API int32_t bhn_gain_fwd(bhn_context* context, float* y /* [S*B, out] */, const float* t, const float* g, const float* r /* [out] */,
                             const float* bias, int64_t samples, int64_t batch, int64_t out, int64_t ld_g, int64_t ld_bias, int32_t flags,
                             int32_t activation);
BHN_API int32_t bhn_gain_bwd(bhn_context* context, float* d_t, float* d_g, float* d_r, float* d_bias, const float* d_y, const float* t,
                             const float* g, const float* r, const float* bias, int64_t samples, int64_t batch, int64_t out, int64_t ld_g,
                             int64_t ld_bias, int32_t flags, int32_t activation);

/* ---- made: the conditioner of a flow, one hidden ReLU layer (MADE, Germain et al. 2015) -----------------------------------------
 * R = H + 2 O rows. Row i sees the first n_i = row_start[i + 1] - row_start[i] entries of its x: t = sum_k u[k] x[k], y = t g r + b,
 * r = 1/|u| (a row that sees nothing has r = 0, so y is its bias). Rows 0 .. H - 1 see z [I] and give h = relu(y); rows H .. R - 1 see
 * h and give heads = [shift (O) | log-scale (O)]. row_start = NULL: every row sees all of its x (a coupling layer's conditioner).
 * A net that is autoregressive in the order of its inputs has its hidden units sorted by degree: then what a row may see comes first,
 * and no mask is stored. n_i must not fall from row to row within the hidden, the shift and the log-scale rows.
 * I, H and O are in [1, 2^28]. params is one block: U [weights], row after row; g [R]; b [R]. weights = H I + 2 O H, or with row_start
 * its last entry, below 2^31.
 * weight_norm = 0: g and r are taken as 1 and the g of params is not read.
 * An infinity or NaN among the inputs of many samples may also reach rows that do not see it: there it is multiplied by zero.
 * h, t and r are written by the forward and read by the backward. */
BHN_API int32_t bhn_made_fwd(bhn_context* context, float* heads /* [S, 2 O] */, float* h /* [S, H] */, float* t /* [S, R] */,
                             float* r /* [R] */, const float* z /* [S, I] */, const float* params, const int32_t* row_start /* [R + 1] */,
                             int64_t samples, int64_t inputs, int64_t hidden, int64_t outputs, int64_t weights, int64_t ld_z,
                             int32_t weight_norm);
/* Adds to d_z (NULL: not wanted) and overwrites factors [(S + 4) R] = a [S, R], c [R], norm [R], d_g [R], d_b [R]: the gradient of
 * row i of U is sum_s a[s, i] x_s + c[i] u, whose length is norm[i]. work is memory the op may use, [S (BHN_MADE_PARTS max(I, H) + H)]. */
#define BHN_MADE_PARTS 16
BHN_API int32_t bhn_made_bwd(bhn_context* context, float* d_z, float* factors, float* work, const float* d_heads, const float* z,
                             const float* h, const float* t, const float* r, const float* params, const int32_t* row_start, int64_t samples,
                             int64_t inputs, int64_t hidden, int64_t outputs, int64_t weights, int64_t ld_z, int32_t weight_norm);
/* Adds the gradient that the factors stand for. bhn_adam_step does without it. */
BHN_API int32_t bhn_made_grad(bhn_context* context, float* d_params, const float* factors, const float* z, const float* h,
                              const float* params, const int32_t* row_start, int64_t samples, int64_t inputs, int64_t hidden,
                              int64_t outputs, int64_t weights, int64_t ld_z, int32_t weight_norm);

/* ---- coupling: the affine transform of RealNVP and IAF -----------------------------------------------------------------------
 * y = m + s z, s = exp(a) + delta, log_det = log_det_in + sum_j log s; heads [S, 2 d] = [m | a]. log_det_in may be NULL (0). Here, in
 * flow and in affine, delta is 0 or in [1.17549435e-38 (the smallest normal number), 1e30]. */
BHN_API int32_t bhn_coupling_fwd(bhn_context* context, float* y /* [S, d] */, float* log_det /* [S] */, const float* z /* [S, d] */,
                                 const float* heads /* [S, 2 d] */, const float* log_det_in /* [S] */, int64_t samples, int64_t d,
                                 int64_t ld_y, int64_t ld_z, float delta);
/* d_y and d_log_det may be NULL (0). The gradient of log_det_in is d_log_det itself: the caller passes it on. */
BHN_API int32_t bhn_coupling_bwd(bhn_context* context, float* d_z, float* d_heads, const float* d_y, const float* d_log_det, const float* z,
                                 const float* heads, int64_t samples, int64_t d, int64_t ld_y, int64_t ld_z, float delta);
/* z = (y - m) / s; log_det = log_det_in + sum_j log s, the log-det of the FORWARD transform. */
BHN_API int32_t bhn_coupling_inv(bhn_context* context, float* z, float* log_det, const float* y, const float* heads,
                                 const float* log_det_in, int64_t samples, int64_t d, int64_t ld_z, int64_t ld_y, float delta);

/* ---- permute: y[s, j] = x[s, permutation[j]] ----------------------------------------------------------------------------------
 * Here and in flow, entries outside [0, d) are refused. That each column is there once is the caller's part and not looked at: of a column
 * that is there twice the backward is of no meaning on CUDA. */
BHN_API int32_t bhn_permute_fwd(bhn_context* context, float* y /* [S, d] */, const float* x, const int32_t* permutation /* [d] */,
                                int64_t samples, int64_t d, int64_t ld_y, int64_t ld_x);
BHN_API int32_t bhn_permute_bwd(bhn_context* context, float* d_x, const float* d_y, const int32_t* permutation, int64_t samples, int64_t d,
                                int64_t ld_y, int64_t ld_x);

/* ---- flow: all steps of a flow, each a conditioner and the affine transform that it conditions ----------------------------------
 * A step takes y [S, D], at first z, to x[s, j] = y[s, permutation[j]] (NULL: x = y), [m | a] = made(x[:, seen .. seen + I - 1]) and
 * y[s, j] = m_k + (exp(a_k) + delta) x[s, j] for j = moved + k, k < O; other columns are copied; log_det += sum_k log(exp(a_k) + delta).
 * With seen = moved = 0 and I = O = D a step of IAF; with two halves a coupling of RealNVP. Same values as the ops above one by one: the
 * same bits on the CPU, to rounding where one launch does all. */
typedef struct bhn_flow_step {
  const int32_t* permutation; /* [D] or NULL */
  const float* params;        /* of the conditioner, as are row_start and the sizes; see made */
  const int32_t* row_start;   /* [R + 1] or NULL */
  float* x;                   /* [S, D]; this and the next four are written by the forward and read by the backward */
  float* heads;               /* [S, 2 O] */
  float* h;                   /* [S, H] */
  float* t;                   /* [S, R] */
  float* r;                   /* [R] */
  float* factors;             /* [(S + 4) R], written by the backward, which are those of made_bwd; the forward does not look at it */
  int64_t inputs, hidden, outputs, weights, seen, moved, weight_norm;
} bhn_flow_step;
/* The array of steps is host memory, read before the call returns. 1 <= D <= 2^28, 1 <= n_steps <= 2^20. */
BHN_API int32_t bhn_flow_fwd(bhn_context* context, float* y /* [S, D] */, float* log_det /* [S] */, const float* z /* [S, D] */,
                             const float* log_det_in /* [S] or NULL: 0 */, const bhn_flow_step* steps /* [n_steps] */, int64_t samples,
                             int64_t d, int64_t n_steps, float delta);
/* Adds to d_z (NULL: not wanted) and overwrites the factors of all steps. d_y and d_log_det may be NULL (0). The gradient of log_det_in
 * is d_log_det itself: the caller passes it on. work is memory the op may use, [S (2 D + 2 O + BHN_MADE_PARTS max(I, H) + H)] for the
 * largest I, H and O of the steps. */
BHN_API int32_t bhn_flow_bwd(bhn_context* context, float* d_z /* [S, D] */, float* work, const float* d_y /* [S, D] */,
                             const float* d_log_det /* [S] */, const bhn_flow_step* steps /* [n_steps] */, int64_t samples, int64_t d,
                             int64_t n_steps, float delta);

/* ---- affine: the linear flow, z = s eps + b, s = exp(w) + delta, log_det = log_det_in + sum_d log s --------------------------- */
BHN_API int32_t bhn_affine_fwd(bhn_context* context, float* z /* [S, D] */, float* log_det /* [S] */, const float* eps /* [S, D] */,
                               const float* w /* [D] */, const float* b /* [D] */, const float* log_det_in /* [S] or NULL */,
                               int64_t samples, int64_t d, float delta);
/* d_z and d_log_det may be NULL (0). */
BHN_API int32_t bhn_affine_bwd(bhn_context* context, float* d_eps, float* d_w, float* d_b, const float* d_z, const float* d_log_det,
                               const float* eps, const float* w, int64_t samples, int64_t d, float delta);
BHN_API int32_t bhn_affine_inv(bhn_context* context, float* eps, float* log_det, const float* z, const float* w, const float* b,
                               const float* log_det_in /* [S] or NULL */, int64_t samples, int64_t d, float delta);

/* ---- likelihood: log p(y_b | outputs of row (s, b)), in nats, log_lik [S*B] ------------------------------------------------------ */

/* log-softmax of the logits at the label; labels must be in [0, C), so C >= 1 where there are rows. */
BHN_API int32_t bhn_categorical_fwd(bhn_context* context, float* log_lik /* [S*B] */, const float* logits /* [S*B, C] */,
                                    const int32_t* labels /* [B] */, int64_t samples, int64_t batch, int64_t classes);
BHN_API int32_t bhn_categorical_bwd(bhn_context* context, float* d_logits, const float* d_log_lik, const float* logits,
                                    const int32_t* labels, int64_t samples, int64_t batch, int64_t classes);
/* sum_o -1/2 (log 2 pi + v + (y - mean)^2 exp(-v)), v = log_var by mode (enum bhn_log_var_mode). An error of 0 counts as 0 whatever v. */
BHN_API int32_t bhn_gaussian_fwd(bhn_context* context, float* log_lik /* [S*B] */, const float* mean /* [S*B, O] */, const float* log_var,
                                 const float* target /* [B, O] */, int64_t samples, int64_t batch, int64_t outputs, int64_t ld_mean,
                                 int64_t ld_log_var, int32_t log_var_mode);
BHN_API int32_t bhn_gaussian_bwd(bhn_context* context, float* d_mean, float* d_log_var, const float* d_log_lik, const float* mean,
                                 const float* log_var, const float* target, int64_t samples, int64_t batch, int64_t outputs,
                                 int64_t ld_mean, int64_t ld_log_var, int32_t log_var_mode);
/* Student's t of nu degrees of freedom in [0.01, 1e6] and scale exp(v / 2), v = log_var by mode, which with this density is no variance:
 * sum_o log gamma((nu + 1) / 2) - log gamma(nu / 2) - 1/2 (log(nu pi) + v) - (nu + 1) / 2 log1p(t^2 / nu), t = (y - mean) exp(-v / 2).
 * For each unit of d_log_lik the gradient of a mean is at most (nu + 1) / |y - mean|, and that of v in [-1/2, nu / 2]. */
BHN_API int32_t bhn_student_t_fwd(bhn_context* context, float* log_lik /* [S*B] */, const float* mean /* [S*B, O] */, const float* log_var,
                                  const float* target /* [B, O] */, int64_t samples, int64_t batch, int64_t outputs, int64_t ld_mean,
                                  int64_t ld_log_var, int32_t log_var_mode, float degrees_of_freedom);
BHN_API int32_t bhn_student_t_bwd(bhn_context* context, float* d_mean, float* d_log_var, const float* d_log_lik, const float* mean,
                                  const float* log_var, const float* target, int64_t samples, int64_t batch, int64_t outputs,
                                  int64_t ld_mean, int64_t ld_log_var, int32_t log_var_mode, float degrees_of_freedom);
/* sum_o y x - softplus(x), x the logit, y in [0, 1]. */
BHN_API int32_t bhn_bernoulli_fwd(bhn_context* context, float* log_lik /* [S*B] */, const float* logits /* [S*B, O] */,
                                  const float* target /* [B, O] */, int64_t samples, int64_t batch, int64_t outputs);
BHN_API int32_t bhn_bernoulli_bwd(bhn_context* context, float* d_logits, const float* d_log_lik, const float* logits, const float* target,
                                  int64_t samples, int64_t batch, int64_t outputs);
/* sum_o y x - exp(x) - log gamma(y + 1), x the log of the rate, y >= 0 and not only integers; that is not looked at, and what a negative y
 * gives has no meaning. y x counts as 0 where y is 0, whatever x. Terms that cancel where x is near log y are not formed, so that a large y
 * costs no digits. From x = 88.73 on exp(x) is an infinity to float: log_lik is -infinity then, and d_log_rate is d_log_lik times that. */
BHN_API int32_t bhn_poisson_fwd(bhn_context* context, float* log_lik /* [S*B] */, const float* log_rate /* [S*B, O] */,
                                const float* target /* [B, O] */, int64_t samples, int64_t batch, int64_t outputs);
BHN_API int32_t bhn_poisson_bwd(bhn_context* context, float* d_log_rate, const float* d_log_lik, const float* log_rate, const float* target,
                                int64_t samples, int64_t batch, int64_t outputs);

/* ---- prior: log_prior[s] = log_prior_in[s] + sum_d log p(w[s, d]), normalised densities ------------------------------------------
 * Standard deviations and scales are in [1e-18, 1e18], means in [-1e30, 1e30], the mixture's weight in [0, 1]. */
BHN_API int32_t bhn_prior_fwd(bhn_context* context, float* log_prior /* [S] */, const float* w /* [S, D] */,
                              const float* log_prior_in /* [S] or NULL */, int64_t samples, int64_t d, int64_t ld_w, int32_t prior,
                              float p0, float p1, float p2);
BHN_API int32_t bhn_prior_bwd(bhn_context* context, float* d_w, const float* d_log_prior /* [S] */, const float* w, int64_t samples,
                              int64_t d, int64_t ld_w, int32_t prior, float p0, float p1, float p2);

/* ---- elbo: the training loss and its items ----------------------------------------------------------------------------------------
 * items = [loss, mean log_lik, mean log_prior, mean log_det], loss = -mean(log_lik) - *kl_scale (mean(log_prior) + mean(log_det)),
 * kl_scale = beta / N in device memory. log_prior and log_det (both [draws]) may be NULL (0). Sums in double. */
BHN_API int32_t bhn_elbo_fwd(bhn_context* context, float* items /* [4] */, const float* log_lik /* [rows] */,
                             const float* log_prior /* [draws] */, const float* log_det /* [draws] */, const float* kl_scale /* [1] */,
                             int64_t rows, int64_t draws);
/* Gradients of the loss, times *d_loss (NULL: 1). */
BHN_API int32_t bhn_elbo_bwd(bhn_context* context, float* d_log_lik, float* d_log_prior, float* d_log_det, const float* d_loss /* [1] */,
                             const float* kl_scale /* [1] */, int64_t rows, int64_t draws);

/* ---- adam (Kingma and Ba 2015), with clipping, over many tensors in one call ----------------------------------------------------
 * norm = sqrt(sum of squares of all gradients); g <- g min(norm, max_norm) / (1e-7 + norm) if max_norm > 0; then each element is
 * clamped to [-clip, clip] if clip > 0; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; t = *step + 1;
 * theta -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps); *step = t.
 * hyper = [lr, b1, b2, eps, max_norm, clip]: finite, with b1 and b2 in [0, 1), and 0 <= *step < 2^63 - 1; only in memory of the host is
 * that looked at. report = [norm, 1] after a step. If float does not hold the norm, or (with max_norm > 0) not max_norm / norm as a normal
 * number, report = [norm, -1], and theta, m, v and *step stay as they are. A call that finds report[1] < 0 changes nothing at all: the
 * first bad step stays the last one, however late the host looks, until it sets report[1] to 0 or more. theta, m, v, grad, sizes and made
 * are arrays in host memory, read before the call returns; what they point to, step, report and hyper are the device's. Sum of squares in
 * double. On the CPU the update takes what is below the smallest normal number as zero. */
typedef struct bhn_made_gradient {
  int64_t tensor;       /* place of the conditioner's params among the tensors; rises from entry to entry */
  const float* factors; /* of bhn_made_bwd, as is the rest; for a net without weight norm the factors d_g are 0 */
  const float* z;
  const float* h;
  const int32_t* row_start;
  int64_t samples, inputs, hidden, outputs, weights, ld_z;
} bhn_made_gradient;
/* grad[i] is NULL where an entry of made names tensor i: that gradient is formed from its factors inside the update, so it is never
 * written to memory. */
BHN_API int32_t bhn_adam_step(bhn_context* context, float* const* theta, float* const* m, float* const* v, int64_t* step /* [1] */,
                              float* report /* [2] */, const float* const* grad, const int64_t* sizes /* [tensors] */,
                              const float* hyper /* [6] */, const bhn_made_gradient* made /* [mades] */, int64_t tensors, int64_t mades);

/* ---- predictive: statistics over weight samples, streamed ---------------------------------------------------------------------------
 * Each call takes S further samples after the `seen` that the state already holds (seen = 0 starts anew: the state is overwritten);
 * samples are folded in one by one, so that pieces of any size give the same bits. mean and m2 follow Welford: the variance over
 * samples is m2 / n. */

/* p = softmax(logits): mean [B, C], m2 [B, C], entropy [B] = running mean of H[p] in nats, votes [B, C] = counts of arg max. C >= 1. */
BHN_API int32_t bhn_predictive_categorical(bhn_context* context, float* mean, float* m2, float* entropy, int32_t* votes,
                                           const float* logits /* [S*B, C] */, int64_t samples, int64_t batch, int64_t classes,
                                           int64_t seen);
/* Moments of values [S*B, O]: mean [B, O], m2 [B, O]. */
BHN_API int32_t bhn_predictive_moments(bhn_context* context, float* mean, float* m2, const float* values /* [S*B, O] */, int64_t samples,
                                       int64_t batch, int64_t outputs, int64_t ld_values, int64_t seen);
/* log(1/n sum_s exp(log_lik[s, b])), the running log predictive density, is the sum of log_mean[b, 0], which is it in single precision, and
 * log_mean[b, 1], which is what rounding left: thousands of samples would lose what float does not hold of each. */
BHN_API int32_t bhn_predictive_log_lik(bhn_context* context, float* log_mean /* [B, 2] */, const float* log_lik /* [S*B] */,
                                       int64_t samples, int64_t batch, int64_t seen);

/* ---- dropout (inverted): y = x mask / (1 - rate) ----------------------------------------------------------------------------------------
 * The unit of row b, column j of sample s is dropped iff uniform < rate, where uniform is element (first_row + b) 4 ceil(cols/4) + j of
 * the Philox stream at counter *counter + s: independent of how rows and samples are cut into pieces. 0 <= rate < 1. What is dropped is 0,
 * whatever it was. (first_row + B) ceil(cols/4) <= 2^32.
 * shared_input != 0: x is [B, cols] and serves all samples. The backward draws the mask again. */
BHN_API int32_t bhn_dropout_fwd(bhn_context* context, float* y /* [S*B, cols] */, const float* x, const int64_t* counter /* [1] */,
                                int64_t samples, int64_t batch, int64_t cols, int64_t first_row, int64_t seed, int64_t stream, float rate,
                                int32_t shared_input);
BHN_API int32_t bhn_dropout_bwd(bhn_context* context, float* d_x, const float* d_y, const int64_t* counter, int64_t samples, int64_t batch,
                                int64_t cols, int64_t first_row, int64_t seed, int64_t stream, float rate, int32_t shared_input);

/* ---- pool: the largest of each window of an image, channels last -------------------------------------------------------------------------
 * y[b, i, j, c] = max of x[b, i stride + p, j stride + q, c] over 0 <= p, q < window; OH = (H - window) / stride + 1, OW likewise, so that
 * windows stay inside the image. A NaN counts as the largest. The backward searches the maximum again; of equal ones the first in the
 * order (p, q) gets the gradient. 1 <= window <= min(H, W), window < 2^15. */
BHN_API int32_t bhn_pool_fwd(bhn_context* context, float* y /* [B, OH, OW, C] */, const float* x /* [B, H, W, C] */, int64_t batch,
                             int64_t height, int64_t width, int64_t channels, int64_t window, int64_t stride);
BHN_API int32_t bhn_pool_bwd(bhn_context* context, float* d_x, const float* d_y, const float* x, int64_t batch, int64_t height,
                             int64_t width, int64_t channels, int64_t window, int64_t stride);

#ifdef __cplusplus
}
#endif

#endif /* BHN_H */
