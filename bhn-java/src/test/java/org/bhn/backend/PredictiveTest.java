package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.bhn.backend.BackendsUnderTest.Subject;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Streamed statistics: independent of the pieces, and equal to their definitions. */
class PredictiveTest {
  private static final String SUBJECTS = "org.bhn.backend.BackendsUnderTest#all";
  private static final int SAMPLES = 24;
  private static final int BATCH = 5;
  private static final int CLASSES = 11;

  private static double[] normals(int n, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    return OpCase.fill(n, () -> (float) (2 * random.nextGaussian()));
  }

  /** What the state holds at the end: mean, m2, entropy, votes, moments, log mean. */
  private static double[][] streamed(Backend b, double[] logits, double[] lik, int piece) {
    TestTensors t = new TestTensors(b);
    Tensor mean = t.zeros(BATCH, CLASSES);
    Tensor m2 = t.zeros(BATCH, CLASSES);
    Tensor entropy = t.zeros(BATCH);
    Tensor votes = b.allocate(DType.INT32, BATCH, CLASSES);
    Tensor valueMean = t.zeros(BATCH, CLASSES);
    Tensor valueM2 = t.zeros(BATCH, CLASSES);
    Tensor logMean = t.zeros(BATCH, 2);
    Tensor all = t.shaped(logits, SAMPLES * BATCH, CLASSES);
    Tensor logLik = t.real(lik);
    spoil(b, mean, m2, entropy, valueMean, valueM2, logMean);
    for (int seen = 0; seen < SAMPLES; seen += piece) {
      int end = Math.min(SAMPLES, seen + piece);
      Tensor rows = all.rows(seen * BATCH, end * BATCH);
      b.predictiveCategorical(mean, m2, entropy, votes, rows, seen);
      b.predictiveMoments(valueMean, valueM2, rows, seen);
      b.predictiveLogLik(logMean, logLik.columns(seen * BATCH, end * BATCH), seen);
    }
    return new double[][] {
      t.read(mean),
      t.read(m2),
      t.read(entropy),
      Arrays.stream(t.readInts(votes)).asDoubleStream().toArray(),
      t.read(valueMean),
      t.read(valueM2),
      t.read(logMean)
    };
  }

  /** A new start must not read what the state held. */
  private static void spoil(Backend b, Tensor... state) {
    for (Tensor t : state) {
      double[] nan = new double[t.size()];
      Arrays.fill(nan, Double.NaN);
      b.upload(t, nan);
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void piecesOfAnySizeGiveTheSameBits(Subject subject) {
    double[] logits = normals(SAMPLES * BATCH * CLASSES, 1);
    double[] lik = normals(SAMPLES * BATCH, 2);
    try (Backend b = subject.open()) {
      double[][] whole = streamed(b, logits, lik, SAMPLES);
      for (int piece = 1; piece < SAMPLES; piece++) {
        double[][] pieces = streamed(b, logits, lik, piece);
        for (int i = 0; i < whole.length; i++) {
          assertArrayEquals(whole[i], pieces[i], "statistic " + i + " in pieces of " + piece);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void streamedIsTwoPass(Subject subject) {
    double[] logits = normals(SAMPLES * BATCH * CLASSES, 3);
    double[] lik = normals(SAMPLES * BATCH, 4);
    double[][] actual;
    try (Backend b = subject.open()) {
      actual = streamed(b, logits, lik, 7);
    }
    double allowed = 32 * subject.eps();
    for (int row = 0; row < BATCH; row++) {
      double entropy = 0;
      double likelihood = 0;
      double[] votes = new double[CLASSES];
      double[][] p = new double[SAMPLES][];
      double[][] x = new double[SAMPLES][];
      for (int s = 0; s < SAMPLES; s++) {
        int at = (s * BATCH + row) * CLASSES;
        x[s] = Arrays.copyOfRange(logits, at, at + CLASSES);
        p[s] = softmax(x[s]);
        entropy += entropy(p[s]) / SAMPLES;
        votes[largest(x[s])]++;
        likelihood += Math.exp(lik[s * BATCH + row]) / SAMPLES;
      }
      assertEquals(entropy, actual[2][row], allowed * 4);
      assertEquals(Math.log(likelihood), actual[6][2 * row], allowed * 4);
      double precise = actual[6][2 * row] + actual[6][2 * row + 1];
      assertEquals(Math.log(likelihood), precise, 1e-12);
      for (int c = 0; c < CLASSES; c++) {
        int at = row * CLASSES + c;
        assertEquals(votes[c], actual[3][at]);
        assertEquals(mean(p, c), actual[0][at], allowed);
        assertEquals(squares(p, c), actual[1][at], allowed);
        assertEquals(mean(x, c), actual[4][at], allowed * 4);
        assertEquals(squares(x, c), actual[5][at], allowed * 200);
      }
    }
  }

  private static double[] softmax(double[] x) {
    double max = Arrays.stream(x).max().orElseThrow();
    double sum = Arrays.stream(x).map(v -> Math.exp(v - max)).sum();
    return Arrays.stream(x).map(v -> Math.exp(v - max) / sum).toArray();
  }

  private static double entropy(double[] p) {
    return Arrays.stream(p).map(v -> -v * Math.log(v)).sum();
  }

  private static int largest(double[] x) {
    int best = 0;
    for (int c = 1; c < x.length; c++) {
      best = x[c] > x[best] ? c : best;
    }
    return best;
  }

  private static double mean(double[][] x, int c) {
    return Arrays.stream(x).mapToDouble(row -> row[c]).sum() / x.length;
  }

  private static double squares(double[][] x, int c) {
    double mean = mean(x, c);
    return Arrays.stream(x).mapToDouble(row -> (row[c] - mean) * (row[c] - mean)).sum();
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void tiesAreOneVoteForTheFirstAndCertaintyHasNoEntropy(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor mean = t.zeros(2, 3);
      Tensor entropy = t.zeros(2);
      Tensor votes = b.allocate(DType.INT32, 2, 3);
      Tensor logits = t.shaped(new double[] {1, 2, 2, -1e4, 1e4, 0}, 2, 3);
      b.predictiveCategorical(mean, t.zeros(2, 3), entropy, votes, logits, 0);
      assertArrayEquals(new int[] {0, 1, 0, 0, 1, 0}, t.readInts(votes));
      assertEquals(0, b.item(entropy, 1));
      assertArrayEquals(new double[] {0, 1, 0}, t.read(mean.rows(1, 2)));
    }
  }

  /** Welford keeps the small spread of large values, which sums of squares would lose. */
  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void aSmallSpreadOfLargeValuesSurvives(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor mean = t.zeros(1, 1);
      Tensor m2 = t.zeros(1, 1);
      double[] values = {4096, 4097, 4098, 4099, 4100};
      b.predictiveMoments(mean, m2, t.shaped(values, 5, 1), 0);
      assertEquals(4098, b.item(mean, 0), 4098 * 4 * subject.eps());
      assertEquals(10, b.item(m2, 0), 4098 * 16 * subject.eps());
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void logDensitiesMayBeFarApartOrImpossible(Subject subject) {
    double none = Double.NEGATIVE_INFINITY;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor logMean = t.zeros(3, 2);
      Tensor logLik =
          t.shaped(new double[] {-1e4, none, none, 0, none, -2, -1e4, none, none}, 3, 3);
      b.predictiveLogLik(logMean, logLik, 0);
      double[] expected = {-Math.log(3), 0, none, 0, -2 - Math.log(3), 0};
      assertArrayEquals(expected, t.read(logMean), 8 * subject.eps());
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void manyLargeLogDensitiesAreAveragedWithoutDrift(Subject subject) {
    int samples = 20_000;
    SplittableRandom random = new SplittableRandom(5);
    double[] lik = OpCase.fill(samples, () -> (float) (random.nextGaussian() - 5000));
    double sum = Arrays.stream(lik).map(x -> Math.exp(x + 5000)).sum();
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor logMean = t.zeros(1, 2);
      b.predictiveLogLik(logMean, t.real(lik), 0);
      double actual = Arrays.stream(t.read(logMean)).sum();
      assertEquals(Math.log(sum / samples) - 5000, actual, 1e-7);
    }
  }
}
