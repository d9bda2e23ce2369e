package org.bhn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

/** A whole training with a known end, short enough for a device that is emulated. */
class ShortFitTest {
  private static final double SIGMA = 0.5;

  /**
   * y = w x + N(0, σ²), w ~ N(0, 1), is Gaussian in w: with one weight mean-field is exact and the
   * ELBO of the best posterior is the evidence, −½ (n log 2πσ² + log a + Σy²/σ² − b²/a), a = 1 +
   * Σx²/σ², b = Σxy/σ².
   */
  @Test
  void oneWeightReachesTheEvidence() {
    float[] x = {-2, -1, -0.5f, 0.5f, 1, 2};
    float[] y = {-1.7f, -1.2f, -0.1f, 0.6f, 0.8f, 2.2f};
    double variance = SIGMA * SIGMA;
    double a = 1;
    double b = 0;
    double squares = 0;
    for (int i = 0; i < x.length; i++) {
      a += x[i] * x[i] / variance;
      b += x[i] * y[i] / variance;
      squares += y[i] * y[i] / variance;
    }
    double evidence =
        -0.5
            * (x.length * Math.log(2 * Math.PI * variance) + Math.log(a) + squares - b * b / a);
    Dataset data = Dataset.regression(x, 1, y, 1);
    try (Backend backend = Backends.best();
        Bhn model =
            Bhn.of(1, Likelihood.gaussian(1, SIGMA))
                .bias(false)
                .posterior(Posterior.fullCentred(Flows.affine().initialStd(0.3)))
                .prior(Priors.normal(1))
                .seed(3)
                .build(backend)) {
      model.fit(
          data,
          Fit.epochs(300).batch(6).samples(8).learningRate(0.05).decay(1e-2).clip(0, 0));
      Elbo elbo = model.elbo(data, 2_000);
      assertEquals(evidence, elbo.total(), 0.02);
      assertTrue(elbo.standardError() < 0.02, "standard error " + elbo.standardError());
    }
  }
}
