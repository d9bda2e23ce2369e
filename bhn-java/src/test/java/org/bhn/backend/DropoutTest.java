package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.bhn.backend.BackendsUnderTest.Subject;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Dropout masks belong to (sample, row, column), however the work is cut. */
class DropoutTest {
  private static final String SUBJECTS = "org.bhn.backend.BackendsUnderTest#all";
  private static final int SAMPLES = 3;
  private static final int BATCH = 7;
  private static final double RATE = 0.375;

  private static double[] ones(int n) {
    double[] x = new double[n];
    Arrays.fill(x, 1);
    return x;
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void masksDoNotDependOnHowRowsAndSamplesAreCut(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      for (int cols : new int[] {1, 3, 4, 5, 8, 33}) {
        Tensor x = t.shaped(ones(SAMPLES * BATCH * cols), SAMPLES * BATCH, cols);
        Tensor whole = t.zeros(SAMPLES * BATCH, cols);
        b.dropout(whole, x, t.counter(40), SAMPLES, 100, 1, 2, RATE);
        for (int s = 0; s < SAMPLES; s++) {
          for (int row = 0; row < BATCH; row++) {
            Tensor one = t.zeros(1, cols);
            Tensor input = x.rows(0, 1);
            b.dropout(one, input, t.counter(40 + s), 1, 100 + row, 1, 2, RATE);
            int at = s * BATCH + row;
            assertArrayEquals(t.read(whole.rows(at, at + 1)), t.read(one), "row " + at);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void aUnitIsDroppedIffItsUniformIsBelowTheRate(Subject subject) {
    int cols = 6;
    long padded = 8;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor y = t.zeros(SAMPLES * BATCH, cols);
      Tensor x = t.shaped(ones(BATCH * cols), BATCH, cols);
      b.dropout(y, x, t.counter(9), SAMPLES, 5, 1, 2, RATE);
      double[] actual = t.read(y);
      for (int s = 0; s < SAMPLES; s++) {
        for (int row = 0; row < BATCH; row++) {
          Tensor uniform = t.zeros(cols);
          b.uniform(uniform, t.counter(9 + s), (5 + row) * padded, 1, 2);
          double[] u = t.read(uniform);
          for (int j = 0; j < cols; j++) {
            double expected = u[j] < RATE ? 0 : 1 / (1 - RATE);
            double value = actual[(s * BATCH + row) * cols + j];
            assertEquals(expected, value, 4 * subject.eps(), s + ", " + row + ", " + j);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void theMeanIsKeptAndTheRateIsMet(Subject subject) {
    int n = 100_000;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor y = t.zeros(n / 100, 100);
      b.dropout(y, t.shaped(ones(n), n / 100, 100), t.counter(0), 1, 0, 3, 16, RATE);
      double[] values = t.read(y);
      double dropped = Arrays.stream(values).filter(v -> v == 0).count() / (double) n;
      assertEquals(RATE, dropped, 4 * Math.sqrt(RATE * (1 - RATE) / n));
      assertEquals(1, Arrays.stream(values).average().orElseThrow(), 0.02);
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void theBackwardDrawsTheSameMask(Subject subject) {
    int cols = 13;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      double[] all = ones(SAMPLES * BATCH * cols);
      Tensor y = t.zeros(SAMPLES * BATCH, cols);
      Tensor dX = t.zeros(SAMPLES * BATCH, cols);
      Tensor x = t.shaped(all, SAMPLES * BATCH, cols);
      b.dropout(y, x, t.counter(77), SAMPLES, 2, 5, 6, 0.5);
      b.dropoutBackward(dX, x, t.counter(77), SAMPLES, 2, 5, 6, 0.5);
      assertArrayEquals(t.read(y), t.read(dX));
      Tensor shared = t.zeros(BATCH, cols);
      b.dropoutBackward(shared, x, t.counter(77), SAMPLES, 2, 5, 6, 0.5);
      double[] sum = new double[BATCH * cols];
      double[] each = t.read(dX);
      for (int i = 0; i < each.length; i++) {
        sum[i % sum.length] += each[i];
      }
      assertArrayEquals(sum, t.read(shared), 16 * subject.eps());
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void aRateOfZeroIsTheIdentity(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      double[] x = {1, -2, 3, 0.5, 7, -0.25};
      Tensor y = t.zeros(2, 3);
      b.dropout(y, t.shaped(x, 2, 3), t.counter(0), 1, 0, 0, 0, 0);
      assertArrayEquals(x, t.read(y));
    }
  }
}
