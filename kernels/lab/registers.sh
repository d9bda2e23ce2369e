#!/usr/bin/env bash
# registers.sh [ARCH]: what each CUDA kernel takes of a multiprocessor, as ptxas reports it, for one architecture (default: 90), between
# the markers of README.md. Needs nvcc. Fails if a kernel spills that README.md gives no reason for.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
arch=${1:-90}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compile() { # $1 = source
  nvcc -std=c++17 -O3 -Xptxas -v -gencode "arch=compute_$arch,code=sm_$arch" -I"$here/../include" -I"$here/../src" -c "$1" \
    -o "$work/$(basename "$1").o" 2>"$work/$(basename "$1" .cu).txt"
}
export -f compile
export here arch work
printf '%s\n' "$here"/../src/cuda/*.cu | xargs -P "${BHN_JOBS:-2}" -I{} bash -c 'compile {}'

rows() {
  for report in "$work"/*.txt; do
    c++filt <"$report" | awk -v family="$(basename "$report" .txt)" '
      /Compiling entry function/ {
        sub(/.*function .(void )?/, ""); sub(/. for .sm_.*/, ""); gsub(/\(anonymous namespace\)::|bhn::cuda::/, "");
        sub(/\(.*/, ""); name = $0 }
      /bytes stack frame/ { stack = $1; spills = $5 + $9 }
      /Used [0-9]+ registers/ {
        registers = $0; sub(/.*Used /, "", registers); sub(/ registers.*/, "", registers);
        shared = $0; if (!sub(/ bytes smem.*/, "", shared)) shared = 0; else sub(/.*[ ,]/, "", shared);
        printf "| %s | `%s` | %d | %d | %d | %d |\n", family, name, registers, shared, stack, spills }' | sort -u
  done
}

table="$work/table"
{
  echo "| family | kernel | registers | static shared, bytes | stack, bytes | spills, bytes |"
  echo "|---|---|---|---|---|---|"
  rows
  echo
  echo "sm_$arch, $(nvcc --version | sed -n 's/.*release \([0-9.]*\),.*/nvcc \1/p')."
} >"$table"
awk -v table="$table" '
  /<!-- registers -->/ { print; print ""; while ((getline line < table) > 0) print line; print ""; skip = 1; next }
  /<!-- \/registers -->/ { skip = 0 }
  !skip' "$here/README.md" >"$work/README.md"
cp "$work/README.md" "$here/README.md"
if grep -E '^\|.*\| [1-9][0-9]* \|$' "$table" >&2; then
  echo "bhn: the kernels above spill: give them fewer values to hold, or README.md the reason" >&2
  exit 1
fi
