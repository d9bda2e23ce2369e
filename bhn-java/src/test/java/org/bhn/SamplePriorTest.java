package org.bhn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.Stream;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.bayes.Likelihood;
import org.bhn.bayes.Prior;
import org.bhn.bayes.Priors;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.train.Fit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** y = w x + b: under w, b ~ p the mean is 0 and the variance (1 + x²) Var p. */
class SamplePriorTest {
  private static final int DRAWS = 20_000;
  private static final float[] X = {0, 1, -3};

  private Backend backend;

  @BeforeEach
  void open() {
    backend = Backends.best();
  }

  @AfterEach
  void close() {
    backend.close();
  }

  static Stream<Arguments> priors() {
    return Stream.of(
        Arguments.of(Priors.normal(0.7), 0, 0.49, 3),
        Arguments.of(Priors.normal(2, 0.5), 2, 0.25, 3),
        Arguments.of(Priors.laplace(0.6), 0, 0.72, 6),
        Arguments.of(Priors.mixture(0.25, 2, 0.1), 0, 1.0075, 11.7));
  }

  private Bhn line(Prior prior) {
    return Bhn.of(1, Likelihood.gaussian(1, 0.1))
        .posterior(Posterior.full(Flows.iaf(2).hidden(8)))
        .prior(prior)
        .seed(1)
        .build(backend);
  }

  /** Within four standard errors; that of a variance is √((κ − 1) / S), κ at most that of p. */
  @ParameterizedTest
  @MethodSource("priors")
  void functionsHaveTheMomentsOfThePrior(
      Prior prior, double mean, double variance, double kurtosis) {
    try (Bhn model = line(prior)) {
      Dataset data = Dataset.regression(new float[] {0, 1}, 1, new float[] {5, 6}, 1);
      model.fit(data, Fit.epochs(30).batch(2).learningRate(1e-2));
      float[][][] drawn = model.samplePrior(X, DRAWS, 3);
      for (int i = 0; i < X.length; i++) {
        double sum = 0;
        double squares = 0;
        for (float[][] draw : drawn) {
          sum += draw[i][0];
          squares += draw[i][0] * (double) draw[i][0];
        }
        double m = sum / DRAWS;
        double v = squares / DRAWS - m * m;
        double expected = variance * (1 + X[i] * X[i]);
        assertEquals(mean * (1 + X[i]), m, 4 * Math.sqrt(expected / DRAWS), "mean at " + X[i]);
        assertEquals(expected, v, 4 * expected * Math.sqrt((kurtosis - 1) / DRAWS), "at " + X[i]);
      }
    }
  }

  @Test
  void oneSeedIsOneSetOfFunctionsHoweverManyRows() {
    try (Bhn model =
        Bhn.classifier(1, 3).hidden(6).prior(Priors.normal(1)).seed(4).build(backend)) {
      float[][][] all = model.samplePrior(X, 50, 8);
      float[][][] one = model.samplePrior(new float[] {X[2]}, 50, 8);
      for (int s = 0; s < 50; s++) {
        assertArrayEquals(all[s][2], one[s][0], 1e-5f);
        assertEquals(1, all[s][0][0] + all[s][0][1] + all[s][0][2], 1e-5);
      }
      assertTrue(Math.abs(model.samplePrior(X, 1, 9)[0][2][0] - all[0][2][0]) > 1e-4);
    }
  }

  @Test
  void whatHasNoRandomWeightsSaysSo() {
    for (Posterior none : new Posterior[] {Posterior.point(), Posterior.dropout(0.5)}) {
      try (Bhn model = Bhn.regressor(1, 1).hidden(4).posterior(none).build(backend)) {
        assertThrows(UnsupportedOperationException.class, () -> model.samplePrior(X, 2, 0));
      }
    }
  }
}
