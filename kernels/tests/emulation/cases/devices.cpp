// Devices that are missing, too old, full or lost, and bad indices: what the ABI says, and what still works afterwards.
#include "child.h"

using namespace check;

namespace {

constexpr int64_t kMegabyte = 1 << 20;

bhn_context* opened() {
  bhn_context* c = nullptr;
  OK(bhn_context_create(&c, BHN_CUDA, 0, nullptr, 1));
  return c;
}

// An op that has to work.
void works(bhn_context* c) {
  float log_lik[2] = {}, logits[4] = {0, 0, 0, 0};
  int32_t labels[2] = {0, 1};
  OK(bhn_categorical_fwd(c, log_lik, logits, labels, 1, 2, 2));
  OK(bhn_context_sync(c));
  CHECK(log_lik[0] < -0.693f && log_lik[1] > -0.694f);
}

void none() {
  where = "no usable device";
  struct {
    const char *name, *value, *words;
  } cases[] = {{"BHN_EMULATION_DEVICES", "0", "look at nvidia-smi and at CUDA_VISIBLE_DEVICES"},
               {"BHN_EMULATION_DRIVER", "0", "install NVIDIA's driver"},
               {"BHN_EMULATION_DRIVER", "12000", "the driver is for CUDA 12.0 and this libbhn needs 13.0 or newer: update"},
               {"BHN_EMULATION_NO_CODE", "1", "holds code for sm_80 and newer, and CUDA device 0 is sm_90"}};
  for (auto& each : cases) {
    CHECK(in_child({{each.name, each.value}}, [&] {
            bhn_context* c = nullptr;
            REFUSED(bhn_context_create(&c, BHN_CUDA, 0, nullptr, 1), BHN_NO_DEVICE, each.words);
            CHECK(c == nullptr);
            OK(bhn_context_create(&c, BHN_CPU, 0, nullptr, 1));
            works(c);
          }).good);
  }
  for (int ordinal : {1, -1}) {
    bhn_context* c = nullptr;
    REFUSED(bhn_context_create(&c, BHN_CUDA, ordinal, nullptr, 1), BHN_NO_DEVICE, "must be in [0, 1)");
  }
}

// Memory that cannot be zeroed is not handed out, and not kept either.
void unset() {
  where = "memory that cannot be zeroed";
  std::string memory_size = std::to_string(64 * kMegabyte);
  CHECK(in_child({{"BHN_EMULATION_MEMORY", memory_size}, {"BHN_EMULATION_SET", std::to_string(30 * kMegabyte)}}, [] {
          bhn_context* c = opened();
          void* memory = &memory;
          for (int i = 0; i < 2; ++i) {
            REFUSED(bhn_memory_alloc(c, &memory, 40 * kMegabyte), BHN_DEVICE_ERROR, "memory_alloc: cudaErrorInvalidValue");
            CHECK(memory == nullptr);
          }
          OK(bhn_memory_alloc(c, &memory, 20 * kMegabyte));
          OK(bhn_memory_free(c, memory));
          OK(bhn_context_destroy(c));
        }).good);
}

void full() {
  where = "out of memory";
  CHECK(in_child({{"BHN_EMULATION_MEMORY", std::to_string(64 * kMegabyte)}}, [] {
          bhn_context* c = opened();
          void *memory = nullptr, *more = nullptr;
          OK(bhn_memory_alloc(c, &memory, 40 * kMegabyte));
          REFUSED(bhn_memory_alloc(c, &more, 30 * kMegabyte), BHN_OUT_OF_MEMORY, "bytes = 31457280, the CUDA device has ");
          CHECK(more == nullptr && std::strstr(bhn_last_error(), " free of 67108864") != nullptr);
          works(c);
          OK(bhn_memory_free(c, memory));
          OK(bhn_memory_alloc(c, &more, 30 * kMegabyte));
          OK(bhn_memory_free(c, more));
          OK(bhn_context_destroy(c));
        }).good);
  CHECK(in_child({{"BHN_EMULATION_MEMORY", "1000"}}, [] {
          bhn_context* c = nullptr;
          REFUSED(bhn_context_create(&c, BHN_CUDA, 0, nullptr, 1), BHN_OUT_OF_MEMORY, "context_create");
          CHECK(c == nullptr);
        }).good);
}

// A failure is reported once, by the call that failed.
void refused() {
  where = "a failure before a launch";
  CHECK(in_child({}, [] {
          bhn_context* c = opened();
          float mine = 0;
          REFUSED(bhn_memory_free(c, &mine), BHN_DEVICE_ERROR, "memory_free: cudaErrorInvalidValue");
          works(c);
          OK(bhn_context_destroy(c));
        }).good);
}

void lost() {
  where = "a lost device";
  CHECK(in_child({{"BHN_EMULATION_FAIL", "2"}}, [] {
          bhn_context* c = opened();
          float log_lik[2] = {}, logits[4] = {};
          int32_t labels[2] = {0, 1};
          auto op = [&] { return bhn_categorical_fwd(c, log_lik, logits, labels, 1, 2, 2); };
          OK(op());
          REFUSED(op(), BHN_DEVICE_LOST, "categorical_fwd: cudaErrorIllegalAddress");
          CHECK(std::strstr(bhn_last_error(), "batch = 2") != nullptr);
          void* memory = nullptr;
          REFUSED(op(), BHN_DEVICE_LOST, "categorical_fwd: CUDA device 0 was lost in an earlier call: close the backend");
          REFUSED(bhn_context_sync(c), BHN_DEVICE_LOST, "was lost in an earlier call");
          REFUSED(bhn_memory_alloc(c, &memory, 8), BHN_DEVICE_LOST, "was lost in an earlier call");
          OK(bhn_context_destroy(c));
        }).good);
}

void bad_index() {
  where = "a bad index";
  bhn_context* c = opened();
  float log_lik[3] = {7, 7, 7}, logits[6] = {};
  int32_t labels[3] = {0, 5, -1};
  CHECK(bhn_categorical_fwd(c, log_lik, logits, labels, 1, 3, 2) == BHN_OK);
  INVALID(bhn_context_sync(c), "an earlier call on the CUDA device met a bad index: labels[");
  CHECK(log_lik[0] != 7 && log_lik[1] == 7 && log_lik[2] == 7);
  OK(bhn_context_sync(c));
  works(c);
  OK(bhn_context_destroy(c));
}

void all() {
  none();
  full();
  unset();
  refused();
  lost();
  bad_index();
}

}  // namespace

TEST_MAIN(all)
