package org.bhn.mcmc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The sampler on densities whose moments are known, and its integrator on a quartic. */
class NutsTest {
  private static final double[] MEAN = {1, -2, 0.5};

  /**
   * Covariance A Aᵀ with scales of 0.1, 1 and 10 and a correlation of 0.8 between the first two.
   */
  private static final double[][] FACTOR = {{0.1, 0, 0}, {0.8, 0.6, 0}, {0, 0, 10}};

  /** N(MEAN, A Aᵀ): with z = A⁻¹(q − m), log p = −½ |z|² and its gradient −A⁻ᵀ z. */
  private static double gaussian(double[] q, double[] gradient) {
    double[] z = new double[3];
    for (int i = 0; i < 3; i++) {
      z[i] = q[i] - MEAN[i];
      for (int j = 0; j < i; j++) {
        z[i] -= FACTOR[i][j] * z[j];
      }
      z[i] /= FACTOR[i][i];
    }
    for (int i = 2; i >= 0; i--) {
      gradient[i] = -z[i];
      for (int j = i + 1; j < 3; j++) {
        gradient[i] -= FACTOR[j][i] * gradient[j];
      }
      gradient[i] /= FACTOR[i][i];
    }
    return -0.5 * (z[0] * z[0] + z[1] * z[1] + z[2] * z[2]);
  }

  private static double quartic(double[] q, double[] gradient) {
    double sum = 0;
    for (int i = 0; i < q.length; i++) {
      sum -= 0.5 * q[i] * q[i] + 0.25 * q[i] * q[i] * q[i] * q[i];
      gradient[i] = -q[i] - q[i] * q[i] * q[i];
    }
    return sum;
  }

  @Test
  void momentsOfACorrelatedGaussianAreWithinTheirErrors() {
    double[][][] chains = new double[4][][];
    for (int c = 0; c < 4; c++) {
      Chain chain = Nuts.sample(NutsTest::gaussian, new double[] {3, 3, 3}, 1000, 2000, c + 1);
      assertTrue(
          chain.acceptance() > 0.65 && chain.acceptance() < 0.95,
          "acceptance " + chain.acceptance());
      assertEquals(0, chain.divergences());
      chains[c] = chain.draws();
    }
    for (int i = 0; i < 3; i++) {
      int a = i;
      double std = Math.hypot(Math.hypot(FACTOR[i][0], FACTOR[i][1]), FACTOR[i][2]);
      expect("mean " + i, MEAN[i], std, chains, q -> q[a]);
      for (int j = 0; j <= i; j++) {
        int b = j;
        double covariance = 0;
        double spread = Math.hypot(Math.hypot(FACTOR[j][0], FACTOR[j][1]), FACTOR[j][2]);
        for (int k = 0; k < 3; k++) {
          covariance += FACTOR[i][k] * FACTOR[j][k];
        }
        // Var[xy] = σx²σy² + cov² for centred Gaussians (Isserlis).
        double error = Math.hypot(std * spread, covariance);
        expect(
            "covariance %d %d".formatted(i, j),
            covariance,
            error,
            chains,
            q -> (q[a] - MEAN[a]) * (q[b] - MEAN[b]));
      }
    }
  }

  private interface Quantity {
    double of(double[] q);
  }

  private static void expect(
      String what, double expected, double std, double[][][] chains, Quantity quantity) {
    double[][] values = new double[chains.length][];
    double mean = 0;
    for (int c = 0; c < chains.length; c++) {
      values[c] = new double[chains[c].length];
      for (int i = 0; i < values[c].length; i++) {
        values[c][i] = quantity.of(chains[c][i]);
        mean += values[c][i] / chains.length / values[c].length;
      }
    }
    double size = Diagnostics.effectiveSize(values);
    assertTrue(size > 500, what + ": effective size " + size);
    assertTrue(Diagnostics.splitRhat(values) < 1.02, what);
    double error = std / Math.sqrt(size);
    assertEquals(expected, mean, 4 * error, what);
  }

  @Test
  void theSameSeedGivesTheSameChainAndAnotherSeedAnother() {
    double[] start = {0, 0, 0};
    double[][] one = Nuts.sample(NutsTest::gaussian, start, 50, 20, 7).draws();
    double[][] two = Nuts.sample(NutsTest::gaussian, start, 50, 20, 7).draws();
    double[][] other = Nuts.sample(NutsTest::gaussian, start, 50, 20, 8).draws();
    assertArrayEquals(one[19], two[19]);
    assertTrue(one[19][0] != other[19][0]);
    assertArrayEquals(new double[3], start);
  }

  @Test
  void leapfrogErrsInEnergyByTheSquareOfItsStep() {
    double coarse = energyError(0.1, 10);
    double fine = energyError(0.05, 20);
    double finest = energyError(0.025, 40);
    assertEquals(4, coarse / fine, 0.2);
    assertEquals(4, fine / finest, 0.05);
  }

  private static double energyError(double epsilon, int steps) {
    Leapfrog state = pushed();
    double before = state.logJoint(new double[] {1, 0.5});
    for (int i = 0; i < steps; i++) {
      state.step(NutsTest::quartic, epsilon, new double[] {1, 0.5});
    }
    return state.logJoint(new double[] {1, 0.5}) - before;
  }

  private static Leapfrog pushed() {
    Leapfrog state = new Leapfrog(NutsTest::quartic, new double[] {0.7, -0.4});
    state.momentum[0] = 0.9;
    state.momentum[1] = 1.3;
    return state;
  }

  @Test
  void leapfrogReturnsWhenTimeIsReversed() {
    Leapfrog state = pushed();
    for (int way : new int[] {1, -1}) {
      for (int i = 0; i < 25; i++) {
        state.step(NutsTest::quartic, way * 0.2, new double[] {1, 0.5});
      }
    }
    assertArrayEquals(pushed().position, state.position, 1e-12);
    assertArrayEquals(pushed().momentum, state.momentum, 1e-12);
  }

  @Test
  void diagnosticsKnowIndependentCorrelatedAndDisagreeingChains() {
    SplittableRandom random = new SplittableRandom(3);
    int n = 20_000;
    double[][] independent = new double[2][n];
    double[][] correlated = new double[2][n];
    for (int c = 0; c < 2; c++) {
      for (int i = 0; i < n; i++) {
        independent[c][i] = random.nextGaussian();
        double before = i == 0 ? 0 : correlated[c][i - 1];
        correlated[c][i] = 0.8 * before + 0.6 * random.nextGaussian();
      }
    }
    assertEquals(2 * n, Diagnostics.effectiveSize(independent), 0.1 * 2 * n);
    // An AR(1) chain has τ = (1 + ρ)/(1 − ρ) = 9.
    assertEquals(2 * n / 9.0, Diagnostics.effectiveSize(correlated), 0.2 * 2 * n / 9);
    assertEquals(1, Diagnostics.splitRhat(independent), 1e-3);
    assertEquals(4 / 0.8, ratioOfAr1(-2 / 3.0), 0.4);
    double[][] stuck = new double[2][100];
    assertTrue(Double.isNaN(Diagnostics.effectiveSize(stuck)), "nothing varies");
    stuck[0][5] = Double.NaN;
    assertTrue(Double.isNaN(Diagnostics.effectiveSize(stuck)), "a value is NaN");
    double[][] apart = {independent[0], independent[1].clone()};
    for (int i = 0; i < n; i++) {
      apart[1][i] += 2;
    }
    assertTrue(Diagnostics.splitRhat(apart) > 1.3);
    assertTrue(Diagnostics.effectiveSize(apart) < 50);
  }

  /** Effective draws for each draw of an AR(1) chain; (1 − ρ)/(1 + ρ) without end. */
  private static double ratioOfAr1(double rho) {
    SplittableRandom random = new SplittableRandom(5);
    double[][] chain = new double[2][20_000];
    for (double[] draws : chain) {
      for (int i = 1; i < draws.length; i++) {
        draws[i] = rho * draws[i - 1] + Math.sqrt(1 - rho * rho) * random.nextGaussian();
      }
    }
    return Diagnostics.effectiveSize(chain) / (2 * chain[0].length);
  }

  /**
   * A slow part of variance 0.05 under one that alternates: the first lags say little. By the
   * spectrum at 0, τ = 0.05 (1 + 0.99)/(1 − 0.99) + 0.95 (1 − 0.8)/(1 + 0.8) = 10.06.
   */
  @Test
  void effectiveSizeSeesWhatIsSlowBehindWhatAlternates() {
    SplittableRandom random = new SplittableRandom(8);
    double[][] chains = new double[4][100_000];
    for (double[] draws : chains) {
      double slow = random.nextGaussian();
      double quick = random.nextGaussian();
      for (int i = 0; i < draws.length; i++) {
        slow = 0.99 * slow + Math.sqrt(1 - 0.99 * 0.99) * random.nextGaussian();
        quick = -0.8 * quick + 0.6 * random.nextGaussian();
        draws[i] = Math.sqrt(0.05) * slow + Math.sqrt(0.95) * quick;
      }
    }
    assertEquals(1 / 10.06, Diagnostics.effectiveSize(chains) / 400_000, 0.015);
  }

  /** Exp(1): trajectories leave the support at 0, which is no fault of the step. */
  @Test
  void theEdgeOfTheSupportIsNoDivergence() {
    LogDensity exponential =
        (q, g) -> {
          g[0] = -1;
          return q[0] < 0 ? Double.NEGATIVE_INFINITY : -q[0];
        };
    Chain chain = Nuts.sample(exponential, new double[] {1}, 500, 20_000, 4);
    assertEquals(0, chain.divergences());
    double mean = 0;
    for (double[] draw : chain.draws()) {
      mean += draw[0] / chain.draws().length;
    }
    assertEquals(1, mean, 0.05);
  }

  @Test
  void wrongUseIsNamed() {
    assertMessage("warmup = 5", () -> Nuts.sample(NutsTest::quartic, new double[2], 5, 10, 1));
    assertMessage("start is empty", () -> Nuts.sample(NutsTest::quartic, new double[0], 50, 1, 1));
    assertMessage(
        "log-density at start",
        () -> Nuts.sample((q, g) -> Double.NEGATIVE_INFINITY, new double[1], 50, 1, 1));
    assertMessage("pass at least one", () -> Diagnostics.splitRhat(new double[1][3]));
    assertMessage("chain 1", () -> Diagnostics.effectiveSize(new double[][] {{1, 2, 3, 4}, {1}}));
  }

  private static void assertMessage(String part, Runnable wrong) {
    String message = assertThrows(IllegalArgumentException.class, wrong::run).getMessage();
    assertTrue(message.contains(part), message);
  }

  /** {1, 2} and {3, 4}: within 1/2, means 3/2 and 7/2, whose variance is 2. */
  @Test
  void rhatOfFourDraws() {
    assertEquals(
        Math.sqrt((0.5 * 0.5 + 2) / 0.5),
        Diagnostics.splitRhat(new double[][] {{1, 2, 3, 4}}),
        1e-15);
  }

  /**
   * Steps that err much in energy: the law must hold for any step, since it is the weights of the
   * states that make it hold.
   */
  @Test
  void theLawHoldsWhereStepsAreCoarse() {
    LogDensity steep =
        (q, g) -> {
          g[0] = -4 * q[0] * q[0] * q[0];
          return -q[0] * q[0] * q[0] * q[0];
        };
    int n = 200_000;
    Chain chain = Nuts.sample(steep, new double[] {0.1}, 1000, n, 1);
    double[][] squares = new double[1][n];
    double mean = 0;
    for (int i = 0; i < n; i++) {
      double q = chain.draws()[i][0];
      squares[0][i] = q * q;
      mean += q * q / n;
    }
    // E q^2 under exp(-q^4): Gamma(3/4) / Gamma(1/4); E q^4 = 1/4.
    double expected = 1.2254167024651776 / 3.625609908221908;
    double error =
        Math.sqrt(0.25 - expected * expected) / Math.sqrt(Diagnostics.effectiveSize(squares));
    assertEquals(expected, mean, 4 * error);
  }

  /** An infinite density is an error of the density; a chain that went there would never leave. */
  @Test
  void infiniteDensitiesAreNoPlaceToGo() {
    LogDensity cliff =
        (q, g) -> {
          g[0] = -q[0];
          return q[0] > 2 ? Double.POSITIVE_INFINITY : -0.5 * q[0] * q[0];
        };
    Chain chain = Nuts.sample(cliff, new double[] {0}, 200, 2000, 1);
    for (double[] q : chain.draws()) {
      assertTrue(q[0] <= 2, "at " + q[0]);
    }
    assertTrue(chain.divergences() > 0);
    assertTrue(chain.acceptance() > 0.3);
  }
}
