package org.bhn.nativelib;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bhn.nativelib.gen.bhn.BhnC;
import org.bhn.nativelib.gen.dnnl.DnnlC;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Headers, generated bindings and libraries say the same. */
class BindingsTest {
  /** Surefire runs in the module's directory. */
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  @Test
  void bindingsMatchTheirHeaders() throws IOException {
    List<String> recorded = Files.readAllLines(Path.of("jextract", "headers.sha256"));
    assertEquals(2, recorded.size());
    for (String line : recorded) {
      String header = line.substring(66);
      assertEquals(
          line.substring(0, 64),
          HeaderDigest.of(ROOT.resolve(header)),
          header + " has changed: run native-bindings/jextract/regenerate.sh");
    }
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
