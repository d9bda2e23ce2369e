// Error text of the calling thread, and the checks that every entry point makes.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "bhn.h"
#include "core/context.h"
#include "cpu/kernels.h"
#include "cuda/kernels.h"

namespace bhn {

// Stores the text of a failure and returns its status.
int32_t fail(int32_t status, const char* format, ...) __attribute__((format(printf, 2, 3)));

// Runs the body of an entry point; nothing may leave it but a status.
template <class Body>
int32_t entry(const char* op, Body&& body) noexcept {
  try {
    return body();
  } catch (...) {
    return fail(BHN_INTERNAL, "%s: unexpected exception", op);
  }
}

// The product, or the largest number: sizes are multiplied before their check has spoken.
inline int64_t count(std::initializer_list<int64_t> sizes) {
  int64_t product = 1;
  for (int64_t size : sizes) {
    product = __builtin_mul_overflow(product, size, &product) ? INT64_MAX : product;
  }
  return product;
}
inline int64_t count(int64_t a, int64_t b) { return count({a, b}); }
inline int64_t count(int64_t a, int64_t b, int64_t c) { return count({a, b, c}); }

// Checks the arguments of one op. The first failure is kept; ask status() at the end. Arguments are unchecked numbers until bad() has said
// no: arithmetic on them waits for that, or goes through count().
class Args {
 public:
  Args(const char* op, bhn_context* context);

  // A size: in [0, 2^40]. Products of two may leave the range of int64_t: extent() looks at those.
  Args& size(const char* name, int64_t value);
  // A pointer that is read or written if count > 0. Unless it is NULL it is aligned as its type asks.
  template <class T>
  Args& pointer(const char* name, const T* p, int64_t count = 1) {
    return aligned(name, p, count, int64_t(alignof(T)));
  }
  Args& pointer(const char* name, const void* p, int64_t count = 1) { return aligned(name, p, count, 1); }
  // One that may be NULL.
  template <class T>
  Args& optional(const char* name, const T* p) {
    return aligned(name, p, 0, int64_t(alignof(T)));
  }
  // A leading dimension: at least the row's width.
  Args& stride(const char* name, int64_t value, const char* width_name, int64_t width);
  Args& range(const char* name, int64_t value, int64_t low, int64_t high);
  Args& real(const char* name, float value, float low, float high);
  // What a scale has at least: 0, or a normal number, of which logarithms are right.
  Args& delta(float value);
  // The product of these sizes must be addressable, and of any of them: one that is 0 does not excuse the others.
  Args& extent(const char* name, std::initializer_list<int64_t> sizes);
  // Anything else that is wrong.
  Args& refuse(const char* reason);
  // What a CUDA launcher returned. The text names the error, the op and its sizes.
  Args& launched(int error);

  // Runs the twin of the context's device. Both take the same arguments after their first.
  template <class Cpu, class Cuda, class... A>
  int32_t run(Cpu Kernels::* cpu, Cuda CudaKernels::* cuda, A... arguments) {
    if (!bad()) {
      if (context_->device == BHN_CPU) {
        (cpu_kernels().*cpu)(context_->threads, arguments...);
      } else {
        launched((cuda_kernels()->*cuda)(context_->queue, arguments...));
      }
    }
    return status_;
  }

  int32_t status() const { return status_; }
  bool bad() const { return status_ != BHN_OK; }
  // Whether values in device memory can be looked at here.
  bool on_host() const { return context_->device == BHN_CPU; }

 private:
  struct Named {
    const char* name;
    int64_t value;
  };
  static constexpr int kSizes = 8;

  void remember(const char* name, int64_t value);
  Args& aligned(const char* name, const void* p, int64_t count, int64_t alignment);

  const char* op_;
  bhn_context* context_;
  int32_t status_ = BHN_OK;
  int sizes_ = 0;
  Named size_[kSizes];
};

// Runs the twin of the context's device, checked: BHN_RUN(args, gain_fwd, y, t, ...).
#define BHN_RUN(args, op, ...) (args).run(&bhn::Kernels::op, &bhn::CudaKernels::op, __VA_ARGS__)

}  // namespace bhn
