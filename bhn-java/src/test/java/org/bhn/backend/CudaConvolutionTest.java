package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.bhn.nativelib.CudnnLibrary;
import org.bhn.nativelib.NativeException;
import org.bhn.nativelib.Status;
import org.bhn.nativelib.gen.cudnn.CudnnC;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Convolutions on a CUDA device: precision, graphs, the workspace, forks. */
class CudaConvolutionTest {
  private CudaBackend backend;
  private TestTensors t;

  @BeforeEach
  void open() {
    Assumptions.assumeTrue(
        BackendsUnderTest.twins().stream().anyMatch(s -> s.name().equals("cuda")),
        BackendsUnderTest.missing());
    backend = CudaBackend.open();
    t = new TestTensors(backend);
  }

  @AfterEach
  void close() {
    if (backend != null) {
      backend.close();
    }
  }

  private static Convolution square(int size, int in, int kernel, Padding padding, int out) {
    return new Convolution(size, size, in, kernel, kernel, 1, padding, out);
  }

  private Tensor normals(int rows, int columns) {
    Random random = new Random(rows);
    double[] x = new double[rows * columns];
    Arrays.setAll(x, i -> random.nextGaussian());
    return t.shaped(x, rows, columns);
  }

  /** (1 + 2^-12)^2 needs 24 bits; TF32 has 10. */
  @Test
  void strictOnesKeepEveryBitBeforeAndAfterFastOnes() {
    double x = 1 + 0x1p-12;
    double exact = (float) (x * x);
    Convolution one = square(1, 1, 1, Padding.VALID, 1);
    Tensor a = t.shaped(new double[] {x}, 1, 1);
    Tensor y = t.zeros(1, 1);
    try (PackedMatrix strict = backend.pack(a, one, Precision.STRICT);
        PackedMatrix fast = backend.pack(a, one, Precision.FAST)) {
      strict.product(y, a);
      assertEquals(exact, backend.item(y, 0));
      fast.product(y, a);
      assertEquals(exact, backend.item(y, 0), 0x1p-10);
      if (Boolean.getBoolean("bhn.test.emulated")) {
        assertEquals(1, backend.item(y, 0));
      }
      strict.product(y, a);
      assertEquals(exact, backend.item(y, 0));
      backend.conv(y, a, a, one);
      assertEquals(exact, backend.item(y, 0));
      backend.convInputs(y, a, a, one, 0);
      assertEquals(exact, backend.item(y, 0));
      backend.convWeights(y, a, a, one, 0);
      assertEquals(exact, backend.item(y, 0));
    }
  }

  /** Kernels of 2 and strides of 2 need a zero more at one end. */
  @ParameterizedTest
  @CsvSource({"3, 1, VALID", "2, 1, SAME", "3, 2, SAME"})
  void aConvolutionAndItsGradientsArePartOfAGraph(int kernel, int stride, Padding padding) {
    Convolution c = new Convolution(6, 6, 2, kernel, kernel, stride, padding, 3);
    Tensor x = normals(2 * 36, 2);
    Tensor w = normals(3, c.fanIn());
    Tensor y = t.zeros(2 * c.places(), 3);
    Tensor dX = t.zeros(2 * 36, 2);
    Tensor dW = t.zeros(3, c.fanIn());
    CudaCallList calls = (CudaCallList) backend.record();
    backend.conv(y, x, w, c);
    backend.convInputs(dX, y, w, c, 1);
    backend.convWeights(dW, y, x, c, 1);
    backend.stopRecording();
    double[][] once = {t.read(y), t.read(dX), t.read(dW)};
    calls.run();
    calls.run();
    assertTrue(calls.isGraph());
    assertArrayEquals(once[0], t.read(y));
    assertArrayEquals(thrice(once[1]), t.read(dX), 1e-4);
    assertArrayEquals(thrice(once[2]), t.read(dW), 1e-4);
    backend.fill(w, 0); // a replay reads the weights of its time
    calls.run();
    assertArrayEquals(new double[once[0].length], t.read(y));
  }

  private static double[] thrice(double[] x) {
    return Arrays.stream(x).map(v -> 3 * v).toArray();
  }

  @Test
  void aGraphGoesOnWhenALaterConvolutionNeedsALargerWorkspace() {
    Convolution small = square(3, 1, 2, Padding.VALID, 1);
    Tensor x = normals(9, 1);
    Tensor w = normals(1, 4);
    Tensor y = t.zeros(4, 1);
    CudaCallList calls = (CudaCallList) backend.record();
    backend.conv(y, x, w, small);
    backend.stopRecording();
    final double[] expected = t.read(y);
    calls.run();
    backend.fill(y, 0);
    Convolution large = square(32, 4, 3, Padding.SAME, 4);
    Tensor result = t.zeros(4 * 1024, 4);
    backend.conv(result, normals(4 * 1024, 4), normals(4, 36), large);
    calls.run();
    assertTrue(calls.isGraph());
    assertArrayEquals(expected, t.read(y));
  }

  @Test
  void aForkConvolvesOnItsOwnStreamAndLeavesTheOthersWorking() {
    Convolution c = square(4, 1, 2, Padding.SAME, 2);
    Tensor x = normals(16, 1);
    Tensor w = normals(2, 4);
    Tensor y = t.zeros(16, 2);
    backend.conv(y, x, w, c);
    double[] expected = t.read(y);
    Tensor other = t.zeros(16, 2);
    try (Backend fork = backend.fork()) {
      fork.conv(other, x, w, c);
      assertArrayEquals(expected, new TestTensors(fork).read(other));
    }
    backend.fill(y, 0);
    backend.conv(y, x, w, c);
    assertArrayEquals(expected, t.read(y));
  }

  @Test
  void aStatusOfCudnnBecomesOurs() {
    backend.conv(t.zeros(1, 1), t.zeros(1, 1), t.zeros(1, 1), square(1, 1, 1, Padding.SAME, 1));
    CudnnLibrary.check(CudnnC.CUDNN_STATUS_SUCCESS(), () -> "x");
    failed(CudnnC.CUDNN_STATUS_NOT_SUPPORTED(), Status.UNSUPPORTED, "NOT_SUPPORTED (3000)");
    failed(3007, Status.UNSUPPORTED, "(3007)");
    failed(
        CudnnC.CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED(),
        Status.OUT_OF_MEMORY,
        "ALLOCATION_FAILED (4004)");
    failed(CudnnC.CUDNN_STATUS_EXECUTION_FAILED(), Status.DEVICE_ERROR, "EXECUTION_FAILED (5000)");
    failed(
        CudnnC.CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED(),
        Status.DEVICE_ERROR,
        "libcudnn_*.so.9, must lie beside " + CudnnLibrary.load());
  }

  private static void failed(int status, Status expected, String words) {
    NativeException e =
        assertThrows(NativeException.class, () -> CudnnLibrary.check(status, () -> "conv of x"));
    assertEquals(expected, e.status());
    assertTrue(e.getMessage().startsWith("conv of x: "), e.getMessage());
    assertTrue(e.getMessage().contains(words), e.getMessage());
  }
}
