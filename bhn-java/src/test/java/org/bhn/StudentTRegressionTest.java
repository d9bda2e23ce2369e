package org.bhn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.SplittableRandom;
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
import org.bhn.uncertainty.StudentTDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * y = w x + b and Student-t noise, w, b ~ N(0, 1): two weights, so a grid knows the posterior. Of
 * the targets two are outliers.
 */
class StudentTRegressionTest {
  private static final float[] X = {-1.5f, -1, -0.5f, 0, 0.25f, 0.5f, 1, 1.5f};
  private static final float[] Y = {-1.2f, -0.5f, 4, 0.4f, 0.3f, 0.9f, -3, 1.6f};
  private static final float[] NEW = {-2, 0.75f, 2};

  private static final double NU = 3;
  private static final double SCALE = 0.3;

  private static final double FROM = -3;
  private static final double STEP = 0.01;
  private static final int POINTS = 601;

  /** Γ(2) / (Γ(3/2) √(3π)) (1 + e²/3)^−2 / σ. */
  private static double density(double error) {
    double e = error / SCALE;
    double tail = 1 + e * e / 3;
    return 2 / (Math.sqrt(Math.PI) * Math.sqrt(3 * Math.PI)) / (tail * tail) / SCALE;
  }

  private static double joint(double w, double b) {
    double joint = Math.exp(-0.5 * (w * w + b * b)) / (2 * Math.PI);
    for (int i = 0; i < X.length; i++) {
      joint *= density(Y[i] - (w * X[i] + b));
    }
    return joint;
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
  void aFlowFindsThePosteriorInSpiteOfOutliers() {
    Dataset data = Dataset.regression(X, 1, Y, 1);
    double evidence = integral((w, b) -> 1);
    try (Backend backend = Backends.best();
        Bhn model =
            Bhn.of(1, Likelihood.studentT(1, NU, SCALE))
                .posterior(Posterior.fullCentred(Flows.coupling(6).hidden(16).initialStd(0.3)))
                .prior(Priors.normal(1))
                .seed(2)
                .build(backend)) {
      model.fit(
          data,
          Fit.epochs(3000).batch(X.length).samples(32).learningRate(0.02).decay(1e-2).clip(0, 0));
      Elbo elbo = model.elbo(data, 40_000);
      System.out.printf(
          "outliers: evidence %.4f, elbo %.4f ± %.4f%n",
          Math.log(evidence), elbo.total(), elbo.standardError());
      assertTrue(elbo.standardError() < 0.003, "standard error " + elbo.standardError());
      assertEquals(Math.log(evidence), elbo.total(), 0.02);
      assertTrue(elbo.total() <= Math.log(evidence) + 3 * elbo.standardError());

      float[] y = {-1, 0.7f, 6};
      Predictor.Result scored = model.evaluate(Dataset.regression(NEW, 1, y, 1), 40_000);
      Predictive p = scored.predictive();
      double[][] interval = model.quantiles(NEW, 4000, 0.05, 0.95);
      StudentTDistribution noise = new StudentTDistribution(NU);
      for (int i = 0; i < NEW.length; i++) {
        int row = i;
        double mean = integral((w, b) -> w * NEW[row] + b) / evidence;
        double variance = integral((w, b) -> sq(w * NEW[row] + b - mean)) / evidence;
        double density = integral((w, b) -> density(y[row] - (w * NEW[row] + b))) / evidence;
        double std = Math.sqrt(variance);
        assertEquals(mean, p.mean()[i], 0.05 * std);
        assertEquals(std, p.std()[i], 0.05 * std);
        double total = Math.sqrt(variance + 3 * SCALE * SCALE);
        assertEquals(total, p.predictiveStd()[i], 0.02 * total);
        assertEquals(Math.log(density), scored.logPredictive()[i], 0.03);
        for (int end = 0; end < 2; end++) {
          double at = interval[end][i];
          double below =
              integral((w, b) -> noise.cdf((at - (w * NEW[row] + b)) / SCALE)) / evidence;
          assertEquals(end == 0 ? 0.05 : 0.95, below, 0.006);
        }
      }
    }
  }

  private static double sq(double x) {
    return x * x;
  }

  /** sin 2x with noise of 0.1, every tenth target far above. */
  private static Dataset withOutliers() {
    int n = 200;
    SplittableRandom random = new SplittableRandom(1);
    float[] x = new float[n];
    float[] y = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextDouble(-2, 2);
      double outlier = i % 10 == 0 ? random.nextDouble(5, 15) : 0;
      y[i] = (float) (Math.sin(2 * x[i]) + 0.1 * random.nextGaussian() + outlier);
    }
    return Dataset.regression(x, 1, y, 1);
  }

  private static Bhn fitted(Likelihood likelihood, Backend backend) {
    Dataset data = withOutliers();
    Bhn model =
        Bhn.of(1, likelihood)
            .hidden(20)
            .posterior(Posterior.meanField())
            .standardise(data)
            .seed(3)
            .build(backend);
    model.fit(data, Fit.epochs(200).batch(50).samples(8).learningRate(0.01));
    return model;
  }

  private static double error(Predictive p, float[] x) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += sq(p.mean()[i] - Math.sin(2 * x[i]));
    }
    return Math.sqrt(sum / x.length);
  }

  @Test
  void outliersDoNotPullTheMean(@TempDir Path folder) {
    float[] x = new float[81];
    for (int i = 0; i < x.length; i++) {
      x[i] = -2 + 0.05f * i;
    }
    try (Backend backend = Backends.best();
        Bhn gaussian = fitted(Likelihood.gaussianLearned(1, 1), backend);
        Bhn robust = fitted(Likelihood.studentT(1, 3), backend)) {
      Predictive p = robust.predict(x, 200, 1);
      double ofGaussian = error(gaussian.predict(x, 200), x);
      double ofRobust = error(p, x);
      System.out.printf("outliers: error %.3f, of a Gaussian %.3f%n", ofRobust, ofGaussian);
      assertTrue(ofRobust < 0.2 * ofGaussian, ofRobust + " and " + ofGaussian);
      double[][] interval = robust.quantiles(x, 200, 1, 0.25, 0.75);
      for (int i = 0; i < x.length; i++) {
        assertTrue(interval[1][i] - interval[0][i] < 0.6, "as wide as outliers are far");
      }
      Path file = folder.resolve("robust.safetensors");
      robust.save(file);
      try (Bhn loaded = Bhn.load(file, backend)) {
        assertEquals(robust.network().likelihood(), loaded.network().likelihood());
        assertArrayEquals(interval[0], loaded.quantiles(x, 200, 1, 0.25)[0]);
      }
    }
  }

  @Test
  void degreesOfFreedomThatCannotBeAreNamed() {
    for (double nu : new double[] {0, -3, Double.NaN, Double.POSITIVE_INFINITY}) {
      refused(() -> Likelihood.studentT(1, nu), "degreesOfFreedom = " + nu + " must be in [0.01");
    }
    refused(() -> Likelihood.studentT(0, 4), "targets = 0 must be in");
    refused(() -> Likelihood.studentT(1, 4, 0), "noise scale = 0.0 must be in (1e-12, 1e12)");
    refused(() -> Likelihood.studentTLearned(1, 4, Double.NaN), "noise scale = NaN");
  }

  private static void refused(Runnable call, String start) {
    String said = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(said.startsWith(start), said);
  }
}
