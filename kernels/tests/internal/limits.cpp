// What control groups and the machine leave, read from files that look like the system's.
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "check.h"
#include "core/limits.h"

using namespace check;

namespace {

struct Root {
  std::string path = "/tmp/bhn-limits-XXXXXX";
  Root() { CHECK(mkdtemp(path.data()) != nullptr); }
  ~Root() { CHECK(std::system(("rm -rf '" + path + "'").c_str()) == 0); }
  void file(const std::string& name, const std::string& text) const {
    for (size_t at = 1; at < name.size(); ++at) {
      if (name[at] == '/') {
        mkdir((path + name.substr(0, at)).c_str(), 0700);
      }
    }
    std::ofstream(path + name) << text;
  }
  int64_t left() const { return bhn::free_memory(path.c_str()); }
};

void limits() {
  where = "free_memory";
  Root none;
  CHECK(none.left() == INT64_MAX);

  Root two;
  two.file("/proc/meminfo", "MemTotal:  9000 kB\nMemFree:  10 kB\nMemAvailable:  5000 kB\nSwapFree:  1000 kB\n");
  CHECK(two.left() == 6000 * 1024);
  two.file("/proc/self/cgroup", "0::/outer/inner\n");
  CHECK(two.left() == 6000 * 1024);
  two.file("/sys/fs/cgroup/outer/inner/memory.max", "max\n");
  two.file("/sys/fs/cgroup/outer/inner/memory.current", "4096\n");
  CHECK(two.left() == 6000 * 1024);
  two.file("/sys/fs/cgroup/outer/memory.max", "1000000\n");
  two.file("/sys/fs/cgroup/outer/memory.current", "700000\n");
  CHECK(two.left() == 300000);
  two.file("/sys/fs/cgroup/outer/memory.stat", "anon 1\nfile 500000\ninactive_file 100000\nactive_file 300000\n");
  CHECK(two.left() == 700000);
  two.file("/sys/fs/cgroup/outer/inner/memory.max", "10000\n");
  CHECK(two.left() == 10000 - 4096);
  two.file("/sys/fs/cgroup/outer/inner/memory.current", "20000\n");
  CHECK(two.left() == 0);

  // A container: the path of the host's hierarchy is not there, its own group is the root.
  Root one;
  one.file("/proc/self/cgroup", "12:cpu,cpuacct:/docker/x\n7:hugetlb,memory:/docker/x\n0::/\n");
  one.file("/sys/fs/cgroup/memory/memory.limit_in_bytes", "2000000\n");
  one.file("/sys/fs/cgroup/memory/memory.usage_in_bytes", "1500000\n");
  one.file("/sys/fs/cgroup/memory/memory.stat", "inactive_file 7\ntotal_inactive_file 250000\ntotal_active_file 5\n");
  CHECK(one.left() == 750005);
  one.file("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK(one.left() > int64_t(1) << 62);
}

void threads() {
  where = "grantable_threads";
  CHECK(bhn::grantable_threads(1) == 1);
  CHECK(bhn::grantable_threads(8) == 8);
  CHECK(bhn::grantable_threads(3) == 3);
}

}  // namespace

int main() {
  limits();
  threads();
  std::printf("%lld checks, %d failed\n", (long long)count, failures);
  return failures == 0 ? 0 : 1;
}
