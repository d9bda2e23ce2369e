package org.bhn.nativelib;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntFunction;
import org.bhn.nativelib.gen.bhn.BhnC;
import org.bhn.nativelib.gen.cublas.CublasC;
import org.bhn.nativelib.gen.cuda.CudaC;
import org.bhn.nativelib.gen.cudnn.CudnnC;
import org.bhn.nativelib.gen.dnnl.DnnlC;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Headers, generated bindings and libraries say the same. */
class BindingsTest {
  /** Surefire runs in the module's directory. */
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  @Test
  void bindingsMatchTheirHeaders() throws IOException {
    Set<String> headers = new TreeSet<>(Set.of("kernels/include/bhn.h"));
    try (DirectoryStream<Path> own = Files.newDirectoryStream(Path.of("jextract"), "*_subset.h")) {
      own.forEach(header -> headers.add("native-bindings/jextract/" + header.getFileName()));
    }
    Set<String> recorded = new TreeSet<>();
    for (String line : Files.readAllLines(Path.of("jextract", "headers.sha256"))) {
      String header = line.substring(66);
      recorded.add(header);
      assertEquals(
          line.substring(0, 64),
          HeaderDigest.of(ROOT.resolve(header)),
          header + " has changed: run native-bindings/jextract/regenerate.sh");
    }
    assertEquals(headers, recorded);
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
  void everyBoundFunctionOfBhnResolves() throws IllegalAccessException {
    BhnLibrary.load();
    assertEquals(List.of(), unresolved(BhnC.class));
    assertTrue(BhnLibrary.abiVersion() >= BhnC.BHN_ABI_VERSION());
    assertFalse(BhnLibrary.buildInfo().isBlank());
    assertTrue(List.of("base", "avx2", "avx512").contains(BhnLibrary.simdLevel()));
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
  void everyBoundFunctionOfOneDnnResolves() throws IllegalAccessException {
    OneDnnLibrary.load();
    assertEquals(List.of(), unresolved(DnnlC.class));
    assertTrue(OneDnnLibrary.version().startsWith("3."), OneDnnLibrary.version());
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
  void everyBoundFunctionOfCudaResolves() throws ReflectiveOperationException {
    loadCuda("libcudart.so.13", "libcudart.so.12");
    assertEquals(List.of(), unresolved(CudaC.class));
    assertNames(CudaC.class, "cudaSuccess|cudaError[A-Z].*", CudaC::cudaGetErrorName);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
      assertEquals(CudaC.cudaSuccess(), CudaC.cudaRuntimeGetVersion(out));
      int major = out.get(ValueLayout.JAVA_INT, 0) / 1000;
      assertTrue(major == 12 || major == 13, "CUDA " + major);
    }
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
  void everyBoundFunctionOfCublasResolves() throws ReflectiveOperationException {
    loadCuda("libcublas.so.13", "libcublas.so.12");
    assertEquals(List.of(), unresolved(CublasC.class));
    assertNames(CublasC.class, "CUBLAS_STATUS_.*", CublasC::cublasGetStatusName);
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
  void everyBoundFunctionOfCudnnResolves() throws ReflectiveOperationException {
    loadCuda("libcudnn.so.9");
    assertEquals(List.of(), unresolved(CudnnC.class));
    assertNames(CudnnC.class, "CUDNN_STATUS_.*", CudnnC::cudnnGetErrorString);
    assertEquals(9, CudnnC.cudnnGetVersion() / 10_000);
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
  void failedCallsCarryTheLibrarysText() {
    BhnLibrary.load();
    int status =
        BhnC.bhn_context_create(MemorySegment.NULL, BhnC.BHN_CPU(), 0, MemorySegment.NULL, 0);
    NativeException e = assertThrows(NativeException.class, () -> BhnLibrary.check(status));
    assertEquals(Status.INVALID_ARGUMENT, e.status());
    assertTrue(e.getMessage().contains("context_create"), e.getMessage());
    BhnLibrary.check(0);
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
  void statusNumbersAreThoseOfTheHeader() throws ReflectiveOperationException {
    for (Status status : Status.values()) {
      assertEquals(status.code(), BhnC.class.getMethod("BHN_" + status).invoke(null));
    }
  }

  @Test
  void theDoctorAlwaysAnswers() {
    String report = String.join("\n", Doctor.report());
    for (String name : List.of("platform", "java", "OpenMP", "libbhn", "oneDNN", "CUDA driver")) {
      assertTrue(report.contains(name), report);
    }
  }

  /** Loads the first of these where CUDA may lie; without any, skips the test and says so. */
  private static void loadCuda(String... names) {
    List<Path> places = new ArrayList<>();
    String home = System.getenv("CUDA_HOME");
    if (home != null) {
      places.add(Path.of(home, "lib64"));
    }
    places.add(Path.of("/usr/local/cuda/lib64"));
    places.addAll(NativeLibrary.SYSTEM_DIRECTORIES);
    for (String name : names) {
      for (Path place : places) {
        if (Files.exists(place.resolve(name))) {
          System.load(place.resolve(name).toString());
          return;
        }
      }
    }
    String reason = "no " + String.join(", no ", names) + " in " + places + ": skipped";
    System.out.println(reason);
    Assumptions.abort(reason);
  }

  /** The library itself names the values of its status as the bindings do. */
  private static void assertNames(
      Class<?> bindings, String constants, IntFunction<MemorySegment> name)
      throws ReflectiveOperationException {
    List<String> ours = new ArrayList<>();
    List<String> theirs = new ArrayList<>();
    for (Method method : bindings.getMethods()) {
      if (method.getName().matches(constants)) {
        ours.add(method.getName());
        theirs.add(name.apply((int) method.invoke(null)).getString(0));
      }
    }
    assertFalse(ours.isEmpty());
    assertEquals(ours, theirs);
  }

  private static List<String> unresolved(Class<?> bindings) throws IllegalAccessException {
    List<String> missing = new ArrayList<>();
    for (Method method : bindings.getMethods()) {
      if (method.getName().endsWith("$address")) {
        try {
          method.invoke(null);
        } catch (InvocationTargetException e) {
          missing.add(method.getName().replace("$address", ""));
        }
      }
    }
    return missing;
  }
}
