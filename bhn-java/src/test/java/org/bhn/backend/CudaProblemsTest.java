package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bhn.nativelib.NativeException;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** What is said about a CUDA device that is not usable: processes on emulated machines. */
@EnabledIfSystemProperty(named = "bhn.test.emulated", matches = "true")
class CudaProblemsTest {
  private static final String LIBRARIES = System.getProperty("bhn.cuda.path");

  /** Opens a required CUDA device and works on it until something is wrong. */
  static final class Session {
    private Session() {}

    public static void main(String[] args) {
      try (Backend backend = Backends.best()) {
        Tensor x = backend.allocate(DType.REAL, 1);
        for (int i = 0; i < 10; i++) {
          try {
            backend.fill(x, i);
            backend.sync();
          } catch (NativeException e) {
            System.out.println("fill " + i + ": " + e.getMessage());
          }
        }
      } catch (NativeException e) {
        System.out.println("no backend: " + e.getMessage());
      }
      System.out.println("end");
    }
  }

  /** Works on a required CUDA device, twice tries to convolve on it, and works on. */
  static final class Images {
    private Images() {}

    public static void main(String[] args) {
      Convolution c = new Convolution(3, 3, 1, 2, 2, 1, Padding.VALID, 1);
      try (Backend backend = Backends.best()) {
        Tensor x = backend.allocate(DType.REAL, 9, 1);
        Tensor w = backend.allocate(DType.REAL, 1, 4);
        Tensor y = backend.allocate(DType.REAL, 4, 1);
        for (int i = 0; i < 2; i++) {
          backend.fill(x, i + 1);
          try {
            backend.conv(y, x, w, c);
          } catch (NativeException e) {
            System.out.println("conv: " + e.getMessage());
          }
          System.out.println("x = " + backend.item(x, 8));
        }
      }
      System.out.println("end");
    }
  }

  private static List<String> session(String cudaPath, Map<String, String> environment)
      throws IOException, InterruptedException {
    return run(Session.class, cudaPath, environment);
  }

  private static List<String> run(
      Class<?> program, String cudaPath, Map<String, String> environment)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED"));
    command.add("-Dbhn.library.path=" + System.getProperty("bhn.library.path"));
    command.add("-Dbhn.cuda.path=" + cudaPath);
    command.add("-Dbhn.require=cuda");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    List<String> lines = new String(process.getInputStream().readAllBytes()).lines().toList();
    assertEquals(0, process.waitFor(), String.join("\n", lines));
    assertEquals("end", lines.getLast(), String.join("\n", lines));
    return lines;
  }

  private static void says(List<String> lines, String... parts) {
    String all = String.join("\n", lines);
    for (String part : parts) {
      assertTrue(all.contains(part), all);
    }
  }

  @Test
  void withoutADriver() throws Exception {
    says(
        session(LIBRARIES, Map.of("BHN_EMULATION_DRIVER", "0")),
        "no backend: context_create: no CUDA driver is installed");
  }

  @Test
  void withAnOldDriver() throws Exception {
    says(
        session(LIBRARIES, Map.of("BHN_EMULATION_DRIVER", "12000")),
        "no backend: ",
        "the driver is for CUDA 12.0 and this libbhn needs 13.0");
  }

  @Test
  void withoutAVisibleDevice() throws Exception {
    says(
        session(LIBRARIES, Map.of("BHN_EMULATION_DEVICES", "0", "CUDA_VISIBLE_DEVICES", "")),
        "no CUDA device is visible to this process",
        "(CUDA_VISIBLE_DEVICES is \"\")");
  }

  @Test
  void withADeviceThatTheLibraryHasNoCodeFor() throws Exception {
    says(
        session(LIBRARIES, Map.of("BHN_EMULATION_NO_CODE", "1")),
        "this libbhn holds code for sm_80 and newer, and CUDA device 0 is sm_90");
  }

  @Test
  void withoutCublas() throws Exception {
    says(session("/nowhere", Map.of()), "no backend: ", "/nowhere: no libcublas.so.13", "cublas");
  }

  @Test
  void withoutCudnnOnlyConvolutionsFail() throws Exception {
    says(
        run(Images.class, LIBRARIES + "/libcublas.so.13", Map.of()),
        "conv: cannot load libcudnn.so.9.",
        "libcublas.so.13: no libcudnn.so.9 there",
        "install NVIDIA's cuDNN 9",
        "-Dbhn.cuda.path=DIR",
        "x = 1.0",
        "x = 2.0");
  }

  @Test
  void whereNoAlgorithmWillDo() throws Exception {
    says(
        run(Images.class, LIBRARIES, Map.of("BHN_EMULATION_ALGORITHMS", "3")),
        "conv: convolution of 1 images, Convolution[height=3, width=3,",
        "algorithm 0: not deterministic",
        "algorithm 1: CUDNN_STATUS_NOT_SUPPORTED (3000)",
        "algorithm 2: wants 1125899906842624 bytes of workspace",
        "-Dbhn.backend=cpu",
        "x = 2.0");
    says(
        run(Images.class, LIBRARIES, Map.of("BHN_EMULATION_ALGORITHMS", "0")),
        "(algorithm 1, listed or not: CUDNN_STATUS_NOT_SUPPORTED (3000))");
  }

  @Test
  void whereOnlyAnAlgorithmThatIsNotListedWillDo() throws Exception {
    List<String> printed = run(Images.class, LIBRARIES, Map.of("BHN_EMULATION_ALGORITHMS", "-1"));
    says(printed, "x = 2.0");
    assertTrue(printed.stream().noneMatch(line -> line.contains("conv: ")), printed.toString());
  }

  @Test
  void aLostDeviceIsReportedOnceAndThenRefused() throws Exception {
    List<String> lines = session(LIBRARIES, Map.of("BHN_EMULATION_FAIL", "3"));
    says(lines, "fill 2: fill: cudaErrorIllegalAddress", "rows = 1", "[DEVICE_LOST]");
    assertEquals(9, lines.size(), String.join("\n", lines));
    for (int i = 3; i < 10; i++) {
      assertTrue(lines.get(i - 2).startsWith("fill " + i + ": "), lines.get(i - 2));
      assertTrue(lines.get(i - 2).contains("was lost in an earlier call"), lines.get(i - 2));
    }
  }
}
