package org.bhn.nativelib;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bhn.nativelib.gen.bhn.BhnC;

/** Tells what this machine and installation offer, and why something is missing. */
public final class Doctor {
  private static final List<String> FLAGS =
      List.of(
          "avx2",
          "fma",
          "f16c",
          "avx512f",
          "avx512_bf16",
          "amx_tile",
          "amx_bf16",
          "asimd",
          "sve",
          "sve2",
          "bf16");

  private final List<String> lines = new ArrayList<>();

  private Doctor() {}

  /** Prints the report. */
  public static void main(String[] args) {
    report().forEach(System.out::println);
  }

  /** The report, a line per fact. Loads the libraries; never throws because one is missing. */
  public static List<String> report() {
    Doctor doctor = new Doctor();
    doctor.machine();
    doctor.openMp();
    doctor.bhn();
    doctor.library(
        "oneDNN", OneDnnLibrary::load, OneDnnLibrary::version, OneDnnLibrary::rejections);
    doctor.cuda();
    return List.copyOf(doctor.lines);
  }

  private void machine() {
    line("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    line("platform", Platform.name());
    line("java", System.getProperty("java.vm.name") + " " + Runtime.version());
    Path cpuInfo = Path.of("/proc/cpuinfo");
    line("cpu", field(cpuInfo, "model name").orElse("unknown"));
    Optional<String> names = field(cpuInfo, "flags").or(() -> field(cpuInfo, "Features"));
    List<String> flags = List.of(names.orElse("").split(" "));
    line("cpu features", FLAGS.stream().filter(flags::contains).collect(Collectors.joining(" ")));
    line("cores", Runtime.getRuntime().availableProcessors() + " for Java");
    line("container", "cpu.max " + limit("cpu.max") + ", memory.max " + limit("memory.max"));
    long heap = Runtime.getRuntime().maxMemory() >> 20;
    line("heap", String.format(Locale.ROOT, "at most %d MiB", heap));
  }

  private void openMp() {
    OpenMp.load();
    line("OpenMP", OpenMp.description());
    OpenMp.threads().ifPresent(n -> line("OpenMP threads", Integer.toString(n)));
    rejected(OpenMp.rejections());
  }

  private void bhn() {
    try {
      line("libbhn", BhnLibrary.load().toString());
      line("libbhn build", BhnLibrary.buildInfo());
      line("libbhn ABI", BhnLibrary.abiVersion() + ", needed " + BhnC.BHN_ABI_VERSION());
      line("SIMD level", BhnLibrary.simdLevel());
      line("CPU device", BhnLibrary.deviceProblem(BhnC.BHN_CPU(), 0).orElse("usable"));
    } catch (NativeException e) {
      line("libbhn", "not usable");
    }
    rejected(BhnLibrary.rejections());
  }

  private void cuda() {
    line("CUDA driver", CudaDriver.probe().text());
    if (BhnLibrary.isAvailable()) {
      line("CUDA device", BhnLibrary.deviceProblem(BhnC.BHN_CUDA(), 0).orElse("usable"));
    }
    library("cuBLAS", CublasLibrary::load, CublasLibrary::version, CublasLibrary::rejections);
    library("cuDNN", CudnnLibrary::load, CudnnLibrary::version, CudnnLibrary::rejections);
  }

  private void library(
      String name,
      Supplier<Path> load,
      Supplier<String> version,
      Supplier<List<Rejection>> rejections) {
    try {
      line(name, load.get().toString());
      line(name + " version", version.get());
    } catch (NativeException e) {
      line(name, "not usable");
    }
    rejected(rejections.get());
  }

  private void rejected(List<Rejection> rejections) {
    rejections.forEach(rejection -> line("  not used", rejection.toString()));
  }

  private void line(String name, String value) {
    lines.add(String.format(Locale.ROOT, "%-16s %s", name, value));
  }

  private static Optional<String> field(Path file, String name) {
    try (Stream<String> text = Files.lines(file)) {
      return text.filter(line -> line.startsWith(name + "\t") || line.startsWith(name + " "))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static String limit(String name) {
    try {
      return Files.readString(Path.of("/sys/fs/cgroup", name)).strip();
    } catch (IOException e) {
      return "unknown";
    }
  }
}
