#!/usr/bin/env bash
# format.sh check | fix: clang-format over the C, C++ and CUDA sources, by the rules of .clang-format.
# Only clang-format 19 is used: other versions format the same rules differently. Without it nothing is done, which is said.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
tool=
for candidate in clang-format-19 clang-format; do
  if command -v "$candidate" >/dev/null 2>&1 && "$candidate" --version | grep -q 'version 19\.'; then
    tool=$candidate
    break
  fi
done
if [ -z "$tool" ]; then
  echo "bhn: no clang-format 19 on the PATH: the C, C++ and CUDA sources were not looked at" >&2
  exit 0
fi
mapfile -t files < <(find include src tests lab -type f \( -name '*.h' -o -name '*.c' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh' \) 2>/dev/null | sort)
[ ${#files[@]} -gt 0 ] || exit 0
case "${1:-check}" in
  check)
    "$tool" --dry-run --Werror "${files[@]}" || { echo "bhn: run kernels/format.sh fix" >&2; exit 1; }
    ;;
  fix) "$tool" -i "${files[@]}" ;;
  *) sed -n '2,3p' "$0" >&2; exit 2 ;;
esac
