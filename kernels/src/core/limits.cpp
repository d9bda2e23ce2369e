#include "core/limits.h"

#include <pthread.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

namespace bhn {
namespace {

std::mutex probing;
int32_t granted = 1;

void* wait_for(void* gate) {
  std::lock_guard<std::mutex> pass(*static_cast<std::mutex*>(gate));
  return nullptr;
}

struct Close {
  void operator()(FILE* file) const { fclose(file); }
};
using File = std::unique_ptr<FILE, Close>;

File open(const std::string& path) { return File(fopen(path.c_str(), "re")); }

// The number after `key` in a file of lines "key number"; the file's first number where key is "". -1 if there is none.
int64_t number_in(const std::string& path, const char* key) {
  File file = open(path);
  char word[64] = "";
  while (file && std::strcmp(word, key) != 0 && fscanf(file.get(), "%63s", word) == 1) {
  }
  long long value;
  return file && fscanf(file.get(), "%lld", &value) == 1 ? value : -1;
}

// What a control group has left. Files in memory that nobody has touched lately count as free. A version that sets no limit has a file
// without a number, or one larger than any machine.
int64_t left_in(const std::string& group, const char* limit_name, const char* usage_name, const char* idle_name) {
  int64_t limit = number_in(group + limit_name, "");
  int64_t usage = number_in(group + usage_name, "");
  int64_t idle = number_in(group + "/memory.stat", idle_name);
  return limit < 0 || usage < 0 ? INT64_MAX : std::max(int64_t(0), limit - std::max(int64_t(0), usage - std::max(int64_t(0), idle)));
}

// A group is limited by those that it lies in too; in a container, whose own group is the root, the path may not be there.
template <class Left>
int64_t least_left(std::string path, const Left& left) {
  int64_t least = left("");
  for (; path.size() > 1; path.erase(path.rfind('/'))) {
    least = std::min(least, left(path));
  }
  return least;
}

}  // namespace

int32_t grantable_threads(int32_t threads) {
  std::lock_guard<std::mutex> one(probing);
  if (threads <= granted) {
    return threads;
  }
  std::vector<pthread_t> made(threads - 1);
  int32_t count = 0;
  std::mutex gate;
  {
    std::lock_guard<std::mutex> closed(gate);
    while (count < threads - 1 && pthread_create(&made[count], nullptr, wait_for, &gate) == 0) {
      ++count;
    }
  }
  for (int32_t i = 0; i < count; ++i) {
    pthread_join(made[i], nullptr);
  }
  granted = std::max(granted, count + 1);
  return count + 1;
}

int64_t free_memory(const std::string& root) {
  int64_t least = INT64_MAX;
  int64_t available = number_in(root + "/proc/meminfo", "MemAvailable:");
  if (available >= 0) {
    least = (available + std::max(int64_t(0), number_in(root + "/proc/meminfo", "SwapFree:"))) * 1024;
  }
  // "0::/path" is a group of version 2, "7:memory:/path" one of version 1.
  File groups = open(root + "/proc/self/cgroup");
  char line[4096];
  while (groups && fgets(line, sizeof line, groups.get()) != nullptr) {
    char* first = std::strchr(line, ':');
    char* second = first == nullptr ? nullptr : std::strchr(first + 1, ':');
    if (second == nullptr || second[1] != '/') {
      continue;
    }
    std::string kinds(first, second + 1), path(second + 1);
    path.erase(path.find_last_not_of('\n') + 1);
    std::replace(kinds.begin(), kinds.end(), ',', ':');
    if (kinds == "::") {
      least = std::min(least, least_left(path, [&](const std::string& group) {
                         return left_in(root + "/sys/fs/cgroup" + group, "/memory.max", "/memory.current", "inactive_file");
                       }));
    } else if (kinds.find(":memory:") != std::string::npos) {
      least = std::min(least, least_left(path, [&](const std::string& group) {
                         return left_in(root + "/sys/fs/cgroup/memory" + group, "/memory.limit_in_bytes", "/memory.usage_in_bytes",
                                        "total_inactive_file");
                       }));
    }
  }
  return least;
}

}  // namespace bhn
