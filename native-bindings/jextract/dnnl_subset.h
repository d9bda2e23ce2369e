/* The part of the oneDNN 3.x C API that org.bhn calls: names, types and values as in oneapi/dnnl/dnnl.h.
 * Bindings are generated from this file; libdnnl.so.3 supplies the functions. It holds no code. */
#ifndef BHN_DNNL_SUBSET_H
#define BHN_DNNL_SUBSET_H

#include <stddef.h>
#include <stdint.h>

/* ---- types ---------------------------------------------------------------------------------------------------------------- */

typedef enum {
  dnnl_success = 0,
  dnnl_out_of_memory = 1,
  dnnl_invalid_arguments = 2,
  dnnl_unimplemented = 3,
  dnnl_last_impl_reached = 4,
  dnnl_runtime_error = 5,
  dnnl_not_required = 6
} dnnl_status_t;

typedef enum { dnnl_f16 = 1, dnnl_bf16 = 2, dnnl_f32 = 3, dnnl_s32 = 4 } dnnl_data_type_t;

typedef enum {
  dnnl_fpmath_mode_strict = 0,
  dnnl_fpmath_mode_bf16 = 1,
  dnnl_fpmath_mode_f16 = 2,
  dnnl_fpmath_mode_any = 3,
  dnnl_fpmath_mode_tf32 = 4
} dnnl_fpmath_mode_t;

typedef enum { dnnl_cpu = 1 } dnnl_engine_kind_t;
typedef enum { dnnl_stream_in_order = 1 } dnnl_stream_flags_t;

typedef enum {
  dnnl_format_tag_any = 1, /* the library chooses */
  dnnl_a = 2,
  dnnl_ab = 3,
  dnnl_abc = 4,
  dnnl_abcd = 5, /* nchw, oihw */
  dnnl_ba = 14,
  dnnl_acdb = 22 /* nhwc */
} dnnl_format_tag_t;

typedef enum {
  dnnl_forward_training = 64,
  dnnl_forward_inference = 96,
  dnnl_backward_data = 160,
  dnnl_backward_weights = 192
} dnnl_prop_kind_t;

typedef enum {
  dnnl_convolution_direct = 1,
  dnnl_convolution_auto = 3,
  dnnl_eltwise_relu = 32,
  dnnl_eltwise_tanh = 33,
  dnnl_eltwise_gelu_erf = 49,
  dnnl_pooling_max = 511,
  dnnl_binary_add = 131056,
  dnnl_binary_mul = 131057
} dnnl_alg_kind_t;

typedef enum { dnnl_scratchpad_mode_library = 0, dnnl_scratchpad_mode_user = 1 } dnnl_scratchpad_mode_t;

typedef enum {
  dnnl_query_memory_consumption_s64 = 6,
  dnnl_query_impl_info_str = 8,
  dnnl_query_src_md = 129,
  dnnl_query_diff_src_md = 130,
  dnnl_query_weights_md = 131,
  dnnl_query_diff_weights_md = 132,
  dnnl_query_dst_md = 133,
  dnnl_query_diff_dst_md = 134,
  dnnl_query_workspace_md = 135,
  dnnl_query_scratchpad_md = 136
} dnnl_query_t;

#define DNNL_MAX_NDIMS 12

#define DNNL_ARG_SRC 1
#define DNNL_ARG_DST 17
#define DNNL_ARG_WEIGHTS 33
#define DNNL_ARG_BIAS 41
#define DNNL_ARG_WORKSPACE 64
#define DNNL_ARG_SCRATCHPAD 80
#define DNNL_ARG_DIFF_SRC 129
#define DNNL_ARG_DIFF_DST 145
#define DNNL_ARG_DIFF_WEIGHTS 161
#define DNNL_ARG_DIFF_BIAS 169
#define DNNL_ARG_SRC_1 2
/* Second input of post-op i: (DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * (i + 1)) | DNNL_ARG_SRC_1. */
#define DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE 32768

typedef int64_t dnnl_dim_t;

typedef struct dnnl_engine* dnnl_engine_t;
typedef struct dnnl_stream* dnnl_stream_t;
typedef struct dnnl_memory_desc* dnnl_memory_desc_t;
typedef const struct dnnl_memory_desc* const_dnnl_memory_desc_t;
typedef struct dnnl_memory* dnnl_memory_t;
typedef struct dnnl_post_ops* dnnl_post_ops_t;
typedef const struct dnnl_post_ops* const_dnnl_post_ops_t;
typedef struct dnnl_primitive_attr* dnnl_primitive_attr_t;
typedef const struct dnnl_primitive_attr* const_dnnl_primitive_attr_t;
typedef struct dnnl_primitive_desc* dnnl_primitive_desc_t;
typedef const struct dnnl_primitive_desc* const_dnnl_primitive_desc_t;
typedef struct dnnl_primitive* dnnl_primitive_t;
typedef const struct dnnl_primitive* const_dnnl_primitive_t;

typedef struct {
  int arg; /* DNNL_ARG_... */
  dnnl_memory_t memory;
} dnnl_exec_arg_t;

typedef struct {
  int major;
  int minor;
  int patch;
  const char* hash;
  unsigned cpu_runtime;
  unsigned gpu_runtime;
} dnnl_version_t;

/* ---- service -------------------------------------------------------------------------------------------------------------- */

const dnnl_version_t* dnnl_version(void);
dnnl_status_t dnnl_sgemm(char transa, char transb, dnnl_dim_t M, dnnl_dim_t N, dnnl_dim_t K, float alpha, const float* A, dnnl_dim_t lda,
                         const float* B, dnnl_dim_t ldb, float beta, float* C, dnnl_dim_t ldc);

/* ---- engine, stream, memory ----------------------------------------------------------------------------------------------- */

dnnl_status_t dnnl_engine_create(dnnl_engine_t* engine, dnnl_engine_kind_t kind, size_t index);
dnnl_status_t dnnl_engine_destroy(dnnl_engine_t engine);
dnnl_status_t dnnl_stream_create(dnnl_stream_t* stream, dnnl_engine_t engine, unsigned flags);
dnnl_status_t dnnl_stream_destroy(dnnl_stream_t stream);
dnnl_status_t dnnl_stream_wait(dnnl_stream_t stream);

/* dims and strides point to DNNL_MAX_NDIMS numbers, of which ndims are read. */
dnnl_status_t dnnl_memory_desc_create_with_strides(dnnl_memory_desc_t* memory_desc, int ndims, const dnnl_dim_t* dims,
                                                   dnnl_data_type_t data_type, const dnnl_dim_t* strides);
dnnl_status_t dnnl_memory_desc_create_with_tag(dnnl_memory_desc_t* memory_desc, int ndims, const dnnl_dim_t* dims,
                                               dnnl_data_type_t data_type, dnnl_format_tag_t tag);
dnnl_status_t dnnl_memory_desc_destroy(dnnl_memory_desc_t memory_desc);
size_t dnnl_memory_desc_get_size(const_dnnl_memory_desc_t memory_desc);
int dnnl_memory_desc_equal(const_dnnl_memory_desc_t lhs, const_dnnl_memory_desc_t rhs);

dnnl_status_t dnnl_memory_create(dnnl_memory_t* memory, const_dnnl_memory_desc_t memory_desc, dnnl_engine_t engine, void* handle);
dnnl_status_t dnnl_memory_destroy(dnnl_memory_t memory);
dnnl_status_t dnnl_memory_set_data_handle(dnnl_memory_t memory, void* handle);

/* ---- attributes ----------------------------------------------------------------------------------------------------------- */

dnnl_status_t dnnl_primitive_attr_create(dnnl_primitive_attr_t* attr);
dnnl_status_t dnnl_primitive_attr_destroy(dnnl_primitive_attr_t attr);
dnnl_status_t dnnl_primitive_attr_set_fpmath_mode(dnnl_primitive_attr_t attr, dnnl_fpmath_mode_t mode);
dnnl_status_t dnnl_primitive_attr_set_scratchpad_mode(dnnl_primitive_attr_t attr, dnnl_scratchpad_mode_t mode);
dnnl_status_t dnnl_primitive_attr_set_post_ops(dnnl_primitive_attr_t attr, const_dnnl_post_ops_t post_ops);

dnnl_status_t dnnl_post_ops_create(dnnl_post_ops_t* post_ops);
dnnl_status_t dnnl_post_ops_destroy(dnnl_post_ops_t post_ops);
dnnl_status_t dnnl_post_ops_append_eltwise(dnnl_post_ops_t post_ops, dnnl_alg_kind_t alg_kind, float alpha, float beta);
dnnl_status_t dnnl_post_ops_append_sum(dnnl_post_ops_t post_ops, float scale, int32_t zero_point, dnnl_data_type_t data_type);
dnnl_status_t dnnl_post_ops_append_binary(dnnl_post_ops_t post_ops, dnnl_alg_kind_t alg_kind, const_dnnl_memory_desc_t src1_desc);

/* ---- primitives ----------------------------------------------------------------------------------------------------------- */

dnnl_status_t dnnl_matmul_primitive_desc_create(dnnl_primitive_desc_t* primitive_desc, dnnl_engine_t engine,
                                                const_dnnl_memory_desc_t src_desc, const_dnnl_memory_desc_t weights_desc,
                                                const_dnnl_memory_desc_t bias_desc, const_dnnl_memory_desc_t dst_desc,
                                                const_dnnl_primitive_attr_t attr);
dnnl_status_t dnnl_convolution_forward_primitive_desc_create(dnnl_primitive_desc_t* primitive_desc, dnnl_engine_t engine,
                                                             dnnl_prop_kind_t prop_kind, dnnl_alg_kind_t alg_kind,
                                                             const_dnnl_memory_desc_t src_desc, const_dnnl_memory_desc_t weights_desc,
                                                             const_dnnl_memory_desc_t bias_desc, const_dnnl_memory_desc_t dst_desc,
                                                             const dnnl_dim_t* strides, const dnnl_dim_t* dilates,
                                                             const dnnl_dim_t* padding_l, const dnnl_dim_t* padding_r,
                                                             const_dnnl_primitive_attr_t attr);
dnnl_status_t dnnl_convolution_backward_data_primitive_desc_create(
    dnnl_primitive_desc_t* primitive_desc, dnnl_engine_t engine, dnnl_alg_kind_t alg_kind, const_dnnl_memory_desc_t diff_src_desc,
    const_dnnl_memory_desc_t weights_desc, const_dnnl_memory_desc_t diff_dst_desc, const dnnl_dim_t* strides, const dnnl_dim_t* dilates,
    const dnnl_dim_t* padding_l, const dnnl_dim_t* padding_r, const_dnnl_primitive_desc_t hint_fwd_pd, const_dnnl_primitive_attr_t attr);
dnnl_status_t dnnl_convolution_backward_weights_primitive_desc_create(
    dnnl_primitive_desc_t* primitive_desc, dnnl_engine_t engine, dnnl_alg_kind_t alg_kind, const_dnnl_memory_desc_t src_desc,
    const_dnnl_memory_desc_t diff_weights_desc, const_dnnl_memory_desc_t diff_bias_desc, const_dnnl_memory_desc_t diff_dst_desc,
    const dnnl_dim_t* strides, const dnnl_dim_t* dilates, const dnnl_dim_t* padding_l, const dnnl_dim_t* padding_r,
    const_dnnl_primitive_desc_t hint_fwd_pd, const_dnnl_primitive_attr_t attr);
dnnl_status_t dnnl_pooling_forward_primitive_desc_create(dnnl_primitive_desc_t* primitive_desc, dnnl_engine_t engine,
                                                         dnnl_prop_kind_t prop_kind, dnnl_alg_kind_t alg_kind,
                                                         const_dnnl_memory_desc_t src_desc, const_dnnl_memory_desc_t dst_desc,
                                                         const dnnl_dim_t* strides, const dnnl_dim_t* kernel, const dnnl_dim_t* dilation,
                                                         const dnnl_dim_t* padding_l, const dnnl_dim_t* padding_r,
                                                         const_dnnl_primitive_attr_t attr);
dnnl_status_t dnnl_pooling_backward_primitive_desc_create(dnnl_primitive_desc_t* primitive_desc, dnnl_engine_t engine,
                                                          dnnl_alg_kind_t alg_kind, const_dnnl_memory_desc_t diff_src_desc,
                                                          const_dnnl_memory_desc_t diff_dst_desc, const dnnl_dim_t* strides,
                                                          const dnnl_dim_t* kernel, const dnnl_dim_t* dilation, const dnnl_dim_t* padding_l,
                                                          const dnnl_dim_t* padding_r, const_dnnl_primitive_desc_t hint_fwd_pd,
                                                          const_dnnl_primitive_attr_t attr);
dnnl_status_t dnnl_reorder_primitive_desc_create(dnnl_primitive_desc_t* reorder_primitive_desc, const_dnnl_memory_desc_t src_desc,
                                                 dnnl_engine_t src_engine, const_dnnl_memory_desc_t dst_desc, dnnl_engine_t dst_engine,
                                                 const_dnnl_primitive_attr_t attr);

/* The descriptor returned by query_md belongs to the primitive descriptor; NULL when there is none. */
const_dnnl_memory_desc_t dnnl_primitive_desc_query_md(const_dnnl_primitive_desc_t primitive_desc, dnnl_query_t what, int index);
dnnl_status_t dnnl_primitive_desc_query(const_dnnl_primitive_desc_t primitive_desc, dnnl_query_t what, int index, void* result);
dnnl_status_t dnnl_primitive_desc_destroy(dnnl_primitive_desc_t primitive_desc);

dnnl_status_t dnnl_primitive_create(dnnl_primitive_t* primitive, const_dnnl_primitive_desc_t primitive_desc);
dnnl_status_t dnnl_primitive_execute(const_dnnl_primitive_t primitive, dnnl_stream_t stream, int nargs, const dnnl_exec_arg_t* args);
dnnl_status_t dnnl_primitive_destroy(dnnl_primitive_t primitive);

#endif
