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
import java.util.function.Supplier;
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
  @EnabledOnOs(
      value = OS.LINUX,
      architectures = {"amd64", "aarch64"})
  void everyBoundFunctionOfBhnResolves() throws IllegalAccessException {
    BhnLibrary.load();
    assertEquals(List.of(), unresolved(BhnC.class));
    assertTrue(BhnLibrary.abiVersion() >= BhnC.BHN_ABI_VERSION());
    assertFalse(BhnLibrary.buildInfo().isBlank());
    assertTrue(List.of("base", "avx2", "avx512").contains(BhnLibrary.simdLevel()));
  }

  @Test
  @EnabledOnOs(
      value = OS.LINUX,
      architectures = {"amd64", "aarch64"})
  void everyBoundFunctionOfOneDnnResolves() throws IllegalAccessException {
    OneDnnLibrary.load();
    assertEquals(List.of(), unresolved(DnnlC.class));
    assertTrue(OneDnnLibrary.version().startsWith("3."), OneDnnLibrary.version());
  }

  /** libbhn itself shows CUDA's runtime, when it was built with it. */
  @Test
  @EnabledOnOs(
      value = OS.LINUX,
      architectures = {"amd64", "aarch64"})
  void everyBoundFunctionOfCudaResolves() throws ReflectiveOperationException {
    BhnLibrary.load();
    if (!BhnLibrary.buildInfo().contains("cuda")) {
      skip("this libbhn was built without CUDA: its runtime is not tested");
    }
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
  @EnabledOnOs(
      value = OS.LINUX,
      architectures = {"amd64", "aarch64"})
  void everyBoundFunctionOfCublasResolves() throws ReflectiveOperationException {
    loaded(CublasLibrary::load);
    assertEquals(List.of(), unresolved(CublasC.class));
    assertNames(CublasC.class, "CUBLAS_STATUS_.*", CublasC::cublasGetStatusName);
    assertTrue(CublasLibrary.version().matches("1[23]\\.\\d+\\.\\d+"), CublasLibrary.version());
  }

  @Test
  @EnabledOnOs(
      value = OS.LINUX,
      architectures = {"amd64", "aarch64"})
  void everyBoundFunctionOfCudnnResolves() throws ReflectiveOperationException {
    loaded(CudnnLibrary::load);
    assertEquals(List.of(), unresolved(CudnnC.class));
    assertNames(CudnnC.class, "CUDNN_STATUS_.*", CudnnC::cudnnGetErrorString);
    assertTrue(CudnnLibrary.version().startsWith("9."), CudnnLibrary.version());
  }

  @Test
  @EnabledOnOs(
      value = OS.LINUX,
      architectures = {"amd64", "aarch64"})
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
  @EnabledOnOs(
      value = OS.LINUX,
      architectures = {"amd64", "aarch64"})
  void statusNumbersAreThoseOfTheHeader() throws ReflectiveOperationException {
    for (Status status : Status.values()) {
      assertEquals(status.code(), BhnC.class.getMethod("BHN_" + status).invoke(null));
    }
  }

  @Test
  void theDoctorAlwaysAnswers() {
    String report = String.join("\n", Doctor.report());
    for (String name :
        List.of(
            "platform", "java", "OpenMP", "libbhn", "oneDNN", "CUDA driver", "cuBLAS", "cuDNN")) {
      assertTrue(report.contains(name), report);
    }
  }

  /** Loads a library of CUDA; without it, skips the test and says so. */
  private static void loaded(Supplier<Path> load) {
    try {
      load.get();
    } catch (NativeException e) {
      skip(e.getMessage());
    }
  }

  private static void skip(String reason) {
    System.out.println("skipped: " + reason);
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
