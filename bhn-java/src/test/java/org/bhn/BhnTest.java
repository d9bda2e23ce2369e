package org.bhn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Precision;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.predict.Predictive;
import org.bhn.tape.Param;
import org.bhn.train.Fit;
import org.bhn.train.History;
import org.bhn.train.TrainingException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Build, fit, predict: what users do, on the default backend. */
class BhnTest {
  private Backend backend;

  @BeforeEach
  void open() {
    backend = Backends.best();
  }

  @AfterEach
  void close() {
    backend.close();
  }

  static Stream<Posterior> posteriors() {
    return Stream.of(
        Posterior.weightNorm(Flows.iaf(2).hidden(16)),
        Posterior.weightNorm(Flows.coupling(2).hidden(16)),
        Posterior.weightNorm(Flows.affine()),
        Posterior.full(Flows.coupling(2).hidden(16)),
        Posterior.meanField(),
        Posterior.dropout(0.2),
        Posterior.point());
  }

  private Bhn classifier(Posterior posterior) {
    return Bhn.classifier(2, 3).hidden(16, 16).posterior(posterior).seed(5).build(backend);
  }

  @Test
  void aModelThatDoesNotFitTheDeviceIsGivenBack() {
    HeldMemory memory = new HeldMemory();
    Backend small = memory.of(backend);
    BhnBuilder builder =
        Bhn.classifier(2, 3).hidden(4).posterior(Posterior.weightNorm(Flows.iaf(1).hidden(5)));
    int fits = 0;
    for (boolean built = false; !built; fits++) {
      memory.fail("allocate", fits);
      try (Bhn model = builder.build(small)) {
        built = true;
      } catch (OutOfMemoryError e) {
        assertEquals(0, memory.tensors(), "after " + fits + " allocations");
      }
    }
    assertTrue(fits > 10, "a model of " + fits + " tensors");
    assertEquals(0, memory.tensors());
  }

  @Test
  void modelsOfOneBackendTrainAtOnce() throws Exception {
    Dataset data = TestData.blobs(60, 3, 1);
    List<Callable<float[]>> trainings = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      trainings.add(
          () -> {
            try (Bhn model = classifier(Posterior.weightNorm(Flows.iaf(2).hidden(16)))) {
              model.fit(data, Fit.epochs(8).validation(data));
              return model.predict(data.inputs(), 9).mean();
            }
          });
    }
    float[] alone = trainings.get(0).call();
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      for (Future<float[]> means : threads.invokeAll(trainings)) {
        assertArrayEquals(alone, means.get());
      }
    }
  }

  @Test
  void dataThatDoNotFitTheDeviceAreGivenBack() {
    HeldMemory memory = new HeldMemory();
    try (Bhn model = Bhn.classifier(2, 3).hidden(4).build(memory.of(backend))) {
      int before = memory.tensors();
      memory.fail("allocate", 1); // inputs fit, labels do not
      assertThrows(OutOfMemoryError.class, () -> model.elbo(TestData.blobs(9, 3, 1), 2));
      assertEquals(before, memory.tensors());
    }
  }

  @Test
  void fastPredictionsAreNearStrictOnes() {
    Dataset train = TestData.blobs(300, 3, 1);
    try (Bhn model = classifier(Posterior.weightNorm(Flows.iaf(2).hidden(16)))) {
      model.fit(train, Fit.epochs(20).batch(32).learningRate(5e-3));
      float[] strict = model.predict(train.inputs(), 20).mean();
      float[] fast = model.precision(Precision.FAST).predict(train.inputs(), 20).mean();
      for (int i = 0; i < strict.length; i++) {
        // Two layers of bf16 move a logit by some hundredths, a probability by a quarter of that.
        assertEquals(strict[i], fast[i], 0.05);
      }
      assertArrayEquals(
          strict, model.precision(Precision.STRICT).predict(train.inputs(), 20).mean());
      assertThrows(IllegalArgumentException.class, () -> model.precision(null));
    }
  }

  @ParameterizedTest
  @MethodSource("posteriors")
  void everyPosteriorLearnsBlobs(Posterior posterior) {
    Dataset train = TestData.blobs(300, 3, 1);
    Dataset test = TestData.blobs(200, 3, 2);
    try (Bhn model = classifier(posterior)) {
      History history = model.fit(train, Fit.epochs(40).batch(32).learningRate(5e-3).klWarmup(0.5));
      assertEquals(40, history.epochs().size());
      Predictive p = model.predict(test.inputs(), 30);
      int right = 0;
      int[] predicted = p.labels();
      for (int i = 0; i < test.rows(); i++) {
        right += predicted[i] == test.label(i) ? 1 : 0;
      }
      assertTrue(right > 190, right + " of 200 right");
      double[] entropy = p.entropy();
      double[] expected = p.expectedEntropy();
      double[] information = p.mutualInformation();
      for (int i = 0; i < entropy.length; i++) {
        assertTrue(entropy[i] >= -1e-6 && entropy[i] <= Math.log(3) + 1e-6);
        assertTrue(information[i] >= 0 && entropy[i] + 1e-5 >= expected[i]);
      }
      assertEquals(posterior instanceof Posterior.Point ? 1 : 30, p.samples());
    }
  }

  @Test
  void predictionsDoNotDependOnHowInputsAreCut() {
    Dataset data = TestData.blobs(70, 3, 4);
    for (Posterior posterior :
        List.of(Posterior.weightNorm(Flows.iaf(1).hidden(8)), Posterior.dropout(0.5))) {
      try (Bhn model = classifier(posterior)) {
        float[] all = model.predict(data.inputs(), 37).mean();
        float[] first = model.predict(Arrays.copyOf(data.inputs(), 2 * 20), 37).mean();
        for (int i = 0; i < first.length; i++) {
          assertEquals(all[i], first[i], 1e-6);
        }
      }
    }
  }

  @Test
  void manyThreadsPredictAtOnceWithTheSameResult() throws Exception {
    Dataset data = TestData.blobs(50, 3, 4);
    try (Bhn model = classifier(Posterior.weightNorm(Flows.iaf(2).hidden(16)));
        ExecutorService pool = Executors.newFixedThreadPool(8)) {
      model.fit(data, Fit.epochs(3));
      float[] expected = model.predict(data.inputs(), 20).mean();
      List<Future<float[]>> results = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        Callable<float[]> call = () -> model.predict(data.inputs(), 20).mean();
        results.add(pool.submit(call));
      }
      for (Future<float[]> result : results) {
        assertArrayEquals(expected, result.get());
      }
    }
  }

  @Test
  void sameSeedGivesTheSameBits() {
    Dataset data = TestData.blobs(90, 3, 4);
    float[][] runs = new float[2][];
    for (int run = 0; run < 2; run++) {
      try (Bhn model = classifier(Posterior.weightNorm(Flows.iaf(2).hidden(16)))) {
        model.fit(data, Fit.epochs(4).batch(32).samples(2));
        runs[run] = model.predict(data.inputs(), 10).mean();
      }
    }
    assertArrayEquals(runs[0], runs[1]);
  }

  @Test
  void perExampleNoiseTrains() {
    Dataset data = TestData.blobs(120, 3, 4);
    try (Bhn model = classifier(Posterior.weightNorm(Flows.iaf(1).hidden(8)))) {
      History history = model.fit(data, Fit.epochs(20).batch(32).perExample(true));
      assertTrue(history.last().logLikelihood() > history.epochs().get(0).logLikelihood());
    }
  }

  @Test
  void regressionIntervalsCoverTheData() {
    Dataset train = TestData.sine(200, 0.2, 1);
    Dataset test = TestData.sine(400, 0.2, 2);
    for (Likelihood likelihood :
        List.of(Likelihood.gaussianLearned(1, 1), Likelihood.heteroscedastic(1))) {
      try (Bhn model =
          Bhn.of(1, likelihood)
              .hidden(32)
              .posterior(Posterior.weightNorm(Flows.iaf(2).hidden(16)))
              .seed(1)
              .build(backend)) {
        model.fit(train, Fit.epochs(600).batch(50).learningRate(1e-2).decay(0.1).klWarmup(0.3));
        double[][] interval = model.predict(test.inputs(), 100).interval(0.9);
        int inside = 0;
        for (int i = 0; i < test.rows(); i++) {
          double y = test.targets()[i];
          inside += y >= interval[0][i] && y <= interval[1][i] ? 1 : 0;
        }
        assertTrue(inside > 0.82 * 400 && inside < 0.96 * 400, inside + " of 400: " + likelihood);
      }
    }
  }

  @Test
  void validationKeepsTheBestSnapshotAndPatienceStops() {
    Dataset train = TestData.blobs(60, 3, 1);
    Dataset valid = TestData.blobs(200, 3, 9);
    try (Bhn model = classifier(Posterior.point())) {
      History history =
          model.fit(
              train, Fit.epochs(400).batch(8).learningRate(0.02).validation(valid).patience(5));
      assertTrue(history.stoppedEarly());
      double best = history.epochs().get(history.bestEpoch()).validationLogLik();
      float[] scores = model.evaluate(valid, 20).logPredictive();
      double mean = 0;
      for (float s : scores) {
        mean += s / scores.length;
      }
      assertEquals(best, mean, 1e-5);
    }
  }

  @Test
  void aValueThatIsNotFiniteStopsTheTrainingAndIsNamed() {
    Dataset data = TestData.sine(64, 0.1, 3);
    try (Bhn model =
        Bhn.of(1, Likelihood.gaussian(1, 0.1))
            .hidden(8)
            .posterior(Posterior.point())
            .build(backend)) {
      Param weight = model.network().params().get(1);
      double[] values = weight.get();
      values[3] = Double.NaN;
      weight.set(values);
      TrainingException e =
          assertThrows(TrainingException.class, () -> model.fit(data, Fit.epochs(3)));
      assertTrue(e.getMessage().contains("step 1"), e.getMessage());
      assertTrue(e.getMessage().contains(weight.name()), e.getMessage());
      assertTrue(e.getMessage().contains("[0, 3]"), e.getMessage());

      values[3] = 0;
      weight.set(values);
      History again = model.fit(data, Fit.epochs(1));
      assertTrue(
          Double.isFinite(again.epochs().get(0).logLikelihood()), "a new training starts clean");
      assertNotEquals(values[0], weight.get()[0]);
    }
  }

  @Test
  void wrongUseIsExplained() {
    try (Bhn model = classifier(Posterior.point())) {
      Dataset wide = Dataset.classification(new float[9], 3, new int[3], 3);
      Dataset real = Dataset.regression(new float[4], 2, new float[2], 1);
      explains("columns", () -> model.fit(wide, Fit.epochs(1)));
      explains("labels", () -> model.fit(real, Fit.epochs(1)));
      explains("inputs", () -> model.predict(new float[3], 1));
      explains("samples", () -> model.predict(new float[2], 0));
      explains("epochs = 0 must be in [1, 16777216]", () -> Fit.epochs(0));
      explains("NaN", () -> model.predict(new float[] {0, Float.NaN}, 1));
      assertThrows(UnsupportedOperationException.class, () -> model.elbo(wide(), 1));
      assertThrows(
          UnsupportedOperationException.class,
          () -> model.predict(new float[2], 1).predictiveStd());
    }
    Bhn closed = classifier(Posterior.point());
    closed.close();
    closed.close();
    assertThrows(IllegalStateException.class, () -> closed.predict(new float[2], 1));
  }

  private static Dataset wide() {
    return Dataset.classification(new float[6], 2, new int[3], 3);
  }

  private static void explains(String word, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(word), message);
  }
}
