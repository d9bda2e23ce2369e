package org.bhn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Device;
import org.bhn.bayes.Elbo;
import org.bhn.bayes.Likelihood;
import org.bhn.bayes.TargetDistribution;
import org.bhn.data.Dataset;
import org.bhn.data.Scaling;
import org.bhn.data.Standardizer;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.predict.InputGradient;
import org.bhn.predict.Predictive;
import org.bhn.predict.Predictor;
import org.bhn.tape.Param;
import org.bhn.train.Fit;
import org.bhn.train.History;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A model that standardises its data is one of standardised data, and speaks in the data's units.
 */
class StandardisedModelTest {
  private static final int SAMPLES = 12;
  private static final double[] TARGET_UNIT = {40, 1e-3};

  @TempDir Path directory;
  private Backend backend;

  @BeforeEach
  void open() {
    backend = Backends.best();
  }

  @AfterEach
  void close() {
    backend.close();
  }

  static Stream<Likelihood> likelihoods() {
    return Stream.of(
        Likelihood.gaussianLearned(2, 0.5),
        Likelihood.heteroscedastic(2),
        Likelihood.studentT(2, 4));
  }

  /** Inputs near 1e4 and 1e-3, targets with means and spreads of their own. */
  private static Dataset raw(int rows, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] x = new float[2 * rows];
    float[] y = new float[2 * rows];
    for (int i = 0; i < rows; i++) {
      double a = random.nextGaussian();
      double b = random.nextGaussian();
      x[2 * i] = (float) (1e4 + 20 * a);
      x[2 * i + 1] = (float) (1e-3 * b);
      y[2 * i] = (float) (-500 + TARGET_UNIT[0] * (Math.sin(a) + 0.1 * random.nextGaussian()));
      y[2 * i + 1] = (float) (TARGET_UNIT[1] * (a * b + 0.1 * random.nextGaussian()));
    }
    return Dataset.regression(x, 2, y, 2);
  }

  private Bhn model(Likelihood likelihood, Scaling scaling) {
    return Bhn.of(2, likelihood)
        .hidden(8)
        .posterior(Posterior.weightNorm(Flows.iaf(2).hidden(6)))
        .scaling(scaling)
        .seed(4)
        .build(backend);
  }

  @ParameterizedTest
  @MethodSource("likelihoods")
  void isTheModelOfStandardisedData(Likelihood likelihood) {
    Dataset train = raw(90, 1);
    Dataset test = raw(30, 2);
    Scaling scaling = Scaling.of(train);
    Standardizer targets = scaling.targets().orElseThrow();
    try (Bhn plain = model(likelihood, Scaling.NONE);
        Bhn model = model(likelihood, scaling)) {
      Dataset scaled = scaling.apply(test);
      Fit fit = Fit.epochs(4).batch(20);
      History expected = plain.fit(scaling.apply(train), fit.validation(scaled));
      History history = model.fit(train, Fit.epochs(4).batch(20).validation(test));
      for (int i = 0; i < plain.network().params().size(); i++) {
        Param param = plain.network().params().get(i);
        assertArrayEquals(param.get(), model.network().params().get(i).get(), param.name());
      }

      Predictive z = plain.predict(scaled.inputs(), SAMPLES);
      Predictive p = model.predict(test.inputs(), SAMPLES);
      assertArrayEquals(targets.invert(z.mean()), p.mean(), 1e-4f);
      for (int i = 0; i < z.std().length; i++) {
        double unit = targets.std()[i % 2];
        assertEquals(unit * z.std()[i], p.std()[i], 1e-5 * unit);
        assertEquals(unit * z.predictiveStd()[i], p.predictiveStd()[i], 1e-6 * unit);
      }
      double[][] quantiles = plain.quantiles(scaled.inputs(), SAMPLES, 0.05, 0.95);
      double[][] own = model.quantiles(test.inputs(), SAMPLES, 0.05, 0.95);
      for (int end = 0; end < 2; end++) {
        assertArrayEquals(targets.invert(quantiles[end]), own[end], 1e-4);
        if (likelihood.distribution().orElseThrow() == TargetDistribution.GAUSSIAN) {
          assertArrayEquals(targets.invert(z.interval(0.9)[end]), p.interval(0.9)[end], 1e-9);
        }
      }

      double unit = Math.log(targets.std()[0]) + Math.log(targets.std()[1]);
      Predictor.Result scores = model.evaluate(test, SAMPLES);
      float[] logLik = plain.evaluate(scaled, SAMPLES).logPredictive();
      for (int i = 0; i < logLik.length; i++) {
        assertEquals(logLik[i] - unit, scores.logPredictive()[i], 1e-5);
      }
      Elbo elbo = model.elbo(test, SAMPLES);
      Elbo one = plain.elbo(scaled, SAMPLES);
      assertEquals(one.logLikelihood() - 30 * unit, elbo.logLikelihood(), 1e-3);
      assertEquals(one.kl(), elbo.kl());
      assertEquals(one.standardError(), elbo.standardError(), 1e-6);
      assertEquals(expected.last().elbo() - 90 * unit, history.last().elbo(), 1e-3);
      assertEquals(
          expected.last().validationLogLik() - unit, history.last().validationLogLik(), 1e-5);
    }
  }

  @ParameterizedTest
  @MethodSource("likelihoods")
  void reloadsWithItsUnits(Likelihood likelihood) {
    Dataset train = raw(60, 3);
    Path file = directory.resolve("model.safetensors");
    try (Bhn model = model(likelihood, Scaling.of(train))) {
      model.fit(train, Fit.epochs(2));
      model.save(file);
      try (Bhn loaded = Bhn.load(file, backend);
          PosteriorSample drawn = loaded.draw(SAMPLES)) {
        float[] expected = model.predict(train.inputs(), SAMPLES).mean();
        assertArrayEquals(expected, loaded.predict(train.inputs(), SAMPLES).mean());
        assertArrayEquals(expected, drawn.predict(train.inputs()).mean());
        assertEquals(model.network().scaling().toMap(), loaded.network().scaling().toMap());
      }
    }
  }

  /** The mean over the functions drawn is the mean predicted, and their spread its deviation. */
  @ParameterizedTest
  @MethodSource("likelihoods")
  void functionsAreDrawnInTheUnitsOfTheTargets(Likelihood likelihood) {
    Dataset train = raw(60, 3);
    try (Bhn model = model(likelihood, Scaling.of(train))) {
      Predictive p = model.predict(train.inputs(), SAMPLES, 9);
      float[][][] functions = model.sampleMeans(train.inputs(), SAMPLES, 9);
      assertEquals(SAMPLES, functions.length);
      for (int n = 0; n < train.rows(); n++) {
        for (int o = 0; o < 2; o++) {
          double mean = 0;
          double squares = 0;
          for (float[][] function : functions) {
            mean += function[n][o] / (double) SAMPLES;
          }
          for (float[][] function : functions) {
            squares += Math.pow(function[n][o] - mean, 2) / SAMPLES;
          }
          assertEquals(p.mean()[2 * n + o], mean, 1e-5 * (500 * (1 - o) + TARGET_UNIT[o]));
          assertEquals(p.std()[2 * n + o], Math.sqrt(squares), 1e-3 * TARGET_UNIT[o]);
        }
      }
    }
  }

  @Test
  void coinsKeepTheirTargets() {
    Dataset data =
        Dataset.regression(new float[] {100, 110, 120, 130}, 1, new float[] {0, 0, 1, 1}, 1);
    try (Bhn model =
        Bhn.of(1, Likelihood.bernoulli(1)).hidden(4).standardise(data).build(backend)) {
      assertTrue(model.network().scaling().targets().isEmpty());
      assertEquals(115, model.network().scaling().inputs().orElseThrow().mean()[0], 1e-9);
      float[] mean = model.predict(data.inputs(), SAMPLES).mean();
      float[][][] coins = model.sampleMeans(data.inputs(), SAMPLES, 0);
      for (int n = 0; n < 4; n++) {
        double sum = 0;
        for (float[][] draw : coins) {
          assertTrue(draw[n][0] > 0 && draw[n][0] < 1, "a probability: " + draw[n][0]);
          sum += draw[n][0];
        }
        assertEquals(sum / SAMPLES, mean[n], 1e-6);
      }
    }
  }

  @Test
  void coinsOfOtherValuesAreRefused() {
    Dataset signs = Dataset.regression(new float[2], 1, new float[] {1, -1}, 1);
    try (Bhn model = Bhn.of(1, Likelihood.bernoulli(1)).build(backend)) {
      explains("train: row 1, target 0 is -1.0", () -> model.fit(signs, Fit.epochs(1)));
      explains("data: row 1, target 0 is -1.0", () -> model.evaluate(signs, 1));
    }
  }

  @Test
  void coinsThatAreSureAreDrawnAsTheyArePredicted() {
    try (Bhn model =
        Bhn.of(1, Likelihood.bernoulli(1))
            .bias(false)
            .posterior(Posterior.point())
            .build(backend)) {
      model.network().params().get(0).set(new double[] {Float.MAX_VALUE});
      float[] far = {-2, 2};
      assertArrayEquals(new float[] {0, 1}, model.predict(far, 1).mean());
      float[][] drawn = model.sampleMeans(far, 1, 0)[0];
      assertArrayEquals(new float[] {0, 1}, new float[] {drawn[0][0], drawn[1][0]});
    }
  }

  /** Against differences of log predictive probabilities, an input at a time. */
  @Test
  void gradientsAreByTheInputsAsTheyAreGiven() {
    Dataset blobs = TestData.blobs(40, 3, 5);
    float[] x = blobs.inputs();
    for (int i = 0; i < x.length; i++) {
      x[i] = i % 2 == 0 ? 300 + 50 * x[i] : 0.01f * x[i];
    }
    Dataset data = Dataset.classification(x, 2, blobs.labels(), 3);
    try (Backend exact = Backends.open(Device.JAVA);
        Bhn model =
            Bhn.classifier(2, 3)
                .hidden(6)
                .activation(Activation.TANH)
                .standardise(data)
                .seed(2)
                .build(exact)) {
      model.fit(data, Fit.epochs(3));
      InputGradient gradient = model.inputGradient(x, data.labels(), SAMPLES, 2);
      double[] values = gradient.values();
      for (int c = 0; c < 2; c++) {
        float step = c == 0 ? 0.5f : 1e-4f;
        float[] up = x.clone();
        float[] down = x.clone();
        for (int i = c; i < x.length; i += 2) {
          up[i] += step;
          down[i] -= step;
        }
        float[] above = logLik(model, up, data);
        float[] below = logLik(model, down, data);
        for (int n = 0; n < data.rows(); n++) {
          double width = (double) up[2 * n + c] - down[2 * n + c];
          double numeric = (above[n] - below[n]) / width;
          assertEquals(numeric * step, values[2 * n + c] * step, 2e-6, "row " + n + " input " + c);
        }
      }
    }
  }

  private static float[] logLik(Bhn model, float[] x, Dataset data) {
    return model.evaluate(Dataset.classification(x, 2, data.labels(), 3), SAMPLES).logPredictive();
  }

  @Test
  void wrongUnitsAreExplained() {
    Scaling wide = Scaling.of(Dataset.regression(new float[6], 3, new float[2], 1));
    explains("3 columns of inputs", () -> model(Likelihood.gaussian(2, 1), wide));
    Scaling narrow = Scaling.of(Dataset.regression(new float[4], 2, new float[2], 1));
    explains("1 columns of targets", () -> model(Likelihood.gaussian(2, 1), narrow));
    int many = (1 << 17) + 1;
    Standardizer wider = Standardizer.fit(new float[many], many);
    explains(
        "131073 columns are more",
        () -> Bhn.regressor(many, 1).scaling(new Scaling(Optional.of(wider), Optional.empty())));
    explains("scaling is null", () -> model(Likelihood.gaussian(2, 1), null));
    explains("data has no rows", () -> Bhn.regressor(1, 1).standardise(raw(3, 1).take(0)));
    try (Bhn model =
        model(
            Likelihood.gaussian(2, 1),
            new Scaling(Optional.empty(), Scaling.of(raw(9, 1)).targets()))) {
      assertEquals(4, model.predict(new float[4], 1).mean().length);
    }
    try (Bhn model = Bhn.classifier(2, 3).build(backend)) {
      assertTrue(
          assertThrows(
                  UnsupportedOperationException.class, () -> model.sampleMeans(new float[2], 1, 0))
              .getMessage()
              .contains("sampleProbabilities"));
    }
  }

  private static void explains(String word, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(word), message);
  }
}
