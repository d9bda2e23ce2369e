#!/usr/bin/env bash
# exports.sh NM LIBRARY BINDINGS WITH_CUDA: fails when the library shows other names than those that Java binds, which are listed in
# BINDINGS/*.includes. Names in bhn_emulation_ are the emulated cuBLAS's.
set -euo pipefail
nm=$1
library=$2
lists=("$3/bhn.includes")
if [ "$4" = ON ]; then
  lists+=("$3/cuda.includes")
fi
wanted=$(sed -n 's/^--include-function //p' "${lists[@]}" | LC_ALL=C sort)
shown=$("$nm" -D --defined-only "$library" | awk '{print $3}' | grep -v '^bhn_emulation_' | LC_ALL=C sort)
diff <(echo "$wanted") <(echo "$shown") && exit
echo "$library: < is missing, > is not bound by Java"
exit 1
