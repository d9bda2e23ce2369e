// Runs what may abort, or what needs another environment, in a child.
#pragma once

#include <functional>
#include <utility>

#include "check.h"

namespace check {

struct End {
  bool good;         // it ended by itself, without a failed check
  std::string text;  // what it wrote to stderr
  bool says(const char* words) const { return text.find(words) != std::string::npos; }
};

using Environment = std::vector<std::pair<const char*, std::string>>;

inline End in_child(const Environment& environment, const std::function<void()>& body) {
  int ends[2];
  if (pipe(ends) != 0) {
    return {false, "no pipe"};
  }
  std::fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    for (auto& [name, value] : environment) {
      setenv(name, value.c_str(), 1);
    }
    failures = 0;
    body();
    std::fflush(stdout);
    _exit(failures == 0 ? 0 : 1);
  }
  close(ends[1]);
  End end = {false, ""};
  char part[4096];
  for (ssize_t n; (n = read(ends[0], part, sizeof part)) > 0;) {
    end.text.append(part, size_t(n));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  end.good = status == 0;
  return end;
}

}  // namespace check
