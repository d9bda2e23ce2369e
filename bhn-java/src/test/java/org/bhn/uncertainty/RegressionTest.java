package org.bhn.uncertainty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class RegressionTest {
  private static final double[] Y = {1, 2, 4};
  private static final double[] PREDICTED = {1, 4, 3};

  @Test
  void pointErrors() {
    assertEquals(Math.sqrt(5.0 / 3), Regression.rmse(PREDICTED, Y), 1e-15);
    assertEquals(1, Regression.mae(PREDICTED, Y), 1e-15);
  }

  @Test
  void gaussianLogLikelihoodIsTheLogDensity() {
    assertEquals(
        Math.log(1 / (2 * Math.sqrt(2 * Math.PI)) * Math.exp(-0.5 * 9 / 4)),
        Regression.gaussianLogLikelihood(new double[] {5}, 2, new double[] {2}),
        1e-14);
    double each =
        (Regression.gaussianLogLikelihood(new double[] {1}, 0.5, new double[] {1.2})
                + Regression.gaussianLogLikelihood(new double[] {2}, 3, new double[] {0}))
            / 2;
    assertEquals(
        each,
        Regression.gaussianLogLikelihood(
            new double[] {1, 2}, new double[] {0.5, 3}, new double[] {1.2, 0}),
        1e-14);
  }

  @Test
  void aMixtureAveragesDensitiesNotLogarithms() {
    double[][] log = {{Math.log(0.2), Math.log(0.4)}, {Math.log(0.6), Math.log(0.1)}};
    assertEquals((Math.log(0.4) + Math.log(0.25)) / 2, Regression.mixtureLogLikelihood(log), 1e-15);
  }

  @Test
  void repeatingTheSamplesChangesNothing() {
    double[] a = {-1, -2, -700};
    double[] b = {-3, -1, -900};
    assertEquals(
        Regression.mixtureLogLikelihood(new double[][] {a, b}),
        Regression.mixtureLogLikelihood(new double[][] {a, b, b, a}),
        1e-12);
  }

  @Test
  void densitiesThatUnderflowKeepTheirLogarithm() {
    double value = Regression.mixtureLogLikelihood(new double[][] {{-5000}, {-6000}});
    assertEquals(-5000 - Math.log(2), value, 1e-9);
    double none = Double.NEGATIVE_INFINITY;
    assertEquals(none, Regression.mixtureLogLikelihood(new double[][] {{none}, {none}}));
    assertEquals(
        Math.log(0.5), Regression.mixtureLogLikelihood(new double[][] {{none}, {0}}), 1e-15);
  }

  @Test
  void oneSampleIsThePlainLikelihood() {
    double[] std = {1, 2, 3};
    assertEquals(
        Regression.gaussianLogLikelihood(PREDICTED, std, Y),
        Regression.mixtureGaussianLogLikelihood(
            new double[][] {PREDICTED, PREDICTED}, new double[][] {std, std}, Y),
        1e-14);
    assertEquals(
        Regression.gaussianLogLikelihood(PREDICTED, 2, Y),
        Regression.mixtureGaussianLogLikelihood(new double[][] {PREDICTED}, 2, Y),
        1e-14);
  }

  @Test
  void coverageIncludesTheEdges() {
    double[] lower = {1, 2.5, Double.NEGATIVE_INFINITY};
    double[] upper = {1, 3, 4};
    assertEquals(2.0 / 3, Regression.picp(lower, upper, Y));
    assertEquals(1.0, Regression.mpiw(new double[] {0, 1}, new double[] {0.5, 2.5}), 1e-15);
  }

  @Test
  void nothingGivesNaN() {
    double[] none = {};
    assertTrue(Double.isNaN(Regression.rmse(none, none)));
    assertTrue(Double.isNaN(Regression.mae(none, none)));
    assertTrue(Double.isNaN(Regression.gaussianLogLikelihood(none, none, none)));
    assertTrue(Double.isNaN(Regression.picp(none, none, none)));
    assertTrue(Double.isNaN(Regression.mpiw(none, none)));
  }

  @Test
  void badInputNamesTheArgumentAndTheValue() {
    rejects("predicted has length 2", () -> Regression.rmse(new double[2], Y));
    rejects("targets[0] = NaN", () -> Regression.mae(new double[1], new double[] {Double.NaN}));
    rejects("std[0] = 0.0", () -> Regression.gaussianLogLikelihood(PREDICTED, 0, Y));
    rejects(
        "stds[0] has length 1",
        () -> Regression.gaussianLogLikelihood(PREDICTED, new double[] {1}, Y));
    rejects("samples = 0", () -> Regression.mixtureLogLikelihood(new double[0][]));
    rejects(
        "logDensities[1] has length 2",
        () -> Regression.mixtureLogLikelihood(new double[][] {{1}, {1, 2}}));
    rejects(
        "logDensities[0][0] = NaN",
        () -> Regression.mixtureLogLikelihood(new double[][] {{Double.NaN}}));
    rejects(
        "lower[0] = 2.0 exceeds upper[0] = 1.0",
        () -> Regression.picp(new double[] {2}, new double[] {1}, new double[] {0}));
  }

  private static void rejects(String expected, Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.contains(expected), message);
  }
}
