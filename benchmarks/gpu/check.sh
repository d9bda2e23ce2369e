#!/usr/bin/env bash
# check.sh [SECTION...]: checks libbhn on a machine with a GPU, with what pack.sh has put together. Sections, all by default:
#   doctor      what is found and what is not
#   test        the tests of every device, on the GPU
#   sanitizer   ops under compute-sanitizer: memcheck, racecheck, initcheck
#   bench       the training step, the prediction, every op and the flow for 1 to 1024 samples
#   peers       both in PyTorch, from the same parameters, where Python has it; what differs from ours is not timed
# BHN_PACK is pack.sh's folder, BHN_OUT where reports go, BHN_CUDA_PATH where cuBLAS and cuDNN lie if they are not found.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
pack=${BHN_PACK:-$here/../target/gpu}
out=${BHN_OUT:-$here/../target/gpu-report}
[ -x "$pack/java/bin/java" ] || { echo "bhn: nothing packed in $pack: run benchmarks/gpu/pack.sh" >&2; exit 1; }
pack=$(cd "$pack" && pwd)
mkdir -p "$out"
out=$(cd "$out" && pwd)

cuda=${BHN_CUDA_PATH:-$(find -L /usr/local /usr/lib /opt -maxdepth 8 \( -name 'libcublas.so.1[23]' -o -name libcudnn.so.9 \) \
  -printf '%h\n' 2>/dev/null | sort -ru | paste -sd:)}
java=("$pack/java/bin/java" --enable-native-access=ALL-UNNAMED -Xmx8g -cp "$pack/jars/*"
  "-Dbhn.library.path=$pack/lib" "-Dbhn.cuda.path=$cuda" -Dbhn.require=cuda)
failed=()

section() { # $1 = name, the rest = command
  local name=$1 start=$SECONDS
  shift
  echo "== $name"
  "$@" 2>&1 | tee "$out/$name.txt" | tail -n 60
  local rc=${PIPESTATUS[0]}
  echo "== $name: $([ "$rc" -eq 0 ] && echo passed || echo "failed ($rc)"), $((SECONDS - start)) s"
  [ "$rc" -eq 0 ] || failed+=("$name")
}

junit() { # options of java and -- before those of the console
  local options=()
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  shift
  "${java[@]}" "${options[@]}" org.junit.platform.console.ConsoleLauncher execute --disable-banner --disable-ansi-colors \
    --details=summary "$@"
}

tests() {
  junit -- --scan-classpath="$(ls "$pack"/jars/bhn-java-*-tests.jar)" --reports-dir="$out/junit" \
    --include-classname='org\.bhn\.(backend\..*|BhnTest|Image.*Test|SaveLoadTest|TwoModesTest|LinearRegressionEvidenceTest|train\..*)' \
    --exclude-classname='.*\.(ErfTest|JavaBackendTest)'
}

sanitizer() { # $1 = tool
  local wrapped=("${java[@]}")
  java=(compute-sanitizer --tool "$1" --error-exitcode 9 --target-processes all "${wrapped[@]}")
  junit -Dbhn.test.large=false -- --select-method='org.bhn.backend.OpTest#parity' --select-class=org.bhn.backend.CudaBackendTest
  local rc=$?
  java=("${wrapped[@]}")
  return "$rc"
}

bench() { # $1 = family; results go below the report
  (cd "$out" && "${java[@]}" org.bhn.bench.Bench "$1")
}

peers() { # $1 = batch
  local problem=$out/problem-$1 torch=(python3 "$here/../peers/pytorch.py")
  "${java[@]}" org.bhn.bench.Problem "$problem" "$1" 8 && "${torch[@]}" "$problem" check && "${torch[@]}" "$problem" step &&
    "${torch[@]}" "$problem" step --samples 16 && { [ "$1" -ne 32 ] || { "${torch[@]}" "$problem" flow && "${torch[@]}" "$problem" predict; }; }
  local rc=$?
  rm -rf "$problem"
  return "$rc"
}

for wanted in "${@:-doctor test sanitizer bench peers}"; do
  for name in $wanted; do
    case $name in
      doctor)
        section gpu nvidia-smi
        section doctor "${java[@]}" org.bhn.nativelib.Doctor
        ;;
      test) section test tests ;;
      sanitizer)
        if command -v compute-sanitizer >/dev/null; then
          for tool in memcheck racecheck initcheck; do
            section "$tool" sanitizer "$tool"
          done
        else
          echo "== sanitizer: skipped, no compute-sanitizer on the PATH"
        fi
        ;;
      bench)
        section step bench step
        section predict bench predict
        section ops bench ops
        ;;
      peers)
        if python3 -c 'import torch' 2>/dev/null; then
          section peers-32 peers 32
          section peers-128 peers 128
        else
          echo "== peers: skipped, Python has no torch here"
        fi
        ;;
      *)
        sed -n '2,8p' "${BASH_SOURCE[0]}" >&2
        exit 2
        ;;
    esac
  done
done
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}"; exit 1; }
