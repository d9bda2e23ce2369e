package org.bhn.train;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.backend.JavaBackend;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Dataset;
import org.junit.jupiter.api.Test;

/** Data just outside what a model takes. */
class DataChecksTest {
  @Test
  void labelsAndTargetsAtTheEdgesAreLookedAt() {
    try (Backend backend = JavaBackend.open();
        Bhn three = Bhn.classifier(1, 3).build(backend);
        Bhn coin = Bhn.of(1, Likelihood.bernoulli(1)).build(backend);
        Bhn count = Bhn.of(1, Likelihood.poisson(1)).build(backend)) {
      Dataset four = Dataset.classification(new float[] {1, 2}, 1, new int[] {0, 3}, 4);
      assertTrue(refused(() -> three.fit(four, Fit.epochs(1))).contains("train label 3 of row 1"));
      Dataset negative = Dataset.regression(new float[] {1}, 1, new float[] {-0.5f}, 1);
      assertTrue(refused(() -> coin.fit(negative, Fit.epochs(1))).contains("target 0 is -0.5"));
      Dataset half = Dataset.regression(new float[] {1, 1}, 1, new float[] {3, 0.5f}, 1);
      assertTrue(refused(() -> count.fit(negative, Fit.epochs(1))).contains("target 0 is -0.5"));
      assertTrue(refused(() -> count.fit(half, Fit.epochs(1))).contains("row 1, target 0 is 0.5"));
    }
  }

  private static String refused(Runnable call) {
    return assertThrows(IllegalArgumentException.class, call::run).getMessage();
  }
}
