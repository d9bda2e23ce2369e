package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.util.Arrays;
import java.util.Random;
import org.bhn.backend.BackendsUnderTest.Subject;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Laws of convolutions and pooling. */
class ImageLawTest {
  private static final String SUBJECTS = "org.bhn.backend.BackendsUnderTest#all";

  private static double[] normals(int n, long seed) {
    Random random = new Random(seed);
    double[] x = new double[n];
    Arrays.setAll(x, i -> (float) random.nextGaussian());
    return x;
  }

  private static Convolution square(int size, int in, int kernel, Padding padding, int out) {
    return new Convolution(size, size, in, kernel, kernel, 1, padding, out);
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void sumsByHand(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor x = t.shaped(new double[] {1, 2, 3, 4, 5, 6, 7, 8, 9}, 9, 1);
      Tensor w = t.shaped(new double[] {1, 10, 100, 1000}, 1, 4);
      Tensor valid = t.zeros(4, 1);
      b.conv(valid, x, w, square(3, 1, 2, Padding.VALID, 1));
      assertArrayEquals(new double[] {5421, 6532, 8754, 9865}, t.read(valid));
      // The odd zero goes after the image: below and to the right.
      Tensor same = t.zeros(9, 1);
      b.conv(same, x, w, square(3, 1, 2, Padding.SAME, 1));
      double[] expected = {5421, 6532, 603, 8754, 9865, 906, 87, 98, 9};
      assertArrayEquals(expected, t.read(same));
      // Stride 2: ⌈3/2⌉ places, one zero before and one after with a kernel of 3.
      Tensor ones = t.shaped(new double[] {1, 1, 1, 1, 1, 1, 1, 1, 1}, 1, 9);
      Tensor strided = t.zeros(4, 1);
      b.conv(strided, x, ones, new Convolution(3, 3, 1, 3, 3, 2, Padding.SAME, 1));
      assertArrayEquals(new double[] {12, 16, 24, 28}, t.read(strided));
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void aKernelAsLargeAsTheImageIsADenseProduct(Subject subject) {
    int n = 5;
    Convolution c = new Convolution(4, 3, 7, 4, 3, 1, Padding.VALID, 9);
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor x = t.shaped(normals(n * c.inputs(), 1), n, c.inputs());
      Tensor w = t.shaped(normals(9 * c.fanIn(), 2), 9, c.fanIn());
      Tensor dense = t.zeros(n, 9);
      Tensor conv = t.zeros(n, 9);
      b.matmul(dense, x, w, false, true, 0);
      b.conv(conv, x, w, c);
      assertArrayEquals(t.read(dense), t.read(conv), 256 * subject.eps());
      Tensor dY = t.shaped(normals(n * 9, 3), n, 9);
      Tensor dX = t.zeros(n, c.inputs());
      Tensor dXDense = t.zeros(n, c.inputs());
      b.convInputs(dX, dY, w, c, 0);
      b.matmul(dXDense, dY, w, false, false, 0);
      assertArrayEquals(t.read(dXDense), t.read(dX), 64 * subject.eps());
      Tensor dW = t.zeros(9, c.fanIn());
      Tensor dWDense = t.zeros(9, c.fanIn());
      b.convWeights(dW, dY, x, c, 0);
      b.matmul(dWDense, dY, x, true, false, 0);
      assertArrayEquals(t.read(dWDense), t.read(dW), 64 * subject.eps());
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void aShiftedImageGivesAShiftedOutput(Subject subject) {
    Convolution c = square(7, 2, 3, Padding.VALID, 3);
    double[] x = normals(7 * 7 * 2, 4);
    double[] shifted = new double[x.length];
    System.arraycopy(x, 0, shifted, (7 + 1) * 2, x.length - (7 + 1) * 2);
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor w = t.shaped(normals(3 * 18, 5), 3, 18);
      Tensor y = t.zeros(25, 3);
      Tensor moved = t.zeros(25, 3);
      b.conv(y, t.shaped(x, 49, 2), w, c);
      b.conv(moved, t.shaped(shifted, 49, 2), w, c);
      double[] from = t.read(y);
      double[] to = t.read(moved);
      for (int i = 1; i < 5; i++) {
        for (int j = 1; j < 5; j++) {
          for (int k = 0; k < 3; k++) {
            double before = from[((i - 1) * 5 + j - 1) * 3 + k];
            assertEquals(before, to[(i * 5 + j) * 3 + k], 64 * subject.eps());
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void noImagesHaveNoGradient(Subject subject) {
    Convolution c = square(3, 1, 2, Padding.VALID, 1);
    double[] seven = {7, 7, 7, 7};
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor dW = t.shaped(seven, 1, 4);
      b.convWeights(dW, t.zeros(0, 1), t.zeros(0, 1), c, 1);
      assertArrayEquals(seven, t.read(dW));
      b.convWeights(dW, t.zeros(0, 1), t.zeros(0, 1), c, 0);
      assertArrayEquals(new double[4], t.read(dW));
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void theFirstOfEqualMaximaHasTheGradientAndANanIsTheLargest(Subject subject) {
    double inf = Double.POSITIVE_INFINITY;
    double nan = Double.NaN;
    Pooling pooling = new Pooling(3, 3, 1, 2, 1);
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor x = t.shaped(new double[] {2, 2, -inf, 2, 1, -inf, nan, nan, 5}, 9, 1);
      Tensor y = t.zeros(4, 1);
      b.maxPool(y, x, pooling);
      assertArrayEquals(new double[] {2, 2, nan, nan}, t.read(y));
      Tensor dX = t.zeros(9, 1);
      b.maxPoolBackward(dX, t.shaped(new double[] {1, 10, 100, 1000}, 4, 1), x, pooling);
      assertArrayEquals(new double[] {1, 10, 0, 0, 0, 0, 100, 1000, 0}, t.read(dX));
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void packedWeightsAreThoseOfWhenTheyWerePacked(Subject subject) {
    Convolution c = square(6, 3, 3, Padding.SAME, 5);
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor w = t.shaped(normals(5 * 27, 6), 5, 27);
      for (Precision precision : Precision.values()) {
        try (PackedMatrix packed = b.pack(w, c, precision)) {
          for (int n : new int[] {1, 4, 1, 9}) {
            Tensor x = t.shaped(normals(n * c.inputs(), n), n * 36, 3);
            Tensor expected = t.zeros(n * 36, 5);
            Tensor y = t.zeros(n * 36, 5);
            b.conv(expected, x, w, c);
            packed.product(y, x);
            // bf16 has 8 bits; there are 27 terms of about 1.
            double tolerance = precision == Precision.STRICT ? 64 * subject.eps() : 0.1;
            assertArrayEquals(t.read(expected), t.read(y), tolerance);
          }
          Tensor wrong = t.zeros(35, 3);
          Exception e =
              assertThrows(
                  IllegalArgumentException.class, () -> packed.product(t.zeros(36, 5), wrong));
          assertTrue(e.getMessage().contains("108"), e.getMessage());
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void aRecordedConvolutionOutlivesManyOthers(Subject subject) {
    Convolution c = square(4, 1, 3, Padding.VALID, 2);
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor w = t.shaped(normals(18, 7), 2, 9);
      Tensor x = t.shaped(normals(16, 8), 16, 1);
      Tensor y = t.zeros(4, 2);
      CallList calls = b.record();
      b.conv(y, x, w, c);
      b.stopRecording();
      double[] expected = t.read(y);
      for (int n = 2; n < 150; n++) {
        b.conv(t.zeros(4 * n, 2), t.zeros(16 * n, 1), w, c);
      }
      b.fill(y, 0);
      calls.run();
      assertArrayEquals(expected, t.read(y));
    }
  }

  /** The reference implementation of oneDNN is hundreds of times slower than the others. */
  @Test
  void oneDnnHasAFastWayForEveryCase() {
    if (BackendsUnderTest.twins().stream().noneMatch(s -> s.name().equals("cpu"))) {
      abort(BackendsUnderTest.missing());
    }
    for (int[] s :
        new int[][] {{32, 3, 5, 192}, {28, 192, 5, 192}, {28, 1, 5, 20}, {12, 20, 3, 50}}) {
      for (Padding padding : Padding.values()) {
        for (ConvolutionKey.Kind kind : ConvolutionKey.Kind.values()) {
          Convolution c = square(s[0], s[1], s[2], padding, s[3]);
          ConvolutionKey key = new ConvolutionKey(kind, c, 4, false, Precision.STRICT);
          try (OneDnnConvolution call = new OneDnnConvolution(key)) {
            String name = call.implementation();
            assertFalse(name.startsWith("ref"), key + ": " + name);
          }
        }
      }
    }
  }

  @Test
  void sizesThatCannotBeAreRefused() {
    refused("kernel of 5 x 5", () -> square(4, 1, 5, Padding.VALID, 1));
    refused("Padding.SAME", () -> square(4, 1, 5, Padding.VALID, 1));
    refused("height = 0", () -> new Convolution(0, 4, 1, 1, 1, 1, Padding.VALID, 1));
    refused("in = -1", () -> square(4, -1, 1, Padding.VALID, 1));
    refused("stride = 0", () -> new Convolution(4, 4, 1, 1, 1, 0, Padding.VALID, 1));
    refused("out = 0", () -> square(4, 1, 1, Padding.VALID, 0));
    refused("padding", () -> square(4, 1, 1, null, 1));
    refused("image", () -> square(1 << 15, 2, 1, Padding.VALID, 1));
    refused("output", () -> square(1 << 14, 1, 1, Padding.VALID, 8));
    refused("weights", () -> square(1, 1 << 20, 1, Padding.VALID, 1 << 20));
    refused("window of 3 x 3", () -> new Pooling(4, 2, 1, 3, 1));
    refused("window = 0", () -> new Pooling(4, 4, 1, 0, 1));
    refused("stride = -2", () -> new Pooling(4, 4, 1, 2, -2));
    refused("0 x 4 x 1", () -> new Pooling(0, 4, 1, 1, 1));
    Convolution huge = square(3, 1, 9, Padding.SAME, 1);
    assertEquals(9, huge.places());
  }

  private static void refused(String words, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(words), message);
  }
}
