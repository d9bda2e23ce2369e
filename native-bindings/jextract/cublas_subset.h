/* The part of the cuBLAS API that org.bhn calls: names, types and values as in cublas_v2.h of CUDA 12 and 13. Functions bear the names
 * of their symbols. Bindings are generated from this file; libcublas.so.13 or .12 supplies the functions. It holds no code. */
#ifndef BHN_CUBLAS_SUBSET_H
#define BHN_CUBLAS_SUBSET_H

#include <stddef.h>

/* ---- types ---------------------------------------------------------------------------------------------------------------- */

typedef enum {
  CUBLAS_STATUS_SUCCESS = 0,
  CUBLAS_STATUS_NOT_INITIALIZED = 1,
  CUBLAS_STATUS_ALLOC_FAILED = 3,
  CUBLAS_STATUS_INVALID_VALUE = 7,
  CUBLAS_STATUS_ARCH_MISMATCH = 8,
  CUBLAS_STATUS_MAPPING_ERROR = 11,
  CUBLAS_STATUS_EXECUTION_FAILED = 13,
  CUBLAS_STATUS_INTERNAL_ERROR = 14,
  CUBLAS_STATUS_NOT_SUPPORTED = 15
} cublasStatus_t;

typedef enum { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1 } cublasOperation_t;

typedef enum {
  CUBLAS_DEFAULT_MATH = 0,       /* at least f32 */
  CUBLAS_PEDANTIC_MATH = 2,      /* f32 and standard arithmetic in every phase */
  CUBLAS_TF32_TENSOR_OP_MATH = 3 /* factors rounded to 10 bits of mantissa */
} cublasMath_t;

typedef struct CUstream_st* cudaStream_t;
typedef struct cublasContext* cublasHandle_t;

/* ---- service -------------------------------------------------------------------------------------------------------------- */

const char* cublasGetStatusName(cublasStatus_t status);
const char* cublasGetStatusString(cublasStatus_t status);

/* On the thread's current device. */
cublasStatus_t cublasCreate_v2(cublasHandle_t* handle);
cublasStatus_t cublasDestroy_v2(cublasHandle_t handle);
cublasStatus_t cublasGetVersion_v2(cublasHandle_t handle, int* version);
/* Setting the stream also sets the workspace back to the library's own: set the workspace after it. */
cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t streamId);
cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, size_t workspaceSizeInBytes);
cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode);

/* ---- products ------------------------------------------------------------------------------------------------------------- */

/* C = alpha op(A) op(B) + beta C, column-major, C is m x n; alpha and beta lie in host memory and are read by the call. */
cublasStatus_t cublasSgemm_v2(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
                              const float* alpha, const float* A, int lda, const float* B, int ldb, const float* beta, float* C, int ldc);
/* The same batchCount times; matrix i begins i strides (in elements) after the first. */
cublasStatus_t cublasSgemmStridedBatched(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
                                         const float* alpha, const float* A, int lda, long long strideA, const float* B, int ldb,
                                         long long strideB, const float* beta, float* C, int ldc, long long strideC, int batchCount);

#endif
