package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.SplittableRandom;
import org.bhn.backend.BackendsUnderTest.Subject;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Adam against its definition, step by step. */
class AdamTest {
  private static final String SUBJECTS = "org.bhn.backend.BackendsUnderTest#all";

  /** Two parameters and everything of an optimiser step. */
  private static final class Setup {
    final Backend b;
    final TestTensors t;
    final Tensor[] theta = new Tensor[2];
    final Tensor[] g = new Tensor[2];
    final Tensor[] m = new Tensor[2];
    final Tensor[] v = new Tensor[2];
    final Tensor step;
    final Tensor hyper;
    final Tensor report;
    final AdamState state;

    Setup(Backend b, double[] hyper, double[]... start) {
      this.b = b;
      this.t = new TestTensors(b);
      for (int p = 0; p < 2; p++) {
        theta[p] = t.real(start[p]);
        g[p] = t.zeros(start[p].length);
        m[p] = t.zeros(start[p].length);
        v[p] = t.zeros(start[p].length);
      }
      this.step = t.counter(0);
      this.hyper = t.real(hyper);
      this.report = t.zeros(2);
      this.state =
          new AdamState(
              List.of(theta), List.of(g), List.of(m), List.of(v), step, this.hyper, report);
    }

    void gradient(double[]... values) {
      for (int p = 0; p < 2; p++) {
        b.upload(g[p], values[p]);
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void stepsFollowTheDefinition(Subject subject) {
    double[][] settings = {
      {0.01, 0.9, 0.999, 1e-8, 0, 0},
      {0.01, 0.9, 0.999, 1e-8, 2, 0},
      {0.01, 0.9, 0.999, 1e-8, 0, 0.5},
      {0.1, 0.5, 0.75, 1e-3, 2, 0.5},
      {0.1, 0, 0.99, 1e-8, 1e6, 1e6}
    };
    for (double[] hyper : settings) {
      try (Backend b = subject.open()) {
        follow(subject, new SplittableRandom(1), b, hyper);
      }
    }
  }

  private static void follow(Subject subject, SplittableRandom random, Backend b, double[] hyper) {
    double[][] theta = {OpCase.fill(5, random::nextGaussian), OpCase.fill(9, random::nextGaussian)};
    Setup setup = new Setup(b, hyper, theta);
    double[][] m = {new double[5], new double[9]};
    double[][] v = {new double[5], new double[9]};
    for (int step = 1; step <= 6; step++) {
      double[][] g = {OpCase.fill(5, random::nextGaussian), OpCase.fill(9, random::nextGaussian)};
      setup.gradient(g);
      b.adam(setup.state);
      double norm = define(theta, m, v, g, step, hyper);
      String where = "step " + step + " of lr=" + hyper[0] + ", maxNorm=" + hyper[4];
      for (int p = 0; p < 2; p++) {
        double allowed = 64 * subject.eps() * step;
        assertArrayEquals(theta[p], setup.t.read(setup.theta[p]), allowed, where);
        assertArrayEquals(m[p], setup.t.read(setup.m[p]), allowed, where);
        assertArrayEquals(v[p], setup.t.read(setup.v[p]), allowed, where);
      }
      assertEquals(norm, b.item(setup.report, 0), 8 * subject.eps() * norm, where);
      assertEquals(1, b.item(setup.report, 1));
      assertEquals(step, b.itemLong(setup.step));
    }
  }

  /** The equations of bhn.h, in order; returns the norm. */
  private static double define(
      double[][] theta, double[][] m, double[][] v, double[][] g, int t, double[] hyper) {
    double lr = hyper[0];
    double b1 = hyper[1];
    double b2 = hyper[2];
    double norm = 0;
    for (double[] tensor : g) {
      for (double x : tensor) {
        norm += x * x;
      }
    }
    norm = Math.sqrt(norm);
    for (int p = 0; p < theta.length; p++) {
      for (int i = 0; i < theta[p].length; i++) {
        double x = g[p][i];
        if (hyper[4] > 0) {
          x = x * Math.min(norm, hyper[4]) / (1e-7 + norm);
        }
        if (hyper[5] > 0 && x > hyper[5]) {
          x = hyper[5];
        } else if (hyper[5] > 0 && x < -hyper[5]) {
          x = -hyper[5];
        }
        m[p][i] = b1 * m[p][i] + (1 - b1) * x;
        v[p][i] = b2 * v[p][i] + (1 - b2) * x * x;
        double rate = lr * Math.sqrt(1 - Math.pow(b2, t)) / (1 - Math.pow(b1, t));
        theta[p][i] -= rate * m[p][i] / (Math.sqrt(v[p][i]) + hyper[3]);
      }
    }
    return norm;
  }

  /** Bias correction makes the first step lr sign(g), whatever the size of g. */
  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void theFirstStepHasTheLengthOfTheLearningRate(Subject subject) {
    try (Backend b = subject.open()) {
      double[] hyper = {0.25, 0.9, 0.999, 0, 0, 0};
      Setup setup = new Setup(b, hyper, new double[] {0, 0}, new double[] {0});
      setup.gradient(new double[] {1e-3, -50}, new double[] {7});
      b.adam(setup.state);
      // 1 − b2 is a difference of near numbers: its relative error is eps/(1 − b2).
      double allowed = 0.25 * 2e3 * subject.eps();
      assertArrayEquals(new double[] {-0.25, 0.25}, setup.t.read(setup.theta[0]), allowed);
      assertArrayEquals(new double[] {-0.25}, setup.t.read(setup.theta[1]), allowed);
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void aGradientThatIsNotFiniteChangesNothingAndStopsTheStepsAfterIt(Subject subject) {
    double[] hyper = {0.25, 0.9, 0.999, 1e-8, 10, 5};
    for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY, -1.0 / 0}) {
      try (Backend b = subject.open()) {
        Setup setup = new Setup(b, hyper, new double[] {1, 2}, new double[] {3});
        setup.gradient(new double[] {1, 1}, new double[] {1});
        b.adam(setup.state);
        double[][] before = snapshot(setup);
        setup.gradient(new double[] {1, 1}, new double[] {bad});
        for (int later = 0; later < 3; later++) {
          b.adam(setup.state);
          double[][] after = snapshot(setup);
          for (int i = 0; i < before.length; i++) {
            assertArrayEquals(before[i], after[i]);
          }
          assertEquals(1, b.itemLong(setup.step));
          assertEquals(-1, b.item(setup.report, 1));
          assertEquals(false, Double.isFinite(b.item(setup.report, 0)));
          setup.gradient(new double[] {1, 1}, new double[] {1});
        }
        b.upload(setup.report, new double[2]);
        b.adam(setup.state);
        assertEquals(1, b.item(setup.report, 1));
        assertEquals(2, b.itemLong(setup.step));
      }
    }
  }

  private static double[][] snapshot(Setup s) {
    return new double[][] {
      s.t.read(s.theta[0]), s.t.read(s.theta[1]),
      s.t.read(s.m[0]), s.t.read(s.m[1]),
      s.t.read(s.v[0]), s.t.read(s.v[1])
    };
  }

  /** Squares of these overflow single precision, but their norm does not. */
  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void theNormIsSummedInDouble(Subject subject) {
    try (Backend b = subject.open()) {
      double[] hyper = {0.25, 0.9, 0.999, 1e-8, 1, 0};
      Setup setup = new Setup(b, hyper, new double[] {0, 0}, new double[] {0});
      setup.gradient(new double[] {0x1.8p70, 0}, new double[] {-0x1p71});
      b.adam(setup.state);
      assertEquals(0x1.4p71, b.item(setup.report, 0), 4 * subject.eps() * 0x1.4p71);
      assertEquals(1, b.item(setup.report, 1));
      assertEquals(0.06, b.item(setup.m[0], 0), 16 * subject.eps());
    }
  }
}
