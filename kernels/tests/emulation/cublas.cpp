// The part of cuBLAS that the project uses, on the emulated device: libcublas.so.13. Products are plain loops, enqueued on the handle's
// stream like a kernel. It is stricter than cuBLAS in one thing: without a workspace of the caller's it refuses products, because cuBLAS
// would then allocate, which a capture does not bear.
#include <cstddef>
#include <cstdint>

#include "tf32.h"

extern "C" int bhn_emulation_enqueue(void* stream, void (*run)(const void*), const void* arguments, size_t bytes);
extern "C" int bhn_emulation_wait(void);

namespace {

enum Status { kSuccess = 0, kNotInitialized = 1, kInvalidValue = 7, kExecutionFailed = 13, kNotSupported = 15 };
enum Math { kDefault = 0, kPedantic = 2, kTf32 = 3 };

struct Handle {
  void* stream = nullptr;
  bool workspace = false;
  int math = kDefault;
};

struct Product {
  bool trans_a, trans_b, tf32;
  int m, n, k, lda, ldb, ldc, count;
  float alpha, beta;
  const float *a, *b;
  float* c;
  long long stride_a, stride_b, stride_c;
};

void multiply(const void* arguments) {
  const Product& p = *static_cast<const Product*>(arguments);
  for (int s = 0; s < p.count; ++s) {
    const float* a = p.a + s * p.stride_a;
    const float* b = p.b + s * p.stride_b;
    float* c = p.c + s * p.stride_c;
    for (int64_t j = 0; j < p.n; ++j) {
      for (int64_t i = 0; i < p.m; ++i) {
        float sum = 0;
        for (int64_t l = 0; l < p.k; ++l) {
          float x = p.trans_a ? a[l + i * p.lda] : a[i + l * p.lda];
          float y = p.trans_b ? b[j + l * p.ldb] : b[l + j * p.ldb];
          sum += p.tf32 ? tf32(x) * tf32(y) : x * y;
        }
        float& to = c[i + j * p.ldc];
        to = p.beta == 0 ? p.alpha * sum : p.alpha * sum + p.beta * to;
      }
    }
  }
}

int enqueue(const Handle* handle, Product p) {
  int rows_a = p.trans_a ? p.k : p.m;
  int rows_b = p.trans_b ? p.n : p.k;
  bool sizes = p.m >= 0 && p.n >= 0 && p.k >= 0 && p.count >= 0;
  bool strides = p.lda >= rows_a && p.ldb >= rows_b && p.ldc >= p.m && p.lda > 0 && p.ldb > 0 && p.ldc > 0;
  if (handle == nullptr || !sizes || !strides) {
    return handle == nullptr ? kNotInitialized : kInvalidValue;
  }
  if (!handle->workspace) {
    return kNotSupported;
  }
  p.tf32 = handle->math == kTf32;
  return bhn_emulation_enqueue(handle->stream, multiply, &p, sizeof p) == 0 ? kSuccess : kExecutionFailed;
}

}  // namespace

#define API extern "C" __attribute__((visibility("default")))

API const char* cublasGetStatusName(int status) {
  switch (status) {
    case kSuccess:
      return "CUBLAS_STATUS_SUCCESS";
    case kNotInitialized:
      return "CUBLAS_STATUS_NOT_INITIALIZED";
    case 3:
      return "CUBLAS_STATUS_ALLOC_FAILED";
    case kInvalidValue:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case 8:
      return "CUBLAS_STATUS_ARCH_MISMATCH";
    case 11:
      return "CUBLAS_STATUS_MAPPING_ERROR";
    case kExecutionFailed:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
    case 14:
      return "CUBLAS_STATUS_INTERNAL_ERROR";
    case kNotSupported:
      return "CUBLAS_STATUS_NOT_SUPPORTED";
    default:
      return "unknown";
  }
}

API const char* cublasGetStatusString(int) { return "as the emulation reports it"; }

API int cublasGetProperty(int which, int* value) {
  *value = which == 0 ? 13 : 0;
  return kSuccess;
}

API int cublasCreate_v2(Handle** handle) {
  if (bhn_emulation_wait() != 0) {
    return kNotInitialized;
  }
  *handle = new Handle;
  return kSuccess;
}

API int cublasDestroy_v2(Handle* handle) {
  bhn_emulation_wait();
  delete handle;
  return kSuccess;
}

API int cublasGetVersion_v2(Handle*, int* version) {
  *version = 130000;
  return kSuccess;
}

API int cublasSetStream_v2(Handle* handle, void* stream) {
  handle->stream = stream;
  handle->workspace = false;
  return kSuccess;
}

API int cublasSetWorkspace_v2(Handle* handle, void* workspace, size_t bytes) {
  handle->workspace = workspace != nullptr && bytes > 0;
  return kSuccess;
}

API int cublasSetMathMode(Handle* handle, int math) {
  handle->math = math;
  return math == kDefault || math == kPedantic || math == kTf32 ? kSuccess : kInvalidValue;
}

API int cublasSgemm_v2(Handle* handle, int trans_a, int trans_b, int m, int n, int k, const float* alpha, const float* a, int lda,
                       const float* b, int ldb, const float* beta, float* c, int ldc) {
  return enqueue(handle, {trans_a != 0, trans_b != 0, false, m, n, k, lda, ldb, ldc, 1, *alpha, *beta, a, b, c, 0, 0, 0});
}

API int cublasSgemmStridedBatched(Handle* handle, int trans_a, int trans_b, int m, int n, int k, const float* alpha, const float* a,
                                  int lda, long long stride_a, const float* b, int ldb, long long stride_b, const float* beta, float* c,
                                  int ldc, long long stride_c, int count) {
  return enqueue(handle,
                 {trans_a != 0, trans_b != 0, false, m, n, k, lda, ldb, ldc, count, *alpha, *beta, a, b, c, stride_a, stride_b, stride_c});
}
