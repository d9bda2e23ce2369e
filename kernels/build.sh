#!/usr/bin/env bash
# build.sh build [DIR]   configure and build libbhn.so, copy it to DIR
# build.sh test          build and run its native tests
# build.sh sanitize      build and test with ASan and UBSan, in a directory of its own
# BHN_BUILD_DIR, BHN_VERSION and BHN_JOBS (default 2) set the build directory, version text, parallel jobs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${BHN_BUILD_DIR:-$here/target/cmake}
jobs=${BHN_JOBS:-2}

need() {
  command -v "$1" >/dev/null 2>&1 && return
  echo "bhn: building the native kernels needs $1, which is not on the PATH." >&2
  echo "bhn: on Debian or Ubuntu: sudo apt-get install cmake g++ make; on Fedora: sudo dnf install cmake gcc-c++ make" >&2
  exit 1
}

configure_and_build() { # $1 = build directory, $2 = targets of it, the rest = extra cmake options
  local dir=$1 targets
  read -ra targets <<<"$2"
  shift 2
  need cmake
  need "${CXX:-g++}"
  need "${CC:-gcc}"
  need make
  # CMake refuses a build directory that was moved or copied.
  if [ -f "$dir/CMakeCache.txt" ] && ! [ "$(sed -n 's/^CMAKE_CACHEFILE_DIR:INTERNAL=//p' "$dir/CMakeCache.txt")" -ef "$dir" ]; then
    rm -rf "$dir"
    mkdir -p "$dir"
  fi
  echo "bhn: building in $dir; what is said meanwhile goes to $dir.log"
  cmake -S "$here" -B "$dir" -G "Unix Makefiles" -DCMAKE_BUILD_TYPE=Release -DBHN_VERSION="${BHN_VERSION:-dev}" "$@" >"$dir.log" 2>&1 ||
    { cat "$dir.log" >&2; exit 1; }
  cmake --build "$dir" --parallel "$jobs" --target "${targets[@]}" >"$dir.log" 2>&1 || { cat "$dir.log" >&2; exit 1; }
}

run_tests() { # $1 = build directory
  (cd "$1" && ctest --output-on-failure --parallel 1 --no-tests=error) ||
    { echo "bhn: native tests failed; $1/Testing/Temporary/LastTest.log says which and how" >&2; exit 1; }
}

no_kernels_here() {
  case "$(uname -s)-$(uname -m)" in Linux-x86_64 | Linux-aarch64) return 1 ;; esac
  echo "bhn: no native kernels for $(uname -s) $(uname -m) yet; the jar stays empty and the Java backend is used."
}

case "${1:-}" in
  build)
    no_kernels_here && exit 0
    mkdir -p "$build"
    configure_and_build "$build" bhn
    if [ -n "${2:-}" ]; then
      mkdir -p "$2"
      # A new file, then a rename: a JVM that has the old one mapped keeps it.
      # Only if it is another one: what depends on the jar is then not compiled again.
      if ! cmp -s "$build/lib/libbhn.so" "$2/libbhn.so"; then
        cp "$build/lib/libbhn.so" "$2/libbhn.so.new"
        (cd "$build/lib" && sha256sum libbhn.so) >"$2/libbhn.so.sha256"
        mv "$2/libbhn.so.new" "$2/libbhn.so"
      fi
    fi
    ;;
  test)
    no_kernels_here && exit 0
    mkdir -p "$build"
    configure_and_build "$build" "all bhn_emulated"
    run_tests "$build"
    ;;
  sanitize)
    mkdir -p "$build-sanitize"
    configure_and_build "$build-sanitize" all -DBHN_SANITIZE=ON
    ASAN_OPTIONS=detect_leaks=1 run_tests "$build-sanitize"
    ;;
  *)
    sed -n '2,5p' "$0" >&2
    exit 2
    ;;
esac
