#!/usr/bin/env bash
# registers.sh [ARCH]: what each CUDA kernel takes of a multiprocessor, as ptxas reports it: of sm_90 (the default) between the markers of
# README.md, to be committed; of another architecture on standard output. Needs nvcc. Fails if a kernel spills that README.md gives no
# reason for, in a line outside the table that begins "* family `kernel`".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
arch=${1:-90}
if ! command -v nvcc >/dev/null 2>&1; then
  echo "bhn: no nvcc on the PATH: registers are what CUDA's compiler says of them" >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compile() { # $1 = source
  nvcc -std=c++17 -O3 -Xptxas -v -gencode "arch=compute_$arch,code=sm_$arch" -I"$here/../include" -I"$here/../src" -c "$1" \
    -o "$work/$(basename "$1").o" >"$work/$(basename "$1" .cu).txt" 2>&1 ||
    { cat "$work/$(basename "$1" .cu).txt" >&2; return 1; }
}
export -f compile
export here arch work
printf '%s\n' "$here"/../src/cuda/*.cu | xargs -P "${BHN_JOBS:-2}" -I{} bash -c 'compile {}' ||
  { echo "bhn: nvcc failed, as said above: no table" >&2; exit 1; }

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
if [ "$arch" = 90 ]; then
  awk -v table="$table" '
    /<!-- registers -->/ { print; print ""; while ((getline line < table) > 0) print line; print ""; skip = 1; next }
    /<!-- \/registers -->/ { skip = 0 }
    !skip' "$here/README.md" >"$work/README.md"
  cp "$work/README.md" "$here/README.md"
else
  cat "$table"
fi
# Of the rows that end in a number above 0, those of which no line outside the table speaks.
unexplained=$(awk -F' *[|] *' '
  FNR == NR { if (/<!-- registers/) inside = 1; if (!inside && /^[*] /) said = said "\n" $0; if (/<!-- .registers/) inside = 0; next }
  NF > 1 && $(NF - 1) ~ /^[1-9]/ && index(said, "\n* " $2 " " $3) == 0' "$here/README.md" "$table")
if [ -n "$unexplained" ]; then
  echo "$unexplained" >&2
  echo "bhn: the kernels above spill: give them fewer values to hold, or README.md the reason" >&2
  exit 1
fi
