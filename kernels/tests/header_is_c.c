/* bhn.h is C11 without extensions, and a C program can call the library. */
#pragma GCC diagnostic error "-Wpedantic"
#pragma GCC diagnostic error "-Wstrict-prototypes"
#include "bhn.h"

#include <stdio.h>
#include <string.h>

int main(void) {
  bhn_context* context = NULL;
  float x[2] = {1.0f, 2.0f};
  float y[2] = {0.0f, 0.0f};
  if (bhn_abi_version() != BHN_ABI_VERSION || strlen(bhn_build_info()) == 0 || strlen(bhn_last_error()) != 0) {
    return 1;
  }
  printf("%s, %s\n", bhn_build_info(), bhn_simd_level());
  if (bhn_context_create(&context, BHN_CPU, 0, NULL, 1) != BHN_OK || bhn_copy(context, y, x, 1, 2, 2, 2) != BHN_OK) {
    printf("%s\n", bhn_last_error());
    return 2;
  }
  if (y[0] != 1.0f || y[1] != 2.0f || bhn_copy(context, y, NULL, 1, 2, 2, 2) != BHN_INVALID_ARGUMENT) {
    return 3;
  }
  if (strstr(bhn_last_error(), "copy: x is NULL") == NULL) {
    return 4;
  }
  return bhn_context_destroy(context) == BHN_OK ? 0 : 5;
}
