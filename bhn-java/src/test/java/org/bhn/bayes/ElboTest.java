package org.bhn.bayes;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.bhn.Bhn;
import org.bhn.TestData;
import org.bhn.backend.Backend;
import org.bhn.backend.JavaBackend;
import org.bhn.data.Dataset;
import org.bhn.posterior.Posterior;
import org.junit.jupiter.api.Test;

/** The items of an evidence lower bound. */
class ElboTest {
  private static Bhn model(Backend backend) {
    return Bhn.classifier(2, 3).hidden(3).posterior(Posterior.meanField()).seed(5).build(backend);
  }

  @Test
  void itemsOfAnElbo() {
    Elbo elbo = new Elbo(-10, -3, 2, 0.5, 0.1);
    assertEquals(-10.5, elbo.total());
    assertEquals(0.5, elbo.kl());
  }

  /** More rows than are looked at at once; the draws are the same for all rows. */
  @Test
  void allRowsCount() {
    Dataset data = TestData.blobs(5000, 3, 1);
    try (Backend backend = JavaBackend.open();
        Bhn model = model(backend)) {
      Elbo all = model.elbo(data, 3);
      Elbo first = model.elbo(data.slice(0, 4096), 3);
      Elbo rest = model.elbo(data.slice(4096, 5000), 3);
      assertEquals(first.logLikelihood() + rest.logLikelihood(), all.logLikelihood(), 1e-8);
      assertEquals(first.kl(), all.kl(), 1e-12);
    }
  }

  /** Of two draws a and b the mean has the standard error |a - b| / 2. */
  @Test
  void standardErrorOfTwoDraws() {
    Dataset data = TestData.blobs(30, 3, 1);
    try (Backend backend = JavaBackend.open();
        Bhn model = model(backend)) {
      double a = model.elbo(data, 1).total();
      Elbo both = model.elbo(data, 2);
      double b = 2 * both.total() - a;
      assertEquals(Math.abs(a - b) / 2, both.standardError(), 1e-9 * Math.abs(a));
    }
  }
}
