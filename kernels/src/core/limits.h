// What the system still grants this process.
#pragma once

#include <cstdint>

namespace bhn {

// How many threads of `threads` can live at once, the caller among them, tried by making them. What has once been granted is not tried
// again.
int32_t grantable_threads(int32_t threads);

// Bytes that the machine and the control groups of this process have left, as their files under `root` say; INT64_MAX where none says.
int64_t free_memory(const char* root = "");

}  // namespace bhn
