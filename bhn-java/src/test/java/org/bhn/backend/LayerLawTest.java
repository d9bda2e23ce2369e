package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.bhn.backend.BackendsUnderTest.Subject;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Laws of weight norm, gain, gather and the products. */
class LayerLawTest {
  private static final String SUBJECTS = "org.bhn.backend.BackendsUnderTest#all";

  private static double[] normals(int n, long seed) {
    Random random = new Random(seed);
    double[] x = new double[n];
    Arrays.setAll(x, i -> (float) random.nextGaussian());
    return x;
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void aRowOfZerosHasNoNormAndNoGradient(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor v = t.shaped(new double[] {3, 4, 0, 0, -0.0, 0, 0, 0, 2}, 3, 3);
      Tensor r = t.zeros(3);
      b.weightNorm(r, v);
      assertArrayEquals(new double[] {0.2, 0, 0.5}, t.read(r), 4 * subject.eps());
      assertEquals(0, t.read(r)[1]);
      Tensor dV = t.zeros(3, 3);
      b.weightNormBackward(dV, t.real(1, 1, 1), v, r);
      double[] expected = {-0.024, -0.032, 0, 0, 0, 0, 0, 0, -0.25};
      assertArrayEquals(expected, t.read(dV), 8 * subject.eps());
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void aTinyRowIsNormalisedByTheFloor(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor r = t.zeros(2);
      b.weightNorm(r, t.shaped(new double[] {1e-15, 0, 0, -1e-18}, 2, 2));
      assertArrayEquals(new double[] {1e12, 1e12}, t.read(r), 1e12 * 4 * subject.eps());
      Tensor dV = t.zeros(2, 2);
      b.weightNormBackward(dV, t.real(1, 1), t.shaped(new double[] {1e-15, 0, 0, -1e-18}, 2, 2), r);
      assertArrayEquals(new double[4], t.read(dV)); // the floor does not move
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void normalisedRowsHaveUnitLengthWhateverTheirScale(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      double[] x = normals(5 * 33, 1);
      for (double scale : new double[] {1e-4, 1, 1e4}) {
        Tensor r = t.zeros(5);
        b.weightNorm(r, t.shaped(Arrays.stream(x).map(v -> v * scale).toArray(), 5, 33));
        double[] inverse = t.read(r);
        for (int j = 0; j < 5; j++) {
          double norm = 0;
          for (int i = 0; i < 33; i++) {
            norm += x[33 * j + i] * x[33 * j + i];
          }
          assertEquals(1, inverse[j] * scale * Math.sqrt(norm), 16 * subject.eps());
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void aSharedProductIsTheSameAsItsCopies(Subject subject) {
    int samples = 3;
    int batch = 5;
    int out = 17;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      double[] once = normals(batch * out, 2);
      double[] copies = new double[samples * batch * out];
      for (int i = 0; i < copies.length; i++) {
        copies[i] = once[i % once.length];
      }
      Tensor g = t.shaped(normals(samples * out, 3), samples, out);
      Tensor bias = t.real(normals(out, 4));
      Tensor shared = t.zeros(samples * batch, out);
      Tensor copied = t.zeros(samples * batch, out);
      b.gain(shared, t.shaped(once, batch, out), g, null, bias, samples, Activation.RELU);
      b.gain(
          copied, t.shaped(copies, samples * batch, out), g, null, bias, samples, Activation.RELU);
      assertArrayEquals(t.read(copied), t.read(shared), 4 * subject.eps());
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void aGainsBackwardOverwritesWhatItIsNotToAddTo(Subject subject) {
    int samples = 3;
    int batch = 4;
    int out = 5;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor g = t.shaped(normals(samples * out, 2), samples, out);
      Tensor dY = t.shaped(normals(samples * batch * out, 3), samples * batch, out);
      for (int rows : new int[] {batch, samples * batch}) {
        Tensor product = t.shaped(normals(rows * out, 4), rows, out);
        Tensor added = t.zeros(rows, out);
        Tensor written = t.zeros(rows, out);
        b.fill(written, 7);
        for (Tensor dT : List.of(added, written)) {
          b.gainBackward(
              dT,
              null,
              null,
              null,
              dY,
              product,
              g,
              null,
              null,
              samples,
              Activation.TANH,
              dT == added ? 1 : 0);
        }
        assertArrayEquals(t.read(added), t.read(written));
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void reluAndItsSlopeAreZeroAtZero(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor x = t.real(0, -0.0, 1, -1);
      Tensor dX = t.zeros(4);
      b.activationBackward(dX, t.real(1, 1, 1, 1), x, Activation.RELU);
      assertArrayEquals(new double[] {0, 0, 1, 0}, t.read(dX));
      Tensor dT = t.zeros(1, 4);
      b.gainBackward(
          dT,
          null,
          null,
          null,
          t.shaped(new double[] {1, 1, 1, 1}, 1, 4),
          x.reshape(1, 4),
          null,
          null,
          null,
          1,
          Activation.RELU,
          1);
      assertArrayEquals(new double[] {0, 0, 1, 0}, t.read(dT));
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void activationsStayFiniteFarOut(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      double infinity = Double.POSITIVE_INFINITY;
      Tensor x = t.real(-infinity, -1e30, -100, 100, 1e30, infinity);
      for (Activation activation : Activation.values()) {
        Tensor y = t.zeros(6);
        Tensor dX = t.zeros(6);
        b.activation(y, x, activation);
        b.activationBackward(dX, t.real(1, 1, 1, 1, 1, 1), x, activation);
        double[] value = t.read(y);
        double[] slope = t.read(dX);
        double low = activation == Activation.IDENTITY ? -infinity : 0;
        assertEquals(activation == Activation.TANH ? -1 : low, value[0], 0);
        assertEquals(activation == Activation.TANH ? 1 : infinity, value[5]);
        for (int i = 0; i < 6; i++) {
          boolean finite = Double.isFinite(value[i]) || i == 0 || i == 5;
          assertTrue(finite, activation + " value " + value[i]);
          assertTrue(slope[i] >= -1e-6 && slope[i] <= 1, activation + " slope " + slope[i]);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void gatherFollowsTheOrderAndTheCursor(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor x = t.shaped(new double[] {0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5}, 4, 2);
      Tensor labels = t.ints(10, 11, 12, 13);
      Tensor order = t.ints(2, 0, 3, 1, 2);
      Tensor cursor = t.counter(0);
      Tensor y = t.zeros(2, 2);
      Tensor l = t.ints(-1, -1);
      b.gather(y, x, order, cursor);
      assertArrayEquals(new double[] {2, 2.5, 0, 0.5}, t.read(y));
      b.advance(cursor, 3);
      b.gather(y, x, order, cursor);
      b.gather(l, labels, order, cursor);
      assertArrayEquals(new double[] {1, 1.5, 2, 2.5}, t.read(y));
      assertArrayEquals(new int[] {11, 12}, t.readInts(l));
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void indicesOutOfRangeAreRefusedAndNothingIsWritten(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor x = t.zeros(4, 2);
      Tensor y = t.shaped(new double[] {7, 7, 7, 7}, 2, 2);
      for (int bad : new int[] {-1, 4, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
        refused(b, () -> b.gather(y, x, t.ints(0, bad), t.counter(0)));
        refused(b, () -> b.gather(t.ints(0, 0), t.ints(1, 2, 3, 4), t.ints(bad, 0), t.counter(0)));
        refused(b, () -> b.categorical(t.zeros(2), x.rows(0, 2), t.ints(0, bad)));
        refused(b, () -> b.categoricalBackward(y, t.zeros(2), x.rows(0, 2), t.ints(0, bad)));
        refused(b, () -> b.permute(y, x.rows(0, 2), t.ints(bad, 0)));
        refused(b, () -> b.permuteBackward(y, x.rows(0, 2), t.ints(0, bad)));
      }
      for (long bad : new long[] {-1, 1, 1L << 32, Long.MAX_VALUE, Long.MIN_VALUE}) {
        refused(b, () -> b.gather(y, x, t.ints(0, 1), t.counter(bad)));
      }
      if (!b.isAsynchronous()) { // there, entries that are in range are moved
        assertArrayEquals(new double[] {7, 7, 7, 7}, t.read(y));
      }
    }
  }

  private static void refused(Backend backend, Runnable call) {
    assertThrows(
        IllegalArgumentException.class,
        () -> {
          call.run();
          backend.sync();
        });
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void productsOverNothingAreZeroAndDoNotReadWhatTheyOverwrite(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      double[] nan = new double[12];
      Arrays.fill(nan, Double.NaN);
      Tensor c = t.shaped(nan, 3, 4);
      b.matmul(c, t.zeros(3, 0), t.zeros(0, 4), false, false, 0);
      assertArrayEquals(new double[12], t.read(c));
      b.upload(c, nan);
      b.matmulBatched(c, t.zeros(0, 3, 2), t.zeros(0, 2, 4), false, false, 0);
      assertArrayEquals(new double[12], t.read(c), "the sum over no samples");
      double[] seven = new double[12];
      Arrays.fill(seven, 7);
      b.upload(c, seven);
      b.matmulBatched(c, t.zeros(0, 3, 2), t.zeros(0, 2, 4), false, false, 1);
      assertArrayEquals(seven, t.read(c), "the sum over no samples is added");
    }
  }
}
