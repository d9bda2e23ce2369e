#!/usr/bin/env bash
# mutate.sh DIRECTORY [FAMILY...]: leaves out every __syncthreads of src/cuda, one at a time, and requires that a test on the emulated
# device fails. DIRECTORY holds the emulated_<family> tests; FAMILY... limits which of them run. A barrier of a family's .cu is looked
# for by that family's test, one of a header by the tests of the families that use it. A barrier that no test can miss says why:
#   __syncthreads();  // unseen: the reason
# Prints a table; fails if a barrier is missed by no test, or if one that is called unseen is.
set -euo pipefail
directory=$1
shift
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export BHN_TEST_DEVICE=cuda OMP_NUM_THREADS=2 GOMP_SPINCOUNT=1000 BHN_EMULATION_SEED=${BHN_EMULATION_SEED:-1}
export ASAN_OPTIONS=detect_stack_use_after_return=0:detect_leaks=0
families=("$@")
if [ ${#families[@]} -eq 0 ]; then
  mapfile -t families < <(cd src/cuda && ls -- *.cu | sed 's/\.cu$//')
fi

passes() { BHN_EMULATION_DROP=$2 timeout 240 "$directory/emulated_$1" >/dev/null 2>&1; }

# Families of ours whose .cu is or includes a file, also by way of other headers.
users() {
  local file=$1 user
  case $file in
    *.cu) echo "${file%.cu}" ;;
    *) for user in $(grep -lF "\"cuda/$file\"" src/cuda/*); do users "$(basename "$user")"; done ;;
  esac
}
chosen() { users "$1" | sort -u | grep -xF "$(printf '%s\n' "${families[@]}")" || true; }

for family in "${families[@]}"; do
  if [ -x "$directory/emulated_$family" ] && ! passes "$family" ""; then
    echo "emulated_$family fails with all barriers in place" >&2
    exit 1
  fi
done

bad=0
printf '%-20s %-14s %s\n' barrier test outcome
while IFS=: read -r file line text; do
  file=$(basename "$file")
  killer=
  tried=
  for family in $(chosen "$file"); do
    [ -x "$directory/emulated_$family" ] || continue
    tried=$family
    if ! passes "$family" "$file:$line"; then
      killer=$family
      break
    fi
  done
  [ -n "$tried" ] || continue
  reason=$(sed -n 's,.*// unseen: ,,p' <<<"$text")
  if [ -n "$killer" ] && [ -z "$reason" ]; then
    outcome='missed'
  elif [ -n "$killer" ]; then
    outcome='MISSED, though it is called unseen' && bad=1
  elif [ -n "$reason" ]; then
    outcome="not missed: $reason"
  else
    outcome='NOT MISSED by any test' && bad=1
  fi
  printf '%-20s %-14s %s\n' "$file:$line" "${killer:-$tried}" "$outcome"
done < <(grep -nH '__syncthreads()' src/cuda/*.cu src/cuda/*.h)
exit $bad
