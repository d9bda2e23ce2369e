#include "core/limits.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>

#include "core/lock.h"

namespace bhn {
namespace {

constexpr int kPath = 4096;

pthread_mutex_t probing = PTHREAD_MUTEX_INITIALIZER;
int32_t granted = 1;

void* wait_for(void* gate) {
  Hold pass(static_cast<pthread_mutex_t*>(gate));
  return nullptr;
}

struct Close {
  void operator()(FILE* file) const { fclose(file); }
};
using File = std::unique_ptr<FILE, Close>;

struct Path {
  char text[2 * kPath];
  Path(const char* root, const char* folder, const char* group, const char* name) {
    std::snprintf(text, sizeof text, "%s%s%s%s", root, folder, group, name);
  }
  File open() const { return File(fopen(text, "re")); }
};

// The number after `key` in a file of lines "key number"; the file's first number where key is "". -1 if there is none.
int64_t number_in(const Path& path, const char* key) {
  File file = path.open();
  char word[64] = "";
  while (file && std::strcmp(word, key) != 0 && fscanf(file.get(), "%63s", word) == 1) {
  }
  long long value;
  return file && fscanf(file.get(), "%lld", &value) == 1 ? value : -1;
}

// How a version of control groups calls its files.
struct Version {
  const char *folder, *limit, *usage, *idle_files, *active_files;
};
constexpr Version kFirst = {"/sys/fs/cgroup/memory", "/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_inactive_file",
                            "total_active_file"};
constexpr Version kSecond = {"/sys/fs/cgroup", "/memory.max", "/memory.current", "inactive_file", "active_file"};

// What a control group has left. Copies of files in memory count as free: the kernel drops them before it ends a process. Where there is
// no limit its file has no number, or one larger than any machine.
int64_t left_in(const char* root, const Version& version, const char* group) {
  int64_t limit = number_in(Path(root, version.folder, group, version.limit), "");
  int64_t usage = number_in(Path(root, version.folder, group, version.usage), "");
  if (limit < 0 || usage < 0) {
    return INT64_MAX;
  }
  Path stat(root, version.folder, group, "/memory.stat");
  int64_t files = std::max(int64_t(0), number_in(stat, version.idle_files)) + std::max(int64_t(0), number_in(stat, version.active_files));
  return std::max(int64_t(0), limit - std::max(int64_t(0), usage - files));
}

// A group is limited by those that it lies in too; in a container, whose own group is the root, the path may not be there.
int64_t least_left(const char* root, const Version& version, char* group) {
  int64_t least = left_in(root, version, "");
  for (char* end; (end = std::strrchr(group, '/')) != nullptr; *end = '\0') {
    least = std::min(least, left_in(root, version, group));
  }
  return least;
}

// Whether "memory" is among the words of [begin, end), which commas separate.
bool of_memory(const char* begin, const char* end) {
  constexpr char kWord[] = "memory";
  constexpr int64_t kLength = sizeof kWord - 1;
  for (const char* comma; begin < end; begin = comma + 1) {
    comma = std::find(begin, end, ',');
    if (comma - begin == kLength && std::memcmp(begin, kWord, kLength) == 0) {
      return true;
    }
  }
  return false;
}

}  // namespace

int32_t grantable_threads(int32_t threads) {
  Hold one(&probing);
  if (threads <= granted) {
    return threads;
  }
  std::unique_ptr<pthread_t[]> made(new (std::nothrow) pthread_t[threads - 1]);
  int32_t count = 0;
  pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
  {
    Hold closed(&gate);
    while (made && count < threads - 1 && pthread_create(&made[count], nullptr, wait_for, &gate) == 0) {
      ++count;
    }
  }
  for (int32_t i = 0; i < count; ++i) {
    pthread_join(made[i], nullptr);
  }
  granted = std::max(granted, count + 1);
  return count + 1;
}

int64_t free_memory(const char* root) {
  int64_t least = INT64_MAX;
  Path machine(root, "/proc/meminfo", "", "");
  int64_t available = number_in(machine, "MemAvailable:");
  if (available >= 0) {
    least = (available + std::max(int64_t(0), number_in(machine, "SwapFree:"))) * 1024;
  }
  // "0::/path" is a group of version 2, "7:memory:/path" one of version 1.
  File groups = Path(root, "/proc/self/cgroup", "", "").open();
  char line[kPath];
  while (groups && fgets(line, sizeof line, groups.get()) != nullptr) {
    line[std::strcspn(line, "\n")] = '\0';
    char* kinds = std::strchr(line, ':');
    char* path = kinds == nullptr ? nullptr : std::strchr(kinds + 1, ':');
    if (path == nullptr) {
      continue;
    }
    if (path == kinds + 1) {
      least = std::min(least, least_left(root, kSecond, path + 1));
    } else if (of_memory(kinds + 1, path)) {
      least = std::min(least, least_left(root, kFirst, path + 1));
    }
  }
  return least;
}

}  // namespace bhn
