package org.bhn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Dataset;
import org.bhn.posterior.Posterior;
import org.bhn.predict.Predictive;
import org.bhn.train.Fit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Quantiles are those of the mixture over draws, not of a Gaussian with its moments. */
class QuantilesTest {
  private static final double[] P = {1e-4, 0.05, 0.5, 0.9, 1 - 1e-4};
  private static final float[] X = {-2, -0.5f, 0, 1, 3};
  private static final int DRAWS = 40;

  private Backend backend;

  @BeforeEach
  void open() {
    backend = Backends.best();
  }

  @AfterEach
  void close() {
    backend.close();
  }

  private static Dataset line(double spread) {
    SplittableRandom random = new SplittableRandom(4);
    float[] x = new float[60];
    float[] y = new float[60];
    for (int i = 0; i < x.length; i++) {
      x[i] = i / 20f - 1.5f;
      y[i] = (float) (500 + 40 * x[i] + spread * random.nextGaussian());
    }
    return Dataset.regression(x, 1, y, 1);
  }

  /** 1/√(2π) ∫ exp(−t²/2) dt to z, by Simpson's rule. */
  private static double phi(double z) {
    double from = -40;
    if (z <= from) {
      return 0;
    }
    int n = 8000;
    double h = (Math.min(z, 12) - from) / n;
    double sum = 0;
    for (int i = 0; i <= n; i++) {
      double t = from + i * h;
      int weight = i == 0 || i == n ? 1 : i % 2 == 1 ? 4 : 2;
      sum += weight * Math.exp(-t * t / 2);
    }
    return sum * h / 3 / Math.sqrt(2 * Math.PI);
  }

  @Test
  void ofOneDrawTheyAreItsGaussians() {
    Dataset train = line(8);
    try (Bhn model =
        Bhn.of(1, Likelihood.gaussian(1, 0.5))
            .hidden(5)
            .posterior(Posterior.point())
            .standardise(train)
            .seed(3)
            .build(backend)) {
      double sigma = model.predict(X, 1).predictiveStd()[0];
      double[][] q = model.quantiles(X, 1, 0.025, 0.5, 0.8413447460685429);
      float[] mean = model.predict(X, 1).mean();
      for (int i = 0; i < X.length; i++) {
        assertEquals(mean[i] - 1.959963984540054 * sigma, q[0][i], 1e-3);
        assertEquals(mean[i], q[1][i], 1e-3);
        assertEquals(mean[i] + sigma, q[2][i], 1e-3);
      }
    }
  }

  @Test
  void theMixtureHoldsTheShareAskedFor() {
    Dataset train = line(8);
    try (Bhn model = Bhn.regressor(1, 1).hidden(8).standardise(train).seed(3).build(backend)) {
      model.fit(train, Fit.epochs(30).batch(20).learningRate(1e-2));
      double sigma = Math.sqrt(variance(model.predict(X, DRAWS)));
      float[][][] means = model.sampleMeans(X, DRAWS, model.network().seed());
      double[][] q = model.quantiles(X, DRAWS, P);
      for (int i = 0; i < X.length; i++) {
        for (int p = 0; p < P.length; p++) {
          double share = 0;
          for (float[][] draw : means) {
            share += phi((q[p][i] - draw[i][0]) / sigma) / DRAWS;
          }
          assertEquals(P[p], share, 1e-3 * Math.min(P[p], 1 - P[p]), "quantile " + P[p]);
        }
      }
    }
  }

  /** Of the noise alone. */
  private static double variance(Predictive p) {
    return Math.pow(p.predictiveStd()[0], 2) - Math.pow(p.std()[0], 2);
  }

  @Test
  void noiseOfItsOwnForEachDraw() {
    Dataset train = line(30);
    try (Bhn model =
        Bhn.of(1, Likelihood.heteroscedastic(1))
            .hidden(8)
            .standardise(train)
            .seed(5)
            .build(backend)) {
      model.fit(train, Fit.epochs(40).batch(20).learningRate(1e-2));
      Predictive p = model.predict(X, DRAWS);
      double[][] q = model.quantiles(X, DRAWS, 0.05, 0.95);
      double[][] gaussian = p.interval(0.9);
      boolean differs = false;
      for (int i = 0; i < X.length; i++) {
        assertTrue(q[0][i] < p.mean()[i] && p.mean()[i] < q[1][i]);
        double width = gaussian[1][i] - gaussian[0][i];
        assertEquals(width, q[1][i] - q[0][i], 0.2 * width, "of similar width");
        differs |= Math.abs(q[1][i] - gaussian[1][i]) > 1e-3 * width;
      }
      assertTrue(differs, "a mixture is no Gaussian");
    }
  }

  @Test
  void ofCountsTheLeastThatHoldsTheShare() {
    try (Bhn model = Bhn.of(1, Likelihood.poisson(2)).hidden(6).seed(1).build(backend)) {
      float[] x = {-2, 0, 3};
      float[][][] rates = model.sampleMeans(x, DRAWS, 9);
      double[][] q = model.quantiles(x, DRAWS, 9, P);
      for (int i = 0; i < 6; i++) {
        for (int p = 0; p < P.length; p++) {
          double k = q[p][i];
          assertEquals(Math.rint(k), k);
          assertTrue(share(rates, i, k) >= P[p] - 1e-9, k + " holds " + P[p]);
          assertTrue(k == 0 || share(rates, i, k - 1) < P[p] + 1e-9, "and " + k + " − 1 does not");
        }
      }
    }
  }

  private static double share(float[][][] rates, int at, double k) {
    double sum = 0;
    for (float[][] draw : rates) {
      double rate = draw[at / 2][at % 2];
      double logTerm = -rate;
      for (int y = 0; y <= k; logTerm += Math.log(rate / ++y)) {
        sum += Math.exp(logTerm);
      }
    }
    return sum / rates.length;
  }

  @Test
  void drawnBeforeAndInPiecesTheyAreTheSame() {
    try (Bhn model = Bhn.regressor(1, 1).hidden(4).seed(2).build(backend)) {
      int draws = 2000;
      float[] many = new float[3000]; // more than predictions of 2000 draws are kept for
      for (int i = 0; i < many.length; i++) {
        many[i] = i / 500f - 3;
      }
      double[][] q = model.quantiles(many, draws, 7, 0.1, 0.9);
      float[] last = Arrays.copyOfRange(many, 2995, 3000);
      double[][] some = model.quantiles(last, draws, 7, 0.1, 0.9);
      for (int p = 0; p < 2; p++) {
        assertArrayEquals(Arrays.copyOfRange(q[p], 2995, 3000), some[p], 1e-5);
      }
      try (PosteriorSample drawn = model.draw(draws, 7)) {
        assertArrayEquals(some[0], drawn.quantiles(last, 0.1)[0]);
      }
    }
  }

  @Test
  void whatHasNoQuantilesSaysSo() {
    try (Bhn classes = Bhn.classifier(1, 3).hidden(4).build(backend);
        Bhn coins = Bhn.of(1, Likelihood.bernoulli(1)).hidden(4).build(backend);
        Bhn reals = Bhn.regressor(1, 1).hidden(4).build(backend)) {
      assertThrows(UnsupportedOperationException.class, () -> classes.quantiles(X, 3, 0.5));
      assertThrows(UnsupportedOperationException.class, () -> coins.quantiles(X, 3, 0.5));
      for (double bad : new double[] {0, 1, -0.5, Double.NaN}) {
        IllegalArgumentException e =
            assertThrows(IllegalArgumentException.class, () -> reals.quantiles(X, 3, 0.5, bad));
        assertTrue(e.getMessage().startsWith("probabilities[1] = " + bad), e.getMessage());
      }
      assertThrows(IllegalArgumentException.class, () -> reals.quantiles(X, 0, 0.5));
      assertThrows(IllegalArgumentException.class, () -> reals.quantiles(X, 3, (double[]) null));
      assertEquals(0, reals.quantiles(new float[0], 3, 0.5)[0].length);
      assertEquals(0, reals.quantiles(X, 3).length);
    }
  }
}
