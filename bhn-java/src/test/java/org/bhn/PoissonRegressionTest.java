package org.bhn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.function.DoubleBinaryOperator;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.bayes.Elbo;
import org.bhn.bayes.Likelihood;
import org.bhn.bayes.Priors;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.predict.Predictive;
import org.bhn.predict.Predictor;
import org.bhn.train.Fit;
import org.junit.jupiter.api.Test;

/** Counts y ~ Poisson(exp(w x + b)), w, b ~ N(0, 1): two weights, so a grid knows the posterior. */
class PoissonRegressionTest {
  private static final float[] X = {-1.5f, -1, -0.5f, 0, 0.25f, 0.5f, 1, 1.5f};
  private static final float[] Y = {0, 1, 0, 2, 1, 0, 4, 5};
  private static final float[] NEW = {-2, 0.75f, 2};

  private static final double FROM = -5;
  private static final double STEP = 0.01;
  private static final int POINTS = 1001;

  private static double logPoisson(double y, double eta) {
    double logFactorial = 0;
    for (int k = 2; k <= y; k++) {
      logFactorial += Math.log(k);
    }
    return y * eta - Math.exp(eta) - logFactorial;
  }

  private static double joint(double w, double b) {
    double log = -0.5 * (w * w + b * b) - Math.log(2 * Math.PI);
    for (int i = 0; i < X.length; i++) {
      log += logPoisson(Y[i], w * X[i] + b);
    }
    return Math.exp(log);
  }

  /** The integral of the joint density times f. */
  private static double integral(DoubleBinaryOperator f) {
    double sum = 0;
    for (int i = 0; i < POINTS; i++) {
      for (int j = 0; j < POINTS; j++) {
        double w = FROM + i * STEP;
        double b = FROM + j * STEP;
        sum += joint(w, b) * f.applyAsDouble(w, b) * STEP * STEP;
      }
    }
    return sum;
  }

  @Test
  void aFlowFindsThePosteriorOfCounts() {
    Dataset data = Dataset.regression(X, 1, Y, 1);
    double evidence = integral((w, b) -> 1);
    try (Backend backend = Backends.best();
        Bhn model =
            Bhn.of(1, Likelihood.poisson(1))
                .posterior(Posterior.fullCentred(Flows.coupling(6).hidden(16).initialStd(0.3)))
                .prior(Priors.normal(1))
                .seed(2)
                .build(backend)) {
      model.fit(
          data,
          Fit.epochs(3000).batch(X.length).samples(32).learningRate(0.02).decay(1e-2).clip(0, 0));
      Elbo elbo = model.elbo(data, 40_000);
      System.out.printf(
          "counts: evidence %.4f, elbo %.4f ± %.4f%n",
          Math.log(evidence), elbo.total(), elbo.standardError());
      assertTrue(elbo.standardError() < 0.003, "standard error " + elbo.standardError());
      assertEquals(Math.log(evidence), elbo.total(), 0.02);
      assertTrue(elbo.total() <= Math.log(evidence) + 3 * elbo.standardError());

      float[] y = {0, 3, 9};
      Predictor.Result scored = model.evaluate(Dataset.regression(NEW, 1, y, 1), 40_000);
      Predictive p = scored.predictive();
      for (int i = 0; i < NEW.length; i++) {
        int row = i;
        double mean = integral((w, b) -> Math.exp(w * NEW[row] + b)) / evidence;
        double square = integral((w, b) -> Math.exp(2 * (w * NEW[row] + b))) / evidence;
        double density =
            integral((w, b) -> Math.exp(logPoisson(y[row], w * NEW[row] + b))) / evidence;
        assertEquals(mean, p.mean()[i], 0.02 * mean);
        assertEquals(Math.sqrt(square - mean * mean), p.std()[i], 0.06 * mean);
        assertEquals(Math.sqrt(square - mean * mean + mean), p.predictiveStd()[i], 0.06 * mean);
        assertEquals(Math.log(density), scored.logPredictive()[i], 0.02);
      }
    }
  }

  @Test
  void drawsAreRatesAndIntervalsAreRefused() {
    try (Backend backend = Backends.best();
        Bhn model = Bhn.of(1, Likelihood.poisson(2)).hidden(5).seed(1).build(backend)) {
      float[][][] rates = model.sampleMeans(NEW, 50, 4);
      Predictive p = model.predict(NEW, 50, 4);
      for (int i = 0; i < 6; i++) {
        int at = i;
        double mean = Arrays.stream(rates).mapToDouble(r -> r[at / 2][at % 2]).average().orElse(0);
        assertEquals(mean, p.mean()[i], 1e-5 * mean);
        assertTrue(mean > 0);
      }
      String said =
          assertThrows(UnsupportedOperationException.class, () -> p.interval(0.9)).getMessage();
      assertTrue(said.startsWith("interval needs a Gaussian likelihood"), said);
    }
  }
}
