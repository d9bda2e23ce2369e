// Error text of the calling thread, and the checks that every entry point makes.
#pragma once

#include <cstdint>

#include "bhn.h"
#include "core/context.h"

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

// a b, or the largest number: sizes are multiplied before their check has spoken.
inline int64_t count(int64_t a, int64_t b) {
  int64_t product;
  return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

// Checks the arguments of one op. The first failure is kept; ask status() at the end.
class Args {
 public:
  Args(const char* op, const bhn_context* context);

  // A size: not negative, and small enough that products of three stay below 2^62.
  Args& size(const char* name, int64_t value);
  // A pointer that is read or written because count > 0.
  Args& pointer(const char* name, const void* p, int64_t count = 1);
  // A leading dimension: at least the row's width.
  Args& stride(const char* name, int64_t value, const char* width_name, int64_t width);
  Args& range(const char* name, int64_t value, int64_t low, int64_t high);
  Args& real(const char* name, float value, float low, float high);
  // rows * columns must be addressable.
  Args& extent(const char* name, int64_t rows, int64_t columns);
  // Anything else that is wrong.
  Args& refuse(const char* reason);

  int32_t status() const { return status_; }
  bool bad() const { return status_ != BHN_OK; }

 private:
  const char* op_;
  int32_t status_ = BHN_OK;
};

}  // namespace bhn
