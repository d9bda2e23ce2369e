package org.bhn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.bayes.Elbo;
import org.bhn.bayes.Likelihood;
import org.bhn.bayes.Priors;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.train.Fit;
import org.junit.jupiter.api.Test;

/**
 * Bayesian linear regression, y = Xw + N(0, σ²), w ~ N(0, I): posterior and evidence are known, so
 * the ELBO has a value to reach and one it must not exceed.
 */
class LinearRegressionEvidenceTest {
  private static final int D = 5;
  private static final int N = 50;
  private static final double SIGMA = 0.8;
  private static final int ELBO_SAMPLES = 40_000;

  private final double[][] x = new double[N][D];
  private final double[] y = new double[N];
  private final Dataset data;
  private final double evidence;
  private final double meanFieldGap;

  LinearRegressionEvidenceTest() {
    SplittableRandom random = new SplittableRandom(12);
    float[] inputs = new float[N * D];
    float[] targets = new float[N];
    double[] truth = {1, -0.5, 0.8, 0, 2};
    for (int i = 0; i < N; i++) {
      double common = random.nextGaussian();
      for (int j = 0; j < D; j++) {
        // Correlated inputs make the posterior correlated, which mean-field cannot follow.
        x[i][j] = (float) (0.8 * common + 0.6 * random.nextGaussian());
        inputs[i * D + j] = (float) x[i][j];
        y[i] += x[i][j] * truth[j];
      }
      y[i] = (float) (y[i] + SIGMA * random.nextGaussian());
      targets[i] = (float) y[i];
    }
    data = Dataset.regression(inputs, D, targets, 1);
    double[][] marginal = new double[N][N];
    double[][] precision = new double[D][D];
    for (int i = 0; i < N; i++) {
      for (int k = 0; k < N; k++) {
        for (int j = 0; j < D; j++) {
          marginal[i][k] += x[i][j] * x[k][j];
        }
      }
      marginal[i][i] += SIGMA * SIGMA;
    }
    for (int a = 0; a < D; a++) {
      for (int b = 0; b < D; b++) {
        for (int i = 0; i < N; i++) {
          precision[a][b] += x[i][a] * x[i][b] / (SIGMA * SIGMA);
        }
      }
      precision[a][a] += 1;
    }
    evidence = logGaussian(y, marginal);
    double gap = 0;
    for (int a = 0; a < D; a++) {
      gap += 0.5 * Math.log(precision[a][a]);
    }
    double[][] l = cholesky(precision);
    for (int a = 0; a < D; a++) {
      gap -= Math.log(l[a][a]);
    }
    meanFieldGap = gap;
  }

  private Bhn model(Backend backend, Posterior posterior) {
    return Bhn.of(D, Likelihood.gaussian(1, SIGMA))
        .bias(false)
        .posterior(posterior)
        .prior(Priors.normal(1))
        .seed(3)
        .build(backend);
  }

  private Elbo trained(Posterior posterior, int steps) {
    try (Backend backend = Backends.best();
        Bhn model = model(backend, posterior)) {
      Fit fit = Fit.epochs(steps).batch(N).samples(32).learningRate(0.03).decay(1e-2).clip(0, 0);
      model.fit(data, fit);
      Elbo elbo = model.elbo(data, ELBO_SAMPLES);
      System.out.printf(
          "evidence %.4f, elbo %.4f ± %.4f (%s)%n",
          evidence, elbo.total(), elbo.standardError(), posterior);
      return elbo;
    }
  }

  @Test
  void couplingFlowReachesTheEvidence() {
    reaches(trained(Posterior.fullCentred(Flows.coupling(6).hidden(16).initialStd(0.3)), 3000));
  }

  @Test
  void iafReachesTheEvidence() {
    reaches(trained(Posterior.fullCentred(Flows.iaf(4).hidden(24).initialStd(0.3)), 3000));
  }

  private void reaches(Elbo elbo) {
    assertTrue(elbo.standardError() < 0.003, "standard error " + elbo.standardError());
    assertEquals(evidence, elbo.total(), 0.02);
    assertTrue(
        elbo.total() <= evidence + 3 * elbo.standardError(),
        "the bound " + elbo.total() + " must not exceed the evidence " + evidence);
  }

  /**
   * KL(q‖p) of the best diagonal Gaussian is ½ Σ log Λ_dd − ½ log|Λ|, Λ the posterior precision.
   */
  @Test
  void meanFieldHasItsClosedFormGap() {
    assertTrue(meanFieldGap > 0.5, "the case must tell the two apart, gap " + meanFieldGap);
    Elbo elbo = trained(Posterior.fullCentred(Flows.affine().initialStd(0.3)), 2000);
    assertEquals(meanFieldGap, evidence - elbo.total(), 4 * elbo.standardError() + 0.002);
  }

  private static double logGaussian(double[] y, double[][] covariance) {
    double[][] l = cholesky(covariance);
    double sum = -0.5 * y.length * Math.log(2 * Math.PI);
    double[] z = new double[y.length];
    for (int i = 0; i < y.length; i++) {
      z[i] = y[i];
      for (int k = 0; k < i; k++) {
        z[i] -= l[i][k] * z[k];
      }
      z[i] /= l[i][i];
      sum -= 0.5 * z[i] * z[i] + Math.log(l[i][i]);
    }
    return sum;
  }

  private static double[][] cholesky(double[][] a) {
    int n = a.length;
    double[][] l = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        double sum = a[i][j];
        for (int k = 0; k < j; k++) {
          sum -= l[i][k] * l[j][k];
        }
        l[i][j] = i == j ? Math.sqrt(sum) : sum / l[j][j];
      }
    }
    return l;
  }
}
