package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.bhn.backend.BackendsUnderTest.Subject;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Likelihoods are distributions, and stay finite for extreme outputs. */
class LikelihoodTest {
  private static final String SUBJECTS = "org.bhn.backend.BackendsUnderTest#all";

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void extremeLogitsAreFinite(Subject subject) {
    double big = 1e4;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      double[] rows = {big, -big, 0, big, -big, 0, big, -big, 0};
      Tensor logits = t.shaped(rows, 3, 3);
      Tensor logLik = t.zeros(3);
      b.categorical(logLik, logits, t.ints(0, 1, 2));
      assertArrayEquals(new double[] {0, -2 * big, -big}, t.read(logLik), 4 * big * subject.eps());
      Tensor d = t.zeros(3, 3);
      b.categoricalBackward(d, t.real(1, 1, 1), logits, t.ints(0, 1, 2));
      double[] expected = {0, 0, 0, -1, 1, 0, -1, 0, 1};
      assertArrayEquals(expected, t.read(d), 4 * subject.eps());
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void anErrorOfZeroHasNoWeightHoweverSmallTheVariance(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      for (double v : new double[] {-100, -200, -2000}) {
        Tensor y = t.shaped(new double[] {0.5}, 1, 1);
        Tensor logVar = t.shaped(new double[] {v}, 1, 1);
        Tensor logLik = t.zeros(1);
        b.gaussian(logLik, y, logVar, y, 1, LogVariance.PER_ROW);
        double expected = -0.5 * (Math.log(2 * Math.PI) + v);
        assertEquals(expected, b.item(logLik, 0), 4 * subject.eps() * Math.abs(expected));
        Tensor dMean = t.zeros(1, 1);
        Tensor dLogVar = t.zeros(1, 1);
        b.gaussianBackward(dMean, dLogVar, t.real(1), y, logVar, y, 1, LogVariance.PER_ROW);
        assertEquals(0, t.read(dMean)[0]);
        assertEquals(-0.5, t.read(dLogVar)[0]);
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void equalLogitsOfAnySizeGiveTheUniformDistribution(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      for (double level : new double[] {-1e4, 0, 88.5, 1e4}) {
        double[] row = new double[7];
        Arrays.fill(row, level);
        Tensor logLik = t.zeros(1);
        b.categorical(logLik, t.shaped(row, 1, 7), t.ints(3));
        double allowed = 4 * subject.eps() * (2 + Math.abs(level));
        assertEquals(-Math.log(7), b.item(logLik, 0), allowed);
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void categoricalProbabilitiesSumToOneAndScoresToZero(Subject subject) {
    int classes = 10;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      SplittableRandom random = new SplittableRandom(1);
      double[] x = OpCase.fill(classes, () -> (float) (3 * random.nextGaussian()));
      double[] rows = new double[classes * classes];
      int[] labels = new int[classes];
      for (int i = 0; i < classes; i++) {
        System.arraycopy(x, 0, rows, i * classes, classes);
        labels[i] = i;
      }
      Tensor logits = t.shaped(rows, classes, classes);
      Tensor logLik = t.zeros(classes);
      b.categorical(logLik, logits, t.ints(labels));
      double[] ones = new double[classes];
      Arrays.fill(ones, 1);
      Tensor d = t.zeros(classes, classes);
      b.categoricalBackward(d, t.real(ones), logits, t.ints(labels));
      double total = Arrays.stream(t.read(logLik)).map(Math::exp).sum();
      assertEquals(1, total, 64 * subject.eps());
      double[] g = t.read(d);
      for (int i = 0; i < classes; i++) {
        double sum = Arrays.stream(g, i * classes, (i + 1) * classes).sum();
        assertEquals(0, sum, 16 * subject.eps());
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void gaussianIntegratesToOne(Subject subject) {
    int n = 2000;
    double low = -20;
    double step = 40.0 / n;
    double[] grid = new double[n];
    Arrays.setAll(grid, i -> low + i * step);
    double[] means = new double[n];
    Arrays.fill(means, 0.3125);
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      for (double logVar : new double[] {-2, 0, 1.5}) {
        Tensor logLik = t.zeros(n);
        b.gaussian(
            logLik,
            t.shaped(means, n, 1),
            t.real(logVar),
            t.shaped(grid, n, 1),
            1,
            LogVariance.SHARED);
        double total = Arrays.stream(t.read(logLik)).map(Math::exp).sum() * step;
        assertEquals(1, total, 1e-9 + 64 * subject.eps());
      }
    }
  }

  /** y = sinh(x) takes the tails in; of 1 degree of freedom 1e-8 lie beyond. */
  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void studentTIntegratesToOne(Subject subject) {
    int n = 2001;
    double step = 0.02;
    double[] y = new double[n];
    Arrays.setAll(y, i -> (float) Math.sinh((i - n / 2) * step));
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      for (double nu : new double[] {1, 2.5, 40, 1e6}) {
        Tensor logLik = t.zeros(n);
        Tensor target = t.shaped(y, n, 1);
        b.studentT(logLik, t.zeros(n, 1), t.real(-1), target, 1, LogVariance.SHARED, nu);
        double[] log = t.read(logLik);
        double total = 0;
        for (int i = 0; i < n; i++) {
          total += Math.exp(log[i]) * Math.cosh((i - n / 2) * step) * step;
        }
        assertEquals(1, total, 2e-8 + 64 * subject.eps(), "degrees of freedom " + nu);
      }
    }
  }

  /** Errors of any size at any scale: finite, and gradients within their bounds. */
  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void studentTOfGrossErrorsAndTinyScales(Subject subject) {
    double[] errors = {0, 1e-20, 1, -1e6, 1e20, -1e38};
    int n = errors.length;
    double[] ones = new double[n];
    Arrays.fill(ones, 1);
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor target = t.shaped(errors, n, 1);
      for (double nu : new double[] {0.01, 1, 4, 1e6}) {
        for (double logVar : new double[] {-300, -100, 0, 100}) {
          Tensor v = t.real(logVar);
          Tensor mean = t.zeros(n, 1);
          Tensor logLik = t.zeros(n);
          b.studentT(logLik, mean, v, target, 1, LogVariance.SHARED, nu);
          Tensor dMean = t.zeros(n, 1);
          Tensor dLogVar = t.zeros(1);
          b.studentTBackward(
              dMean, dLogVar, t.real(ones), mean, v, target, 1, LogVariance.SHARED, nu);
          double pull = t.read(dLogVar)[0];
          assertTrue(pull >= -0.5 * n && pull <= 0.5 * n * nu * (1 + 1e-6), "d_log_var " + pull);
          for (int i = 0; i < n; i++) {
            String where = "error " + errors[i] + ", log variance " + logVar;
            assertTrue(Double.isFinite(t.read(logLik)[i]), where);
            double most = errors[i] == 0 ? 0 : (nu + 1) / Math.abs(errors[i]);
            assertTrue(Math.abs(t.read(dMean)[i]) <= most * (1 + 1e-6) + 1e-37, where);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void logVariancesOfEveryModeMeanTheSame(Subject subject) {
    int s = 2;
    int batch = 3;
    int o = 2;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      SplittableRandom random = new SplittableRandom(2);
      Tensor mean = t.shaped(OpCase.fill(s * batch * o, random::nextGaussian), s * batch, o);
      Tensor target = t.shaped(OpCase.fill(batch * o, random::nextGaussian), batch, o);
      double[] v = {-0.5, 0.75};
      double[][] results = new double[3][];
      int[] rows = {1, s, s * batch};
      for (LogVariance mode : LogVariance.values()) {
        int n = rows[mode.ordinal()];
        double[] repeated = new double[n * o];
        Arrays.setAll(repeated, i -> v[i % o]);
        Tensor logVar = n == 1 ? t.real(repeated) : t.shaped(repeated, n, o);
        Tensor logLik = t.zeros(s * batch);
        b.gaussian(logLik, mean, logVar, target, s, mode);
        results[mode.ordinal()] = t.read(logLik);
      }
      assertArrayEquals(results[0], results[1], 16 * subject.eps());
      assertArrayEquals(results[0], results[2], 16 * subject.eps());
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void bernoulliIsADistributionAndFiniteForExtremeLogits(Subject subject) {
    double[] x = {-1e4, -30, -1, 0, 1, 30, 1e4};
    int n = x.length;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor logits = t.shaped(x, n, 1);
      double[] ones = new double[n];
      Arrays.fill(ones, 1);
      Tensor yes = t.zeros(n);
      Tensor no = t.zeros(n);
      b.bernoulli(yes, logits, t.shaped(ones, n, 1));
      b.bernoulli(no, logits, t.zeros(n, 1));
      Tensor d = t.zeros(n, 1);
      b.bernoulliBackward(d, t.real(ones), logits, t.shaped(ones, n, 1));
      double[] p = t.read(yes);
      double[] q = t.read(no);
      double[] g = t.read(d);
      for (int i = 0; i < n; i++) {
        assertEquals(1, Math.exp(p[i]) + Math.exp(q[i]), 8 * subject.eps(), "logit " + x[i]);
        assertTrue(p[i] <= 0 && p[i] >= -1e4 - 1, "logit " + x[i]);
        // d log p(1)/dx is p(0).
        assertEquals(Math.exp(q[i]), g[i], 8 * subject.eps(), "logit " + x[i]);
      }
      assertEquals(-1e4, p[0]);
      assertEquals(0, p[n - 1]);
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void poissonIsADistributionWithTheMeanThatItIsGiven(Subject subject) {
    int n = 200;
    double[] counts = new double[n];
    Arrays.setAll(counts, i -> i);
    double[] ones = new double[n];
    Arrays.fill(ones, 1);
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor target = t.shaped(counts, n, 1);
      for (double rate : new double[] {0.01, 0.5, 1, 7, 60}) {
        double x = (float) Math.log(rate);
        double[] rates = new double[n];
        Arrays.fill(rates, x);
        Tensor logRate = t.shaped(rates, n, 1);
        Tensor logLik = t.zeros(n);
        b.poisson(logLik, logRate, target);
        Tensor d = t.zeros(n, 1);
        b.poissonBackward(d, t.real(ones), logRate, target);
        double total = 0;
        double mean = 0;
        double score = 0;
        for (int y = 0; y < n; y++) {
          double p = Math.exp(t.read(logLik)[y]);
          total += p;
          mean += p * y;
          score += p * t.read(d)[y];
        }
        assertEquals(1, total, 1e-9 + 64 * subject.eps(), "rate " + rate);
        assertEquals(Math.exp(x), mean, rate * (1e-9 + 64 * subject.eps()), "rate " + rate);
        assertEquals(0, score, rate * (1e-9 + 64 * subject.eps()), "rate " + rate);
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void poissonOfAnyCountAndRate(Subject subject) {
    double inf = Double.POSITIVE_INFINITY;
    double[] x = {0, Math.log(0.5), -inf, -inf, 1000, 1000, -1000, -1000};
    double[] y = {1e6, 0.5, 0, 2, 0, 3, 0, 3};
    int n = x.length;
    double[] ones = new double[n];
    Arrays.fill(ones, 1);
    // log Γ(10^6 + 1) and log Γ(3/2)
    double[] expected = {
      -1 - 12815518.384658169624,
      0.5 * Math.log(0.5) - 0.5 + 0.12078223763524522235,
      0,
      -inf,
      -inf,
      -inf,
      0,
      -3000 - Math.log(6)
    };
    double[] slope = {1e6 - 1, 0, 0, 2, -inf, -inf, 0, 3};
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor logRate = t.shaped(x, n, 1);
      Tensor target = t.shaped(y, n, 1);
      Tensor logLik = t.zeros(n);
      b.poisson(logLik, logRate, target);
      Tensor d = t.zeros(n, 1);
      b.poissonBackward(d, t.real(ones), logRate, target);
      for (int i = 0; i < n; i++) {
        double allowed = 1e-12 + 4 * subject.eps() * (1 + Math.abs(expected[i]));
        boolean infinite = Double.isInfinite(expected[i]);
        assertEquals(expected[i], t.read(logLik)[i], infinite ? 0 : allowed, "y = " + y[i]);
        allowed = 1e-12 + 4 * subject.eps() * (1 + Math.abs(slope[i]));
        infinite = Double.isInfinite(slope[i]);
        assertEquals(slope[i], t.read(d)[i], infinite ? 0 : allowed, "y = " + y[i]);
      }
    }
  }
}
