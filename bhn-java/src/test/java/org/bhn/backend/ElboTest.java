package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.bhn.backend.BackendsUnderTest.Subject;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Priors are densities; the loss and its items by hand. */
class ElboTest {
  private static final String SUBJECTS = "org.bhn.backend.BackendsUnderTest#all";

  private record Prior(PriorKind kind, double p0, double p1, double p2) {}

  private static final Prior[] PRIORS = {
    new Prior(PriorKind.NORMAL, 0, 1, 0),
    new Prior(PriorKind.NORMAL, 1.5, 0.25, 0),
    new Prior(PriorKind.LAPLACE, 0, 1, 0),
    new Prior(PriorKind.LAPLACE, -0.5, 0.5, 0),
    new Prior(PriorKind.MIXTURE, 0.25, 1, 0.125),
    new Prior(PriorKind.MIXTURE, 0, 1, 0.5),
    new Prior(PriorKind.MIXTURE, 1, 1, 0.5)
  };

  private static double[] logDensity(Backend b, TestTensors t, Prior p, double... w) {
    Tensor out = t.zeros(w.length);
    b.prior(out, t.shaped(w, w.length, 1), null, p.kind(), p.p0(), p.p1(), p.p2());
    return t.read(out);
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void priorsIntegrateToOne(Subject subject) {
    int n = 16_384;
    double step = 0x1p-8;
    double[] grid = new double[n];
    Arrays.setAll(grid, i -> (i - n / 2) * step);
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      for (Prior p : PRIORS) {
        double total = Arrays.stream(logDensity(b, t, p, grid)).map(Math::exp).sum() * step;
        // The sum's own error at the kink of a Laplace density is (step/b)²/12.
        assertEquals(1, total, 2e-5 + 64 * subject.eps(), p.toString());
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void priorsHaveTheirClosedForms(Subject subject) {
    double tolerance = 32 * subject.eps();
    double halfLog2Pi = 0.9189385332046727;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      double[] normal = logDensity(b, t, PRIORS[1], 1.5, 2);
      assertArrayEquals(
          new double[] {Math.log(4) - halfLog2Pi, Math.log(4) - halfLog2Pi - 2}, normal, tolerance);
      double[] laplace = logDensity(b, t, PRIORS[3], -0.5, 1);
      assertArrayEquals(new double[] {0, -3}, laplace, tolerance);
      double[] mixture = logDensity(b, t, PRIORS[4], 0);
      double density = (0.25 * 1 + 0.75 * 8) * Math.exp(-halfLog2Pi);
      assertArrayEquals(new double[] {Math.log(density)}, mixture, tolerance);
      double[] second = logDensity(b, t, PRIORS[5], 1);
      assertArrayEquals(new double[] {Math.log(2) - halfLog2Pi - 2}, second, tolerance);
      double[] first = logDensity(b, t, PRIORS[6], 1);
      assertArrayEquals(new double[] {-halfLog2Pi - 0.5}, first, tolerance);
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void mixturesAreFiniteFarOutAndTheWiderOneWins(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Prior p = PRIORS[4];
      double w = 100;
      double expected = Math.log(0.25) - 0.9189385332046727 - 0.5 * w * w;
      assertArrayEquals(new double[] {expected}, logDensity(b, t, p, w), 8 * subject.eps() * w * w);
      Tensor d = t.zeros(1, 1);
      b.priorBackward(
          d, t.real(1), t.shaped(new double[] {w}, 1, 1), p.kind(), p.p0(), p.p1(), p.p2());
      assertEquals(-w, b.item(d, 0), 16 * subject.eps() * w);
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void priorsSumOverDimensionsAndAddToWhatWasThere(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor out = t.zeros(2);
      Tensor w = t.shaped(new double[] {0, 1, 2, 3}, 2, 2);
      b.prior(out, w, t.real(10, 20), PriorKind.LAPLACE, 0, 0.5, 0);
      assertArrayEquals(new double[] {8, 10}, t.read(out), 64 * subject.eps());
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void theScoreOfALaplacePriorAtItsMeanIsZero(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor d = t.zeros(1, 3);
      Tensor w = t.shaped(new double[] {0.5, 0.25, 1}, 1, 3);
      b.priorBackward(d, t.real(1), w, PriorKind.LAPLACE, 0.5, 0.25, 0);
      assertArrayEquals(new double[] {0, 4, -4}, t.read(d), 8 * subject.eps());
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void theLossByHand(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor items = t.zeros(4);
      Tensor lik = t.real(-1, -2, -6);
      Tensor prior = t.real(-10, -30);
      Tensor det = t.real(-4, 8);
      Tensor kl = t.real(0.125);
      double eps = 64 * subject.eps();
      b.elbo(items, lik, prior, det, kl);
      assertArrayEquals(new double[] {3 - 0.125 * -18, -3, -20, 2}, t.read(items), eps);
      b.elbo(items, lik, null, det, kl);
      assertArrayEquals(new double[] {3 - 0.125 * 2, -3, 0, 2}, t.read(items), eps);
      b.elbo(items, lik, prior, null, kl);
      assertArrayEquals(new double[] {3 + 0.125 * 20, -3, -20, 0}, t.read(items), eps);
      b.elbo(items, lik, null, null, kl);
      assertArrayEquals(new double[] {3, -3, 0, 0}, t.read(items), eps);
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void theGradientOfTheLossByHand(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor dLik = t.zeros(4);
      Tensor dPrior = t.zeros(2);
      Tensor dDet = t.real(1, 1);
      Tensor kl = t.real(0.5);
      double eps = 4 * subject.eps();
      b.elboBackward(dLik, dPrior, dDet, null, kl);
      assertArrayEquals(new double[] {-0.25, -0.25, -0.25, -0.25}, t.read(dLik), eps);
      assertArrayEquals(new double[] {-0.25, -0.25}, t.read(dPrior), eps);
      assertArrayEquals(new double[] {0.75, 0.75}, t.read(dDet), eps);
      b.elboBackward(dLik, null, dDet, t.real(2), kl);
      assertArrayEquals(new double[] {-0.75, -0.75, -0.75, -0.75}, t.read(dLik), eps);
      assertArrayEquals(new double[] {0.25, 0.25}, t.read(dDet), eps);
      assertArrayEquals(new double[] {-0.25, -0.25}, t.read(dPrior), eps);
    }
  }

  /** In single precision a running sum of these would stop growing at 2²⁴. */
  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void meansAreSummedInDouble(Subject subject) {
    int n = 1 << 16;
    double[] values = new double[n];
    Arrays.setAll(values, i -> i == 0 ? 0x1p30 : 1);
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor items = t.zeros(4);
      b.elbo(items, t.real(values), null, null, t.real(0));
      double expected = (0x1p30 + n - 1) / n;
      assertEquals(expected, b.item(items, 1), subject.eps() * expected);
    }
  }
}
