package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import org.bhn.backend.BackendsUnderTest.Subject;
import org.bhn.bayes.TargetDistribution;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RngTest {
  private static final String SUBJECTS = "org.bhn.backend.BackendsUnderTest#all";

  /** Counter words, key words, and the block, from the known-answer file of Random123. */
  private static final int[][][] KNOWN = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{-1, -1, -1, -1}, {-1, -1}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {
      {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
      {0xa4093822, 0x299f31d0},
      {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}
    }
  };

  private static long unsigned(int word) {
    return word & 0xFFFFFFFFL;
  }

  private static long joined(int low, int high) {
    return unsigned(low) | (long) high << 32;
  }

  @Test
  void philoxGivesTheKnownAnswers() {
    for (int[][] known : KNOWN) {
      int[] c = known[0];
      int[] words = new int[4];
      JavaRng.philox(
          words,
          unsigned(c[0]),
          unsigned(c[1]),
          joined(c[2], c[3]),
          joined(known[1][0], known[1][1]));
      assertArrayEquals(known[2], words);
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void uniformsAreTheHighBitsOfTheKnownAnswers(Subject subject) {
    try (Backend backend = subject.open()) {
      TestTensors t = new TestTensors(backend);
      for (int[][] known : KNOWN) {
        int[] c = known[0];
        Tensor out = t.zeros(4);
        backend.uniform(
            out,
            t.counter(joined(c[2], c[3])),
            4 * unsigned(c[0]),
            joined(known[1][0], known[1][1]),
            unsigned(c[1]));
        double[] expected = Arrays.stream(known[2]).mapToDouble(w -> (w >>> 8) * 0x1p-24).toArray();
        assertArrayEquals(expected, t.read(out));
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void normalsAreBoxMullerOfTheKnownAnswers(Subject subject) {
    try (Backend backend = subject.open()) {
      TestTensors t = new TestTensors(backend);
      for (int[][] known : KNOWN) {
        int[] c = known[0];
        Tensor out = t.zeros(4);
        backend.normal(
            out,
            t.counter(joined(c[2], c[3])),
            4 * unsigned(c[0]),
            joined(known[1][0], known[1][1]),
            unsigned(c[1]));
        double[] expected = new double[4];
        for (int pair = 0; pair < 4; pair += 2) {
          double u = ((known[2][pair] >>> 8) + 1) / 16777216.0;
          double v = (known[2][pair + 1] >>> 8) / 16777216.0;
          expected[pair] = Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
          expected[pair + 1] = Math.sqrt(-2 * Math.log(u)) * Math.sin(2 * Math.PI * v);
        }
        assertArrayEquals(expected, t.read(out), 24 * subject.eps());
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void piecesOfAnyLengthHoldTheSameValues(Subject subject) {
    try (Backend backend = subject.open()) {
      TestTensors t = new TestTensors(backend);
      Tensor counter = t.counter(99);
      for (boolean normal : new boolean[] {false, true}) {
        Tensor whole = t.zeros(103);
        draw(backend, normal, whole, counter, 17);
        double[] expected = t.read(whole);
        for (int length = 1; length < 20; length++) {
          for (int at = 0; at < 103; at += length) {
            Tensor piece = whole.columns(at, Math.min(103, at + length));
            backend.fill(piece, 0);
            draw(backend, normal, piece, counter, 17 + at);
          }
          assertArrayEquals(expected, t.read(whole), "pieces of " + length);
        }
      }
    }
  }

  private static void draw(Backend b, boolean normal, Tensor out, Tensor counter, long first) {
    if (normal) {
      b.normal(out, counter, first, 5, 6);
    } else {
      b.uniform(out, counter, first, 5, 6);
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void normalsAreStandardNormal(Subject subject) {
    int n = 200_000;
    double[] x = drawn(subject, true, n);
    double[] moments = new double[5];
    for (double v : x) {
      for (int k = 1; k <= 4; k++) {
        moments[k] += Math.pow(v, k) / n;
      }
    }
    // Standard errors of the first four moments are sqrt(1, 2, 15, 96)/sqrt(n).
    double[] expected = {0, 0, 1, 0, 3};
    double[] variance = {0, 1, 2, 15, 96};
    for (int k = 1; k <= 4; k++) {
      assertEquals(expected[k], moments[k], 4 * Math.sqrt(variance[k] / n), "moment " + k);
    }
    assertTrue(kolmogorov(x, v -> TargetDistribution.GAUSSIAN.cdf(v, 0, 1)) < 1.95 / Math.sqrt(n));
    assertUncorrelated(x);
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void uniformsAreUniform(Subject subject) {
    int n = 200_000;
    double[] x = drawn(subject, false, n);
    for (double v : x) {
      assertTrue(v >= 0 && v < 1);
    }
    assertTrue(kolmogorov(x, u -> u) < 1.95 / Math.sqrt(n));
    assertUncorrelated(x);
  }

  private static double[] drawn(Subject subject, boolean normal, int n) {
    try (Backend backend = subject.open()) {
      TestTensors t = new TestTensors(backend);
      Tensor out = t.zeros(n);
      draw(backend, normal, out, t.counter(1), 0);
      return t.read(out);
    }
  }

  /** Largest distance between the empirical and the given distribution function. */
  private static double kolmogorov(double[] x, DoubleUnaryOperator cdf) {
    double[] sorted = x.clone();
    Arrays.sort(sorted);
    double largest = 0;
    for (int i = 0; i < sorted.length; i++) {
      double p = cdf.applyAsDouble(sorted[i]);
      largest = Math.max(largest, Math.max(p - (double) i / x.length, (i + 1.0) / x.length - p));
    }
    return largest;
  }

  /** Lanes of a block come from one computation: neighbours are the pairs that could agree. */
  private static void assertUncorrelated(double[] x) {
    double mean = Arrays.stream(x).average().orElseThrow();
    double variance = Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
    for (int lag = 1; lag <= 4; lag++) {
      double sum = 0;
      for (int i = 0; i + lag < x.length; i++) {
        sum += (x[i] - mean) * (x[i + lag] - mean);
      }
      assertEquals(0, sum / x.length / variance, 4 / Math.sqrt(x.length), "lag " + lag);
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void seedStreamAndCounterEachChangeEverything(Subject subject) {
    try (Backend backend = subject.open()) {
      TestTensors t = new TestTensors(backend);
      Tensor counter = t.counter(0);
      double[][] draws = new double[6][];
      long[][] keys = {
        {0, 0, 0}, {1, 0, 0}, {1L << 32, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0, 0, 1L << 32}
      };
      for (int k = 0; k < keys.length; k++) {
        Tensor out = t.zeros(16);
        backend.upload(counter, keys[k][2]);
        backend.uniform(out, counter, 0, keys[k][0], keys[k][1]);
        draws[k] = t.read(out);
        for (int j = 0; j < k; j++) {
          for (int i = 0; i < 16; i++) {
            assertTrue(draws[k][i] != draws[j][i], "keys " + j + " and " + k + " agree at " + i);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void advancingTheCounterIsDrawingFromALaterOne(Subject subject) {
    try (Backend backend = subject.open()) {
      TestTensors t = new TestTensors(backend);
      Tensor counter = t.counter(0xFFFFFFFFL);
      backend.advance(counter, 2);
      assertEquals(0x100000001L, backend.itemLong(counter));
      Tensor a = t.zeros(9);
      Tensor b = t.zeros(9);
      backend.normal(a, counter, 0, 1, 2);
      backend.normal(b, t.counter(0x100000001L), 0, 1, 2);
      assertArrayEquals(t.read(a), t.read(b));
      backend.advance(counter, -2);
      assertEquals(0xFFFFFFFFL, backend.itemLong(counter));
    }
  }
}
