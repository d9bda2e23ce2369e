package org.bhn.uncertainty;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/**
 * Metrics at the ends of their domains: ties, empty bins, probabilities of 0, and what is no input.
 */
class EdgeCasesTest {
  private static final double INF = Double.POSITIVE_INFINITY;

  @Test
  void aWrongPredictionCountsAgainstItsBin() {
    double[][] p = {{0.9, 0.1}, {0.9, 0.1}, {0.6, 0.4}, {0.6, 0.4}};
    int[] y = {0, 1, 0, 0};
    // 0.9: half right, gap 0.4, weight 1/2; 0.6: all right, gap 0.4, weight 1/2.
    assertEquals(0.4, Classification.ece(p, y, 10), 1e-15);
    assertEquals(0.5, Classification.reliability(p, y, 10).bins().get(8).accuracy());
    assertEquals(1.0, Classification.reliability(p, y, 10).bins().get(5).accuracy());
    float[][] f = {{0.9f, 0.1f}, {0.9f, 0.1f}, {0.6f, 0.4f}, {0.6f, 0.4f}};
    assertEquals(0.4, Classification.reliability(f, y, 10).ece(), 1e-7);
  }

  @Test
  void theLargestGapIsThatOfABinThatIsNotEmpty() {
    Reliability r = Reliability.of(new double[] {0.9, 0.2}, new boolean[] {true, true}, 10);
    assertEquals(0.8, r.mce(), 1e-15);
  }

  @Test
  void targetsAboveTheIntervalAreNotCovered() {
    assertEquals(
        1.0 / 3,
        Regression.picp(new double[] {0, 0, 0}, new double[] {1, 1, INF}, new double[] {2, 3, 4}));
  }

  @Test
  void anIntervalOfOneInfinityHasNoWidth() {
    assertEquals(0.5, Regression.mpiw(new double[] {INF, 0}, new double[] {INF, 1}));
  }

  @Test
  void aClassOfProbabilityZeroHasNoPartInTheFit() {
    // Odds of 9 must become odds of 4, whatever a third class of probability 0 does.
    double[][] p = new double[5][];
    Arrays.fill(p, new double[] {0.9, 0.1, 0});
    assertEquals(
        Math.log(9) / Math.log(4), Temperature.fit(p, new int[] {0, 0, 1, 0, 0}).value(), 1e-9);
  }

  @Test
  void aScoreOfExactlyTheThresholdIsInTheSet() {
    assertArrayEquals(
        new boolean[] {true, false}, Conformal.labelSets(new double[][] {{0.75, 0.25}}, 0.25)[0]);
    Random half =
        new Random() {
          @Override
          public double nextDouble() {
            return 0.5;
          }
        };
    // 0.75: 0.375; 0.25: 0.875.
    assertArrayEquals(
        new boolean[] {true, false},
        Conformal.adaptiveSets(new double[][] {{0.75, 0.25}}, 0.375, half)[0]);
  }

  @Test
  void whatIsNoDistributionIsRefusedByEveryMetric() {
    double[][] bad = {{0.5, 0.3}};
    int[] y = {0};
    rejects("sums to 0.8", () -> Classification.accuracy(bad, y));
    rejects("sums to 0.8", () -> Classification.errors(bad, y));
    rejects("sums to 0.8", () -> Classification.brier(bad, y));
    rejects("labels[0] = 2", () -> Classification.accuracy(new double[][] {{1, 0}}, new int[] {2}));
    rejects("labels[0] = 2", () -> Classification.errors(new double[][] {{1, 0}}, new int[] {2}));
    rejects("labels[0] = 2", () -> Classification.brier(new double[][] {{1, 0}}, new int[] {2}));
    rejects("predicted has length 2", () -> Classification.accuracy(new int[2], new int[1]));
    rejects(
        "logProbabilities has length 2",
        () -> Classification.nllFromLog(new double[2][2], new int[1]));
    rejects("[0][0] = -0.5", () -> Classification.nll(new double[][] {{-0.5, 0.75, 0.75}}, y));
  }

  @Test
  void confidencesOutsideTheUnitIntervalAreRefused() {
    rejects("confidence[0] = 1.5", () -> reliability(1.5));
    rejects("confidence[0] = -0.5", () -> reliability(-0.5));
  }

  @Test
  void otherArgumentsAreLookedAt() {
    rejects(
        "std[0] = Infinity",
        () -> Regression.gaussianLogLikelihood(new double[1], INF, new double[1]));
    rejects(
        "lower has length 2", () -> Regression.picp(new double[2], new double[2], new double[1]));
    rejects(
        "targets[0] = NaN",
        () -> Regression.picp(new double[1], new double[1], new double[] {Double.NaN}));
    rejects("lower[0] = 1.0 exceeds", () -> Regression.mpiw(new double[] {1}, new double[1]));
    rejects(
        "logDensities[0][0] = Infinity",
        () -> Regression.mixtureLogLikelihood(new double[][] {{INF}}));
    rejects("predicted[0] = Infinity", () -> Regression.rmse(new double[] {INF}, new double[1]));
    rejects("rows = -1", () -> new Moments(-1, 2));
    rejects("classes = 0", () -> new Moments(1, 0));
    rejects("value = Infinity", () -> new Temperature(INF));
    rejects(
        "negativeScores[0] is NaN",
        () -> Detection.auroc(new double[] {Double.NaN}, new double[1]));
    rejects("threshold is NaN", () -> Conformal.labelSets(new double[][] {{1, 0}}, Double.NaN));
    rejects(
        "targets[0] = NaN", () -> Conformal.residuals(new double[1], new double[] {Double.NaN}));
    assertThrows(IllegalStateException.class, () -> new Moments(1, 2).std());
    assertThrows(IllegalStateException.class, () -> new Moments(1, 2).expectedEntropy());
    assertThrows(IllegalStateException.class, () -> new Moments(1, 2).votes());
  }

  private static Reliability reliability(double confidence) {
    return Reliability.of(new double[] {confidence}, new boolean[] {true}, 3);
  }

  private static void rejects(String words, Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.contains(words), message);
  }
}
