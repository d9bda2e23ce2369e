#include "core/status.h"

#include <cfloat>
#include <cstdarg>
#include <cstdio>

namespace bhn {
namespace {

constexpr int64_t kMostElements = int64_t(1) << 46;

thread_local char text[512] = "";

}  // namespace

const char* last_error() { return text; }

int32_t fail(int32_t status, const char* format, ...) {
  va_list values;
  va_start(values, format);
  vsnprintf(text, sizeof text, format, values);
  va_end(values);
  return status;
}

Args::Args(const char* op, bhn_context* context) : op_(op), context_(context) {
  if (context == nullptr || context->magic != bhn_context::kAlive) {
    status_ = fail(BHN_INVALID_ARGUMENT, "%s: context is %s", op, context == nullptr ? "NULL" : "not a live context");
  } else if (context->device != BHN_CPU) {
    cuda_kernels()->select(context->ordinal);
    if (context->lost) {
      status_ = fail(BHN_DEVICE_LOST, "%s: CUDA device %d was lost in an earlier call: close the backend and start a new process", op,
                     context->ordinal);
    }
  }
}

void Args::remember(const char* name, int64_t value) {
  if (sizes_ < kSizes) {
    size_[sizes_++] = {name, value};
  }
}

Args& Args::launched(int error) {
  if (error == 0) {
    return *this;
  }
  const CudaKernels& cuda = *cuda_kernels();
  cuda.forget_error();  // it is reported here
  char sizes[256] = "";
  for (int i = 0, at = 0; i < sizes_ && at < int(sizeof sizes); ++i) {
    at += snprintf(sizes + at, sizeof sizes - at, ", %s = %lld", size_[i].name, (long long)size_[i].value);
  }
  context_->lost = cuda.is_lost(error);
  int32_t status = context_->lost ? BHN_DEVICE_LOST : cuda.is_out_of_memory(error) ? BHN_OUT_OF_MEMORY : BHN_DEVICE_ERROR;
  status_ = fail(status, "%s: %s (%s) on CUDA device %d%s", op_, cuda.error_name(error), cuda.error_text(error), context_->ordinal, sizes);
  return *this;
}

Args& Args::size(const char* name, int64_t value) {
  remember(name, value);
  if (!bad() && (value < 0 || value > (int64_t(1) << 40))) {
    status_ = fail(BHN_INVALID_ARGUMENT, "%s: %s = %lld must be in [0, 2^40]", op_, name, (long long)value);
  }
  return *this;
}

Args& Args::aligned(const char* name, const void* p, int64_t count, int64_t alignment) {
  if (!bad() && p == nullptr && count > 0) {
    status_ = fail(BHN_INVALID_ARGUMENT, "%s: %s is NULL", op_, name);
  } else if (!bad() && reinterpret_cast<uintptr_t>(p) % uint64_t(alignment) != 0) {
    status_ = fail(BHN_INVALID_ARGUMENT, "%s: %s = %p is not a multiple of %lld bytes", op_, name, p, (long long)alignment);
  }
  return *this;
}

Args& Args::stride(const char* name, int64_t value, const char* width_name, int64_t width) {
  if (!bad() && value < width) {
    status_ = fail(BHN_INVALID_ARGUMENT, "%s: %s = %lld < %s = %lld", op_, name, (long long)value, width_name, (long long)width);
  } else if (!bad() && value > (int64_t(1) << 40)) {
    status_ = fail(BHN_INVALID_ARGUMENT, "%s: %s = %lld must be at most 2^40", op_, name, (long long)value);
  }
  return *this;
}

Args& Args::range(const char* name, int64_t value, int64_t low, int64_t high) {
  if (!bad() && (value < low || value > high)) {
    status_ =
        fail(BHN_INVALID_ARGUMENT, "%s: %s = %lld must be in [%lld, %lld]", op_, name, (long long)value, (long long)low, (long long)high);
  }
  return *this;
}

Args& Args::real(const char* name, float value, float low, float high) {
  if (!bad() && !(value >= low && value <= high)) {
    status_ = fail(BHN_INVALID_ARGUMENT, "%s: %s = %g must be in [%g, %g]", op_, name, double(value), double(low), double(high));
  }
  return *this;
}

Args& Args::delta(float value) {
  if (!bad() && value != 0.0f && !(value >= FLT_MIN && value <= 1e30f)) {
    status_ = fail(BHN_INVALID_ARGUMENT, "%s: delta = %g must be 0 or in [%g, 1e+30]", op_, double(value), double(FLT_MIN));
  }
  return *this;
}

Args& Args::extent(const char* name, std::initializer_list<int64_t> sizes) {
  int64_t product = 1;
  for (int64_t size : sizes) {
    product = count(product, size > 0 ? size : 1);
  }
  if (bad() || product <= kMostElements) {
    return *this;
  }
  char factors[128] = "";
  int at = 0;
  for (int64_t size : sizes) {
    at += snprintf(factors + at, sizeof factors - at, "%s%lld", at == 0 ? "" : " x ", (long long)size);
  }
  status_ = fail(BHN_INVALID_ARGUMENT, "%s: %s = %s elements is too large", op_, name, factors);
  return *this;
}

Args& Args::refuse(const char* reason) {
  if (!bad()) {
    status_ = fail(BHN_INVALID_ARGUMENT, "%s: %s", op_, reason);
  }
  return *this;
}

}  // namespace bhn
