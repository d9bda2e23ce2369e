#!/usr/bin/env bash
# check.sh [SECTION...]: checks libbhn on a machine with a GPU, with what pack.sh has put together. Sections, in this order by default:
#   doctor     what is found and what is not
#   test       the tests of every device, on the GPU: the ops, what is around them, models
#   step       the training step, one draw of the weights and 16
#   predict    the prediction
#   peers      both in PyTorch, from the same parameters, where Python has it; what differs from ours is not timed
#   sanitizer  ops under compute-sanitizer: memcheck, racecheck, synccheck, initcheck
#   ops        the ops of the training step and the flow for few samples and many; BHN_OPS='.*': every op
#   compiled   PyTorch's training step once more, compiled
# BHN_PACK is pack.sh's folder, BHN_CUDA_PATH where cuBLAS and cuDNN lie if they are not found, BHN_PYTHON a Python with PyTorch.
# BHN_OUT is where summary.txt and report.tgz go. A section that takes too long is ended, all of them after BHN_SECONDS (560).
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
pack=${BHN_PACK:-$here/../target/gpu}
out=${BHN_OUT:-$here/../target/gpu-report}
last=${BHN_SECONDS:-560}
[ -e "$pack/java.tgz" ] || { echo "bhn: nothing packed in $pack: run benchmarks/gpu/pack.sh" >&2; exit 1; }
pack=$(cd "$pack" && pwd)
mkdir -p "$out/report"
out=$(cd "$out" && pwd)
report=$out/report
summary=$out/summary.txt
: >"$summary"
scratch=$(mktemp -d)
job=
failed=()

# ---- whatever happens, one archive and no stray process is left ----

archive() { tar -C "$out" -czf "$out/.report.tgz" report && mv "$out/.report.tgz" "$out/report.tgz"; }

end_job() { # with all that it has started
  [ -n "$job" ] || return 0
  kill -TERM -- "-$job" 2>/dev/null
  for _ in {1..25}; do
    kill -0 -- "-$job" 2>/dev/null || break
    sleep 0.2
  done
  kill -KILL -- "-$job" 2>/dev/null
  job=
}

finish() {
  local rc=$?
  end_job
  archive && rm -rf "$report"
  rm -rf "$scratch"
  exit "$rc"
}
trap finish EXIT
trap 'exit 143' TERM INT HUP

say() { echo "$*" | tee -a "$summary"; }

section() { # $1 = name, $2 = seconds it may take, the rest = command
  local name=$1 start=$SECONDS end=$((SECONDS + $2)) rc running
  shift 2
  [ "$end" -lt "$last" ] || end=$last
  if [ $((end - start)) -lt 10 ]; then
    say "== $name: skipped, no time is left"
    failed+=("$name")
    return
  fi
  echo "== $name"
  set -m # a process group of its own, which can be ended as a whole
  "$@" </dev/null >"$report/$name.txt" 2>&1 &
  job=$! running=$!
  set +m
  while kill -0 "$running" 2>/dev/null && [ "$SECONDS" -lt "$end" ]; do
    sleep 0.2
  done
  if kill -0 "$running" 2>/dev/null; then
    end_job
    rc=124
    wait "$running" 2>/dev/null
  else
    wait "$running"
    rc=$?
    end_job
  fi
  tail -n 60 "$report/$name.txt"
  grep -E ' :: (FAILED|ABORTED)' "$report/$name.txt" | head -n 40 | tee -a "$summary"
  case $rc in
    0) say "== $name: passed, $((SECONDS - start)) s" ;;
    124) say "== $name: ended after $((SECONDS - start)) s" ;;
    *) say "== $name: failed ($rc), $((SECONDS - start)) s" ;;
  esac
  [ "$rc" -eq 0 ] || failed+=("$name")
  archive
}

# ---- Python, cuBLAS and cuDNN ----

pythons() { # those there are, the likeliest first
  local each
  for each in ${BHN_PYTHON:+"$BHN_PYTHON"} python3 /opt/*/bin/python3 /opt/*/.venv/bin/python3 /opt/*/venv/bin/python3 \
    /usr/local/*/bin/python3 "$HOME"/.venv/bin/python3; do
    command -v "$each" 2>/dev/null
  done
}

with_torch() { # the first that has it
  local each
  while read -r each; do
    "$each" -c 'import importlib.util as u, sys; sys.exit(u.find_spec("torch") is None)' 2>/dev/null && echo "$each" && return
  done < <(pythons)
}

python_folders() { # of libraries that Python's packages brought
  local each
  while read -r each; do
    "$each" - 2>/dev/null <<'END'
import glob, importlib.util
found = importlib.util.find_spec("nvidia")
for root in found.submodule_search_locations if found else []:
    print(*sorted(glob.glob(root + "/*/lib")), sep="\n")
END
  done < <({ [ -z "$python" ] || echo "$python"; pythons; } | awk '!seen[$0]++')
}

holds() { # whether one of the folders $2... has a file named $1
  local name=$1 folder
  shift
  for folder in "$@"; do
    compgen -G "$folder/$name" >/dev/null && return
  done
  return 1
}

folders() { # those of cuBLAS and cuDNN
  local found=() name more
  mapfile -t found < <(python_folders | grep . | awk '!seen[$0]++')
  for name in 'libcublas.so.1[23]' libcudnn.so.9; do
    holds "$name" "${found[@]}" && continue
    mapfile -t more < <(find -L /usr/local /usr/lib /opt -maxdepth 10 -name "$name" -printf '%h\n' 2>/dev/null | sort -ru)
    found+=("${more[@]}")
  done
  printf '%s\n' "${found[@]}" | grep . | paste -sd:
}

PATH=$PATH:/usr/local/cuda/bin
python=$(with_torch)
cuda=${BHN_CUDA_PATH:-$(folders)}
# cuDNN opens its parts and NVRTC by name.
export LD_LIBRARY_PATH=$cuda${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
tar -C "$scratch" -xzf "$pack/java.tgz"
java=("$scratch/java/bin/java" --enable-native-access=ALL-UNNAMED -Xmx8g -Dstdout.encoding=UTF-8
  "-XX:ErrorFile=$report/hs_err_%p.log" -cp "$pack/jars/*"
  "-Dbhn.library.path=$pack/lib" "-Dbhn.cuda.path=$cuda" -Dbhn.require=cuda)

# ---- sections ----

doctor() {
  echo "Python with PyTorch: ${python:-none}"
  echo "CUDA's libraries: ${cuda:-none found}"
  nvidia-smi
  "${java[@]}" org.bhn.nativelib.Doctor
}

junit() { # options of java and -- before those of the console, which says at once how each test ended
  local options=()
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  shift
  "${java[@]}" "${options[@]}" org.junit.platform.console.ConsoleLauncher execute --disable-banner --disable-ansi-colors \
    --details=testfeed --fail-if-no-tests "$@"
}

tests() { # $1 = pattern of classes, the rest = options of java
  local classes=$1
  shift
  junit "$@" -- --scan-classpath="$(ls "$pack"/jars/bhn-java-*-tests.jar)" --reports-dir="$report/junit" --include-classname="$classes" \
    --exclude-classname='.*\.(ErfTest|JavaBackendTest)'
}

# An op that loses the device fails all tests after it: again without it, three times at most.
ops_tests() {
  local left_out='' name=test-ops culprit
  for again in '' -2 -3 -4; do
    name=test-ops$again
    section "$name" 180 tests 'org\.bhn\.backend\.OpTest' ${left_out:+"-Dbhn.test.ops.not=$left_out"}
    grep -qF '[DEVICE_LOST]' "$report/$name.txt" 2>/dev/null || return
    culprit=$(grep -m1 -F ' :: FAILED' "$report/$name.txt" | sed -n 's/.*> cuda > \([^>]*\) > .*/\1/p')
    [ -n "$culprit" ] || return
    say "$culprit loses the device"
    left_out=${left_out:+$left_out|}$(printf '\\Q%s\\E' "$culprit")
  done
}

sanitizer() { # $1 = tool, the rest = options of the console
  local tool=$1
  shift
  # Our kernels only. Tests provoke errors of the API on purpose; one takes all memory there is, the tool's too.
  java=(compute-sanitizer --tool "$tool" --kernel-name kns=bhn --report-api-errors no --error-exitcode 9 --target-processes all "${java[@]}")
  junit -Dbhn.test.large=false -- --select-method='org.bhn.backend.OpTest#parity' --exclude-methodname='.*memoryThatIsNotThere.*' "$@"
}

bench() { # $1 = section, $2 = family, the rest = options of java; results go into a folder of the report
  local name=$1 family=$2
  shift 2
  mkdir -p "$report/$name" && cd "$report/$name" && "${java[@]}" "$@" org.bhn.bench.Bench "$family" || return
  ! grep -qF -e '<failure>' -e '<forked VM failed' "$report/$name.txt" # JMH goes on without what failed
}

torch() { "$python" "$here/../peers/pytorch.py" "$@"; }

problem() { # $1 = batch: made and checked once
  local problem=$scratch/problem-$1
  [ -e "$problem.checked" ] || { "${java[@]}" org.bhn.bench.Problem "$problem" "$1" 8 && torch "$problem" check && touch "$problem.checked"; }
}

peers() { # $1 = batch; what fails does not keep the rest from running
  local problem=$scratch/problem-$1 rc=0
  problem "$1" || return
  for samples in 1 16; do
    torch "$problem" step --samples "$samples" --modes eager || rc=$?
  done
  if [ "$1" -eq 32 ]; then
    torch "$problem" flow || rc=$?
    torch "$problem" predict || rc=$?
  fi
  return "$rc"
}

compiled() { # $1 = batch, $2 = samples
  problem "$1" && torch "$scratch/problem-$1" step --samples "$2" --modes compiled compiled_cuda_graphs
}

few_ops='copy.*|matmul.*|made(| backward) S=(1|16|256)|flow and back, S=(1|16|256)|flow and back, op by op, S=1|adam, factored.*'
few_ops+='|conv|coupling|permute|normal|weightNorm|gain, fused|gain backward|categorical|predictive'

if [ $# -eq 0 ]; then
  set -- doctor test step predict peers sanitizer ops compiled
fi
for name; do
  case $name in
    doctor) section doctor 60 doctor ;;
    test)
      ops_tests
      section test-backend 60 tests 'org\.bhn\.backend\.(?!OpTest$).*'
      section test-models 120 tests \
        'org\.bhn\.(BhnTest|Image.*Test|PosteriorSampleTest|SaveLoadTest|ShortFitTest|StandardisedModelTest|TwoModesTest|LinearRegressionEvidenceTest|train\..*)'
      ;;
    step)
      section step 90 bench step step -Dbhn.bench.epochs=30
      section step-16 60 bench step-16 step -Dbhn.bench.epochs=3 -Dbhn.bench.samples=16
      ;;
    predict) section predict 60 bench predict predict ;;
    ops) section ops 200 bench ops ops "-Dbhn.bench.ops=${BHN_OPS:-$few_ops}" ;;
    peers | compiled)
      if [ -z "$python" ]; then
        say "== $name: skipped, Python has no torch here"
      elif [ "$name" = peers ]; then
        section peers-32 150 peers 32
        section peers-128 90 peers 128
      else
        section compiled-32 150 compiled 32 1
        section compiled-128 120 compiled 128 1
        section compiled-32-16 120 compiled 32 16
      fi
      ;;
    sanitizer)
      if command -v compute-sanitizer >/dev/null; then
        section memcheck 150 sanitizer memcheck --select-class=org.bhn.backend.CudaBackendTest
        section racecheck 120 sanitizer racecheck --select-class=org.bhn.backend.CudaBackendTest
        section synccheck 90 sanitizer synccheck
        section initcheck 60 sanitizer initcheck # finds little: libbhn clears what it allocates
      else
        say "== sanitizer: skipped, no compute-sanitizer on the PATH"
      fi
      ;;
    *)
      sed -n '2,12p' "${BASH_SOURCE[0]}" >&2
      exit 2
      ;;
  esac
done
[ ${#failed[@]} -eq 0 ] || { say "failed: ${failed[*]}"; exit 1; }
