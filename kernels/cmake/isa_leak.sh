#!/usr/bin/env bash
# isa_leak.sh NM OBJECT...: fails when an object built for AVX2 or AVX-512 defines a symbol that the linker
# may merge with, or prefer to, the baseline's copy (weak symbols outside bhn::avx2 / bhn::avx512).
set -euo pipefail
nm=$1
shift
leaks=$("$nm" -C --defined-only "$@" | grep -E ' [WVu] ' | grep -vE 'bhn::avx(2|512)::|DW\.ref\.' | sort -u || true)
if [ -n "$leaks" ]; then
  echo "These symbols of the AVX2/AVX-512 objects are shared with the baseline build. Put the code into"
  echo "namespace bhn::BHN_ISA, make it static, or avoid the library template that emits it:"
  echo "$leaks"
  exit 1
fi
