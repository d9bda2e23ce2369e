#include "core/status.h"

using namespace bhn;

namespace {

int32_t check(const char* op, bhn_context* context, const int32_t* permutation, int64_t samples, int64_t d, int64_t ld_y, int64_t ld_x) {
  Args args(op, context);
  args.size("samples", samples).size("d", d).stride("ld_y", ld_y, "d", d).stride("ld_x", ld_x, "d", d);
  args.extent("y", {samples, ld_y}).extent("x", {samples, ld_x}).pointer("permutation", permutation, d);
  if (args.bad()) {
    return args.status();
  }
  // In device memory the kernel looks at it.
  for (int64_t j = 0; args.on_host() && j < d; ++j) {
    if (permutation[j] < 0 || permutation[j] >= d) {
      return fail(BHN_INVALID_ARGUMENT, "%s: permutation[%lld] = %d is not in [0, d = %lld)", op, (long long)j, permutation[j],
                  (long long)d);
    }
  }
  return BHN_OK;
}

}  // namespace

extern "C" {

int32_t bhn_permute_fwd(bhn_context* context, float* y, const float* x, const int32_t* permutation, int64_t samples, int64_t d,
                        int64_t ld_y, int64_t ld_x) {
  int32_t status = check("permute_fwd", context, permutation, samples, d, ld_y, ld_x);
  if (status != BHN_OK || samples * d == 0) {
    return status;
  }
  Args args("permute_fwd", context);
  args.pointer("y", y).pointer("x", x);
  if (!args.bad()) {
    BHN_RUN(args, permute_fwd, y, x, permutation, samples, d, ld_y, ld_x);
  }
  return args.status();
}

int32_t bhn_permute_bwd(bhn_context* context, float* d_x, const float* d_y, const int32_t* permutation, int64_t samples, int64_t d,
                        int64_t ld_y, int64_t ld_x) {
  int32_t status = check("permute_bwd", context, permutation, samples, d, ld_y, ld_x);
  if (status != BHN_OK || samples * d == 0 || d_x == nullptr) {
    return status;
  }
  Args args("permute_bwd", context);
  args.pointer("d_y", d_y).optional("d_x", d_x);
  if (!args.bad()) {
    BHN_RUN(args, permute_bwd, d_x, d_y, permutation, samples, d, ld_y, ld_x);
  }
  return args.status();
}

}  // extern "C"
