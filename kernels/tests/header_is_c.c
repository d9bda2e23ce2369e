// bhn.h is C11: this file is compiled as such. Version, contexts, memory and the texts of their failures.
#include <stdlib.h>

#include "check.h"

static void versions(void) {
  CHECK(bhn_abi_version() == BHN_ABI_VERSION);
  CHECK(strncmp(bhn_build_info(), "libbhn ", 7) == 0);
  CHECK(strchr(bhn_build_info(), '\n') == NULL);
  const char* simd = bhn_simd_level();
  CHECK(strcmp(simd, "base") == 0 || strcmp(simd, "avx2") == 0 || strcmp(simd, "avx512") == 0);
  const char* asked = getenv("BHN_SIMD");
  if (asked != NULL && strcmp(asked, "base") == 0) {
    CHECK(strcmp(simd, "base") == 0);
  }
  CHECK(strcmp(bhn_last_error(), "") == 0);
  CHECK(BHN_OK == 0 && BHN_INVALID_ARGUMENT == 1 && BHN_OUT_OF_MEMORY == 2 && BHN_UNSUPPORTED == 3);
  CHECK(BHN_NO_DEVICE == 4 && BHN_DEVICE_ERROR == 5 && BHN_DEVICE_LOST == 6 && BHN_INTERNAL == 7);
}

static void contexts(void) {
  bhn_context* context = NULL;
  REFUSED("context_create", "context is NULL", bhn_context_create(NULL, BHN_CPU, 0, NULL, 1));
  REFUSED("context_create", "threads = -1", bhn_context_create(&context, BHN_CPU, 0, NULL, -1));
  CHECK(context == NULL);
  REFUSED("context_create", "threads = 1000000", bhn_context_create(&context, BHN_CPU, 0, NULL, 1000000));
  REFUSED("context_create", "ordinal = 1", bhn_context_create(&context, BHN_CPU, 1, NULL, 1));
  REFUSED("context_create", "ordinal = -1", bhn_context_create(&context, BHN_CPU, -1, NULL, 1));
  REFUSED("context_create", "device = 7", bhn_context_create(&context, 7, 0, NULL, 1));
  REFUSED("context_create", "device = -1", bhn_context_create(&context, -1, 0, NULL, 1));
  REFUSED("context_destroy", "context", bhn_context_destroy(NULL));
  REFUSED("context_sync", "context", bhn_context_sync(NULL));
  REFUSED("context_reserve", "context", bhn_context_reserve(NULL, 1));
  for (int32_t threads = 0; threads < 4; ++threads) {
    OK(bhn_context_create(&context, BHN_CPU, 0, NULL, threads));
    CHECK(context != NULL);
    OK(bhn_context_sync(context));
    OK(bhn_context_destroy(context));
  }
}

static void cuda(void) {
  bhn_context* context = NULL;
  int32_t status = bhn_context_create(&context, BHN_CUDA, 0, NULL, 1);
  if (strstr(bhn_build_info(), "cuda") == NULL) {
    CHECK(status == BHN_UNSUPPORTED && context == NULL);
    CHECK(strstr(bhn_last_error(), "context_create") != NULL && strstr(bhn_last_error(), "CUDA") != NULL);
  } else if (status == BHN_OK) {
    OK(bhn_context_destroy(context));
  } else {
    CHECK(status == BHN_NO_DEVICE && context == NULL && strlen(bhn_last_error()) > 0);
  }
}

static void memory(bhn_context* context) {
  void* p = &p;
  REFUSED("memory_alloc", "context", bhn_memory_alloc(NULL, &p, 8));
  REFUSED("memory_alloc", "memory", bhn_memory_alloc(context, NULL, 8));
  REFUSED("memory_alloc", "bytes = -5", bhn_memory_alloc(context, &p, -5));
  CHECK(p == NULL);
  REFUSED_AS(BHN_OUT_OF_MEMORY, "memory_alloc", "9223372036854775807", bhn_memory_alloc(context, &p, INT64_MAX));
  CHECK(p == NULL);
  REFUSED_AS(BHN_OUT_OF_MEMORY, "memory_alloc", "4611686018427387904", bhn_memory_alloc(context, &p, INT64_C(1) << 62));
  REFUSED_AS(BHN_OUT_OF_MEMORY, "memory_alloc", "70368744177664", bhn_memory_alloc(context, &p, INT64_C(1) << 46));
  const int64_t sizes[] = {0, 1, 63, 64, 65, 4096, (4 << 20) - 1, 4 << 20, (4 << 20) + 4097};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    OK(bhn_memory_alloc(context, &p, sizes[i]));
    CHECK(p != NULL && (uintptr_t)p % 64 == 0);
    int zeroed = 1;
    for (int64_t k = 0; p != NULL && k < sizes[i]; ++k) {
      zeroed = zeroed && ((unsigned char*)p)[k] == 0;
    }
    CHECK(zeroed);
    if (p != NULL && sizes[i] > 0) {
      memset(p, 0xff, (size_t)sizes[i]);
    }
    OK(bhn_memory_free(context, p));
  }
  OK(bhn_memory_free(context, NULL));
  REFUSED("memory_free", "context", bhn_memory_free(NULL, NULL));
}

static void copies(bhn_context* context) {
  char from[16] = "0123456789abcde";
  char to[16] = "";
  OK(bhn_memory_copy(context, to, from, 16));
  CHECK(memcmp(to, from, 16) == 0);
  OK(bhn_memory_copy(context, NULL, NULL, 0));
  REFUSED("memory_copy", "bytes = -1", bhn_memory_copy(context, to, from, -1));
  REFUSED("memory_copy", "to is NULL", bhn_memory_copy(context, NULL, from, 1));
  REFUSED("memory_copy", "from is NULL", bhn_memory_copy(context, to, NULL, 1));
  REFUSED("memory_copy", "context", bhn_memory_copy(NULL, to, from, 1));
  REFUSED("context_reserve", "bytes = -1", bhn_context_reserve(context, -1));
  OK(bhn_context_reserve(context, 0));
  OK(bhn_context_reserve(context, 1000));
  OK(bhn_context_reserve(context, 10));
  OK(bhn_context_reserve(context, 5 << 20));
  REFUSED_AS(BHN_OUT_OF_MEMORY, "context_reserve", "1099511627776", bhn_context_reserve(context, INT64_C(1) << 40));
  /* An absurd size is out of memory here too, as it is for memory_alloc. */
  REFUSED_AS(BHN_OUT_OF_MEMORY, "context_reserve", "4611686018427387904", bhn_context_reserve(context, INT64_C(1) << 62));
}

int main(void) {
  versions();
  contexts();
  cuda();
  bhn_context* context = NULL;
  OK(bhn_context_create(&context, BHN_CPU, 0, NULL, 2));
  memory(context);
  copies(context);
  OK(bhn_context_destroy(context));
  return finish();
}
