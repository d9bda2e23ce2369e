package org.bhn.predict;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Dataset;
import org.bhn.posterior.Posterior;
import org.bhn.tape.Param;
import org.bhn.train.Fit;
import org.bhn.train.TrainingException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Finite inputs that overflow in the network must not look like sure predictions. */
class OverflowTest {
  private static final float[] INPUTS = {0, 0, 0, 0, 0, 0, Float.MAX_VALUE, 1, 0, 0};

  static Stream<Likelihood> likelihoods() {
    return Stream.of(
        Likelihood.categorical(3),
        Likelihood.bernoulli(1),
        Likelihood.poisson(1),
        Likelihood.gaussian(2, 0.1),
        Likelihood.gaussianLearned(1, 1),
        Likelihood.studentT(1, 4),
        Likelihood.heteroscedastic(1));
  }

  /**
   * Nine factors of 3e38 are too much for doubles, too: the last hidden units of row 3 are
   * infinite, and outputs add them up with both signs.
   */
  private static Bhn model(Backend backend, Likelihood likelihood) {
    Bhn model =
        Bhn.of(2, likelihood)
            .hidden(2, 2, 2, 2, 2, 2, 2, 2, 2)
            .bias(false)
            .posterior(Posterior.point())
            .seed(1)
            .build(backend);
    List<Param> params = model.network().params();
    for (int layer = 0; layer < 8; layer++) {
      params.get(layer).set(new double[] {3e38, 3e38, 3e38, 3e38});
    }
    for (Param last : params.subList(8, 10)) {
      double[] signs = new double[last.size()];
      Arrays.setAll(signs, i -> i % 2 == 0 ? 1 : -1);
      last.set(signs);
    }
    return model;
  }

  private static void refused(Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.startsWith("inputs[row 3] gives "), message);
    assertTrue(message.contains("scale the inputs"), message);
  }

  @ParameterizedTest
  @MethodSource("likelihoods")
  void aRowThatOverflowsIsNamed(Likelihood likelihood) {
    try (Backend backend = Backends.best();
        Bhn model = model(backend, likelihood)) {
      refused(() -> model.predict(INPUTS, 5));
      assertEquals(1, model.predict(new float[2], 5).rows(), "the model must live on");
    }
  }

  @Test
  void drawsAndGradientsToo() {
    try (Backend backend = Backends.best();
        Bhn model = model(backend, Likelihood.categorical(3))) {
      refused(() -> model.sampleProbabilities(INPUTS, 5, 1));
      refused(() -> model.inputGradient(INPUTS, new int[5], 5, 1));
      assertEquals(1, model.sampleProbabilities(new float[2], 5, 1).length);
    }
  }

  /** Means of 1e21 are floats, their squared deviations are not. */
  @ParameterizedTest
  @MethodSource("spreads")
  void spreadsThatOverflowAreNamed(Likelihood likelihood) {
    try (Backend backend = Backends.best();
        Bhn model = Bhn.of(1, likelihood).posterior(Posterior.meanField()).seed(1).build(backend)) {
      float[] far = {1e21f};
      String message =
          assertThrows(IllegalArgumentException.class, () -> model.predict(far, 5)).getMessage();
      assertTrue(message.contains("as sum of squared deviations"), message);
      assertEquals(5, model.sampleMeans(far, 5, 1).length, "the draws are finite");
    }
  }

  static Stream<Likelihood> spreads() {
    return Stream.of(Likelihood.gaussian(1, 0.1), Likelihood.gaussianLearned(1, 1));
  }

  @Test
  void noiseThatOverflowsIsNamed() {
    try (Backend backend = Backends.best();
        Bhn model =
            Bhn.of(1, Likelihood.heteroscedastic(1))
                .bias(false)
                .posterior(Posterior.point())
                .build(backend)) {
      model.network().params().get(0).set(new double[] {1, 2}); // mean x, log-variance 2x
      float[] far = {100};
      assertEquals(Math.exp(100), model.predict(far, 1).predictiveStd()[0], 1e-3 * Math.exp(100));
      String message =
          assertThrows(IllegalArgumentException.class, () -> model.predict(new float[] {0, 400}, 1))
              .getMessage();
      assertTrue(message.startsWith("inputs[row 1] gives Infinity as noise variance"), message);
    }
  }

  @Test
  void validationDataAreNamedAsSuch() {
    Dataset train = Dataset.classification(new float[4], 2, new int[] {0, 1}, 3);
    Dataset valid = Dataset.classification(INPUTS, 2, new int[5], 3);
    try (Backend backend = Backends.best();
        Bhn model = model(backend, Likelihood.categorical(3))) {
      String message =
          assertThrows(
                  TrainingException.class, () -> model.fit(train, Fit.epochs(1).validation(valid)))
              .getMessage();
      assertTrue(message.startsWith("validation: inputs[row 3] gives "), message);
    }
  }
}
