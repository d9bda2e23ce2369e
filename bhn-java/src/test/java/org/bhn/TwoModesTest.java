package org.bhn;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.bayes.Likelihood;
import org.bhn.bayes.Priors;
import org.bhn.data.Dataset;
import org.bhn.flow.FlowSpec;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.train.Fit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** ŷ = a·b·x (Krueger et al. 2017, Fig. 2): both modes, against the exact posterior on a grid. */
class TwoModesTest {
  private static final int N = 20;
  private static final double SIGMA = 0.5;
  private static final int CELLS = 64;
  private static final int SAMPLES = 400_000;

  /** Starts as wide as the prior; plain conditioners follow the split more closely. */
  private static final FlowSpec FLOW =
      Flows.coupling(8).hidden(64).weightNorm(false).conditionerInit(0.01, 0.05).initialStd(1);

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void bothModesAreFoundAndMatchTheGrid(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] x = new float[N];
    float[] y = new float[N];
    for (int i = 0; i < N; i++) {
      x[i] = (float) random.nextDouble(-1, 1);
      y[i] = (float) (x[i] + SIGMA * random.nextGaussian());
    }
    double[][] draws;
    try (Backend backend = Backends.best();
        Bhn model =
            Bhn.of(1, Likelihood.gaussian(1, SIGMA))
                .hidden(1)
                .activation(Activation.IDENTITY)
                .bias(false)
                .posterior(Posterior.fullCentred(FLOW))
                .prior(Priors.normal(1))
                .seed(seed)
                .build(backend)) {
      model.fit(
          Dataset.regression(x, 1, y, 1),
          Fit.epochs(3000)
              .batch(N)
              .samples(128)
              .learningRate(5e-3)
              .decay(0.02)
              .klWarmup(0.7, 50)
              .clip(0, 0));
      draws = model.sampleWeights(SAMPLES, seed);
    }
    double positive = 0;
    for (double[] w : draws) {
      positive += w[0] > 0 ? 1.0 / SAMPLES : 0;
    }
    double distance = totalVariation(draws, grid(x, y));
    System.out.printf(
        "seed %d: share with a > 0 %.3f, total variation %.3f%n", seed, positive, distance);
    assertTrue(positive > 0.3 && positive < 0.7, "share of the positive mode " + positive);
    assertTrue(distance < 0.2, "total variation " + distance);
  }

  /** The exact posterior's mass in each cell of [−3, 3]², by its density at 5×5 points a cell. */
  private static double[][] grid(float[] x, float[] y) {
    double[][] mass = new double[CELLS][CELLS];
    double xx = 0;
    double xy = 0;
    for (int i = 0; i < N; i++) {
      xx += x[i] * x[i];
      xy += x[i] * y[i];
    }
    double total = 0;
    for (int i = 0; i < CELLS; i++) {
      for (int j = 0; j < CELLS; j++) {
        for (int k = 0; k < 25; k++) {
          double a = -3 + 6 * (i + (k / 5 + 0.5) / 5) / CELLS;
          double b = -3 + 6 * (j + (k % 5 + 0.5) / 5) / CELLS;
          double c = a * b;
          double logDensity = (c * xy - 0.5 * c * c * xx) / (SIGMA * SIGMA) - (a * a + b * b) / 2;
          mass[i][j] += Math.exp(logDensity);
        }
        total += mass[i][j];
      }
    }
    for (double[] row : mass) {
      for (int j = 0; j < CELLS; j++) {
        row[j] /= total;
      }
    }
    return mass;
  }

  /** ½ Σ |p − q| over the cells; draws outside the square count as mass the grid does not have. */
  private static double totalVariation(double[][] draws, double[][] grid) {
    double[][] counts = new double[CELLS][CELLS];
    double outside = 0;
    for (double[] w : draws) {
      int i = (int) Math.floor((w[0] + 3) / 6 * CELLS);
      int j = (int) Math.floor((w[1] + 3) / 6 * CELLS);
      if (i < 0 || i >= CELLS || j < 0 || j >= CELLS) {
        outside += 1.0 / draws.length;
      } else {
        counts[i][j] += 1.0 / draws.length;
      }
    }
    double sum = outside;
    for (int i = 0; i < CELLS; i++) {
      for (int j = 0; j < CELLS; j++) {
        sum += Math.abs(counts[i][j] - grid[i][j]);
      }
    }
    return sum / 2;
  }
}
