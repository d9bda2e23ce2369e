package org.bhn.predict;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.JavaBackend;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Standardizer;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.tape.Param;
import org.junit.jupiter.api.Test;

/** What a prediction says, by hand, and however its rows and draws are cut into pieces. */
class StatisticsTest {
  /** Two rows of three classes, four draws; all by hand. */
  @Test
  void whatClassifiersSay() {
    Predictive p =
        new Predictive(
            2,
            3,
            4,
            new float[] {0.5f, 0.25f, 0.25f, 0.25f, 0.25f, 0.5f},
            new float[] {0.25f, 0, 0, 1, 0.25f, 0.25f},
            new float[] {0.5f, 0.25f},
            new int[] {3, 1, 0, 1, 1, 2},
            null,
            false,
            Optional.empty());
    assertArrayEquals(new int[] {0, 2}, p.labels());
    assertArrayEquals(new double[] {0.25, 0.5}, p.variationRatio());
    assertArrayEquals(new double[] {0.5, 0.5}, p.leastConfidence());
    // Squares over four draws: 0.25 / 4 has the root 0.25, 1 / 4 has 0.5.
    assertArrayEquals(new float[] {0.25f, 0, 0, 0.5f, 0.25f, 0.25f}, p.std());
    assertArrayEquals(new double[] {0.25 / 3, 1.0 / 3}, p.meanStd(), 1e-7);
    double entropy = 1.5 * Math.log(2);
    assertArrayEquals(new double[] {entropy, entropy}, p.entropy(), 1e-15);
    assertArrayEquals(new double[] {0.5, 0.25}, p.expectedEntropy());
    assertArrayEquals(new double[] {entropy - 0.5, entropy - 0.25}, p.mutualInformation(), 1e-15);
    assertArrayEquals(new double[] {0.25, 0.25, 0.5}, p.meanRows()[1]);
  }

  /** Units of 2 and 10 about 1 and -1: the deviation of a new observation, and its interval. */
  @Test
  void whatRegressionsSay() {
    Predictive p =
        new Predictive(
            1,
            2,
            4,
            new float[] {3, 0.5f},
            new float[] {0.25f, 1},
            null,
            null,
            new double[] {0.5, 6},
            true,
            Optional.of(new Standardizer(new double[] {1, -1}, new double[] {2, 10})));
    assertArrayEquals(new float[] {7, 4}, p.mean());
    assertArrayEquals(new double[] {2 * 0.75, 10 * 2.5}, p.predictiveStd(), 1e-15);
    assertArrayEquals(new float[] {2 * 0.25f, 10 * 0.5f}, p.std());
    double z = 1.959963984540054;
    assertArrayEquals(new double[] {7 - z * 1.5, 4 - z * 25}, p.interval(0.95)[0], 1e-12);
    assertArrayEquals(new double[] {7 + z * 1.5, 4 + z * 25}, p.interval(0.95)[1], 1e-12);
    assertEquals(4 - 3.290526731491926 * 25, p.interval(0.999)[0][1], 1e-10);
    // 1e-12 on each side, as far as a double can say it.
    assertEquals(4 - 7.0344869100478356 * 25, p.interval(1 - 2e-12)[0][1], 1e-9);
  }

  @Test
  void everyTargetHasItsOwnNoise() {
    try (Backend backend = JavaBackend.open();
        Bhn model = Bhn.regressor(1, 2).hidden(3).seed(2).build(backend)) {
      Param noise = model.network().params().getLast();
      assertEquals("likelihood.noise", noise.name());
      model
          .network()
          .backend()
          .upload(noise.value(), new double[] {Math.log(0.25) / 5, Math.log(9) / 5});
      Predictive p = model.predict(new float[] {0.5f, -1}, 10);
      double[] expected = {0.25, 9};
      for (int i = 0; i < 4; i++) {
        double weights = p.std()[i] * p.std()[i];
        assertEquals(expected[i % 2], p.predictiveStd()[i] * p.predictiveStd()[i] - weights, 1e-5);
      }
    }
  }

  /** More rows than a piece holds, and so draws that come one by one. */
  @Test
  void statisticsDoNotDependOnHowRowsAndDrawsAreCut() {
    Random random = new Random(1);
    float[] x = new float[40_000];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    for (Likelihood likelihood :
        List.of(
            Likelihood.heteroscedastic(2),
            Likelihood.bernoulli(2),
            Likelihood.poisson(2),
            Likelihood.studentT(2, 4),
            Likelihood.gaussianLearned(2, 0.5))) {
      try (Backend backend = JavaBackend.open();
          Bhn model =
              Bhn.of(1, likelihood)
                  .hidden(8)
                  .posterior(Posterior.meanField())
                  .seed(3)
                  .build(backend)) {
        Predictive all = model.predict(x, 3);
        Predictive last = model.predict(Arrays.copyOfRange(x, 39_990, 40_000), 3);
        int at = 2 * 39_990;
        for (int i = 0; i < 20; i++) {
          assertEquals(last.mean()[i], all.mean()[at + i], 1e-6);
          assertEquals(last.std()[i], all.std()[at + i], 1e-6);
          if (!(likelihood instanceof Likelihood.Bernoulli)) {
            assertEquals(last.predictiveStd()[i], all.predictiveStd()[at + i], 1e-6);
          }
        }
      }
    }
  }

  /**
   * A running mean in single precision would lose a little with every draw, and of narrow skewed
   * distributions always to the same side: 5e-4 of a probability here.
   */
  @Test
  void manyDrawsLoseNothing() {
    int draws = 100_000;
    float[] x = {2, -1, 0.5f, 0.25f, 3, 3};
    for (double std : new double[] {0.01, 0.8}) {
      Posterior posterior = Posterior.full(Flows.affine().delta(0).initialStd(std));
      try (Backend backend = Backends.best();
          Bhn classifier = Bhn.classifier(2, 2).posterior(posterior).seed(3).build(backend);
          Bhn regressor =
              Bhn.of(2, Likelihood.gaussian(2, 1)).posterior(posterior).seed(3).build(backend)) {
        agree(classifier.predict(x, draws, 3), classifier.sampleProbabilities(x, draws, 3), 2e-7);
        agree(regressor.predict(x, draws, 3), regressor.sampleMeans(x, draws, 3), 2e-6);
      }
    }
  }

  private static void agree(Predictive p, float[][][] draws, double tolerance) {
    for (int i = 0; i < p.rows(); i++) {
      double[] mean = new double[p.columns()];
      int[] votes = new int[p.columns()];
      double expectedEntropy = 0;
      for (float[][] draw : draws) {
        int best = 0;
        for (int c = 0; c < mean.length; c++) {
          double value = draw[i][c];
          mean[c] += value / draws.length;
          best = draw[i][c] > draw[i][best] ? c : best;
          expectedEntropy -= value > 0 ? value * Math.log(value) / draws.length : 0;
        }
        votes[best]++;
      }
      double entropy = 0;
      for (int c = 0; c < mean.length; c++) {
        assertEquals(mean[c], p.meanRows()[i][c], tolerance);
        double variance = 0;
        for (float[][] draw : draws) {
          variance += (draw[i][c] - mean[c]) * (draw[i][c] - mean[c]) / draws.length;
        }
        assertEquals(Math.sqrt(variance), p.std()[i * mean.length + c], tolerance);
        entropy -= mean[c] > 0 ? mean[c] * Math.log(mean[c]) : 0;
      }
      if (p.isClassification()) {
        int most = Arrays.stream(votes).max().getAsInt();
        assertEquals(1 - (double) most / draws.length, p.variationRatio()[i], 1e-15);
        assertEquals(expectedEntropy, p.expectedEntropy()[i], 1e-6);
        assertEquals(entropy - expectedEntropy, p.mutualInformation()[i], 1e-6);
      }
    }
  }
}
