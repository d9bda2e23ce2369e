#!/usr/bin/env bash
# pack.sh [DIR]: puts all that check.sh needs into DIR (default: benchmarks/target/gpu), so that a machine with a GPU needs neither a
# JDK nor a network: a Java runtime, libbhn.so, the jars with the tests and benchmarks, and JUnit. NVIDIA's driver, cuBLAS
# and cuDNN must be there. Needs nvcc here, and a JDK of version 22 or newer at JAVA_HOME.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
pack=$(realpath -m "${1:-$root/benchmarks/target/gpu}")
most=$((58 << 20)) # with the working tree less than 64 MiB

jlink=${JAVA_HOME:+$JAVA_HOME/bin/}jlink
"$jlink" --version 2>/dev/null | grep -qE '^(2[2-9]|[3-9][0-9])' ||
  { echo "bhn: no jlink of a JDK 22 or newer: point JAVA_HOME at one" >&2; exit 1; }
command -v nvcc >/dev/null || { echo "bhn: no nvcc on the PATH: without it libbhn.so has no CUDA twins" >&2; exit 1; }

cd "$root"
rm -rf "$pack"
mkdir -p "$pack/jars" "$pack/lib"
mvn -B -q -DskipTests -Dformat=check package dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$pack/jars"
cp bhn-java/target/bhn-java-*-tests.jar benchmarks/target/bhn-benchmarks-*[!s].jar "$pack/jars"

# The console runs what JUnit's API of the same minor version compiled.
junit=$(sed -n 's:.*<junit.version>5\.\(.*\)</junit.version>.*:1.\1:p' pom.xml)
mvn -B -q -N dependency:copy -Dartifact="org.junit.platform:junit-platform-console-standalone:$junit" -DoutputDirectory="$pack/jars"

# oneDNN is large and not asked here; the OpenMP runtime in its jar is.
cp kernels/target/classes/natives/linux-x86_64/libbhn.so "$pack/lib"
dnnl=$(ls "$pack"/jars/dnnl-*.jar)
(cd "$pack/lib" && "${jlink%jlink}jar" xf "$dnnl" org/bytedeco/dnnl/linux-x86_64/libgomp.so.1)
mv "$pack/lib/org/bytedeco/dnnl/linux-x86_64/libgomp.so.1" "$pack/lib"
rm -r "$pack/lib/org" "$dnnl" "$pack"/jars/bhn-kernels-*.jar

"$jlink" --add-modules java.base,java.logging,java.management,java.net.http,java.xml,jdk.jfr,jdk.management,jdk.unsupported,jdk.zipfs \
  --strip-debug --no-header-files --no-man-pages --compress zip-0 --output "$pack/java"
tar -C "$pack" -czf "$pack/java.tgz" java # half the size
rm -r "$pack/java"

bytes=$(du -sb "$pack" | cut -f1)
echo "$pack: $((bytes >> 20)) MiB"
[ "$bytes" -le "$most" ] || { echo "bhn: that is more than $((most >> 20)) MiB" >&2; exit 1; }
