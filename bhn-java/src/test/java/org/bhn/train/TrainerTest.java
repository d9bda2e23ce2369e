package org.bhn.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bhn.Bhn;
import org.bhn.TestData;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.JavaBackend;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a training stops, which epoch is its best, and what it starts from. */
class TrainerTest {
  private Backend backend;

  @BeforeEach
  void open() {
    backend = JavaBackend.open();
  }

  @AfterEach
  void close() {
    backend.close();
  }

  private Bhn model() {
    return Bhn.classifier(2, 3)
        .hidden(6)
        .posterior(Posterior.weightNorm(Flows.iaf(1).hidden(6)))
        .seed(5)
        .build(backend);
  }

  private static double[][] values(Bhn model) {
    return model.network().params().stream().map(p -> p.get()).toArray(double[][]::new);
  }

  private History still(Fit fit) {
    try (Bhn model = model()) {
      Dataset valid = TestData.blobs(12, 3, 2);
      return model.fit(TestData.blobs(12, 3, 1), fit.learningRate(0.0).validation(valid));
    }
  }

  /** Nothing changes, so the first validation stays the best. */
  @Test
  void patienceCountsValidations() {
    History history = still(Fit.epochs(20).patience(2));
    assertEquals(3, history.epochs().size());
    assertEquals(0, history.bestEpoch());
    assertTrue(history.stoppedEarly());
    history = still(Fit.epochs(20).patience(2).validationEvery(2));
    assertEquals(1, history.bestEpoch());
    assertEquals(6, history.epochs().size());
  }

  @Test
  void theLastEpochIsValidatedToo() {
    History history = still(Fit.epochs(3).validationEvery(2));
    assertTrue(Double.isNaN(history.epochs().get(0).validationLogLik()));
    assertFalse(Double.isNaN(history.epochs().get(1).validationLogLik()));
    assertFalse(Double.isNaN(history.epochs().get(2).validationLogLik()));
  }

  @Test
  void whatWasAskedForAtTheEndStopsNothingEarly() {
    assertFalse(still(Fit.epochs(1).stopWhen(() -> true)).stoppedEarly());
    assertTrue(still(Fit.epochs(2).stopWhen(() -> true)).stoppedEarly());
  }

  /** Nothing changes, so that all steps have the same log-determinant. */
  @Test
  void whatAnEpochCameToLosesNothingOfManySteps() {
    Dataset data = TestData.blobs(20_000, 3, 1);
    try (Backend best = Backends.best();
        Bhn model = Bhn.classifier(2, 3).hidden(20).posterior(Posterior.meanField()).build(best)) {
      Epoch epoch = model.fit(data, Fit.epochs(1).batch(1).learningRate(0.0)).last();
      assertEquals(model.elbo(data.take(1), 2).logDet(), epoch.logDet(), 1e-3);
    }
    try (Backend best = Backends.best();
        Bhn model = Bhn.classifier(2, 3).hidden(20).posterior(Posterior.point()).build(best)) {
      Epoch epoch = model.fit(data, Fit.epochs(1).batch(1).learningRate(0.0)).last();
      double sum = 0;
      for (float logDensity : model.evaluate(data, 1).logPredictive()) {
        sum += logDensity;
      }
      assertEquals(sum / data.rows(), epoch.logLikelihood(), 1e-7);
    }
  }

  @Test
  void ofEquallyAccurateEpochsTheMoreProbableIsKept() {
    try (Bhn model = model()) {
      Dataset data = TestData.blobs(90, 3, 1);
      History history =
          model.fit(
              data,
              Fit.epochs(30)
                  .batch(30)
                  .learningRate(0.02)
                  .validation(data)
                  .select(Fit.Selection.ACCURACY, true));
      double most =
          history.epochs().stream().mapToDouble(Epoch::validationAccuracy).max().orElseThrow();
      Epoch expected =
          history.epochs().stream()
              .filter(e -> e.validationAccuracy() == most)
              .max((a, b) -> Double.compare(a.validationLogLik(), b.validationLogLik()))
              .orElseThrow();
      assertEquals(expected.epoch(), history.bestEpoch());
      assertTrue(history.epochs().stream().filter(e -> e.validationAccuracy() == most).count() > 2);
    }
  }

  /**
   * Nothing changes, so the first epoch that may be the best one is, and patience counts from it.
   */
  @Test
  void epochsOfTheWarmUpAreNeverTheBest() {
    History history = still(Fit.epochs(20).klWarmup(0.5).patience(2));
    assertEquals(10, history.bestEpoch());
    assertEquals(1, history.epochs().get(10).klWeight());
    assertTrue(history.epochs().get(9).klWeight() < 1);
    assertEquals(13, history.epochs().size());
    history = still(Fit.epochs(20).klWarmup(0.5).stopWhen(() -> true));
    assertEquals(-1, history.bestEpoch());
  }

  @Test
  void whatCannotJudgeIsRefused() {
    Dataset data = Dataset.regression(new float[] {1, 2}, 1, new float[] {1, 2}, 1);
    try (Bhn regressor = Bhn.regressor(1, 1).build(backend)) {
      refused("patience = 3 needs data", () -> regressor.fit(data, Fit.epochs(9).patience(3)));
      Fit byAccuracy = Fit.epochs(9).validation(data).select(Fit.Selection.ACCURACY, true);
      refused("needs class labels", () -> regressor.fit(data, byAccuracy));
    }
  }

  private static void refused(String words, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(words), message);
  }

  @Test
  void anInterruptEndsItBeforeTheNextStepAndStays() {
    try (Bhn model = model()) {
      Dataset data = TestData.blobs(12, 3, 1);
      double[][] seen = new double[1][];
      Listener interrupting =
          new Listener() {
            @Override
            public void onStep(int epoch, int step, int steps) {
              if (epoch == 1 && step == 1) {
                seen[0] = values(model)[0];
                Thread.currentThread().interrupt();
              }
            }

            @Override
            public void onEpoch(Epoch epoch) {}
          };
      String message =
          assertThrows(
                  CancellationException.class,
                  () -> model.fit(data, Fit.epochs(9).batch(4).listener(interrupting)))
              .getMessage();
      assertTrue(Thread.interrupted());
      assertTrue(message.contains("interrupted in epoch 1 before step 2"), message);
      assertArrayEquals(seen[0], values(model)[0]);
      model.fit(data, Fit.epochs(1));
    }
  }

  /** The checkpoint is whole, and the training goes on from it. */
  @Test
  void anInterruptBeforeTheCheckpointIsWrittenEndsItToo(@TempDir Path directory) {
    Path file = directory.resolve("checkpoint.safetensors");
    Dataset data = TestData.blobs(12, 3, 1);
    try (Bhn model = model()) {
      Listener interrupting =
          new Listener() {
            @Override
            public void onStep(int epoch, int step, int steps) {
              if (epoch == 1 && step == steps - 1) {
                Thread.currentThread().interrupt();
              }
            }

            @Override
            public void onEpoch(Epoch epoch) {}
          };
      Fit fit = Fit.epochs(4).batch(4).checkpoint(file, 1);
      assertThrows(CancellationException.class, () -> model.fit(data, fit.listener(interrupting)));
      assertThrows(CancellationException.class, () -> model.fit(data, fit));
      assertTrue(Thread.interrupted());
      List<Integer> epochs = new ArrayList<>();
      Fit again = Fit.epochs(4).batch(4).checkpoint(file, 1).listener(e -> epochs.add(e.epoch()));
      model.fit(data, again);
      assertEquals(List.of(1, 2, 3), epochs);
    }
  }

  @Test
  void closingByAnotherThreadEndsIt() throws Exception {
    Bhn model = model();
    CountDownLatch started = new CountDownLatch(1);
    Fit forever = Fit.epochs(1 << 20).listener(epoch -> started.countDown());
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      Future<History> training = threads.submit(() -> model.fit(TestData.blobs(12, 3, 1), forever));
      started.await();
      model.close();
      Throwable cause = assertThrows(ExecutionException.class, training::get).getCause();
      assertTrue(cause instanceof CancellationException, cause.toString());
      assertTrue(cause.getMessage().contains("the model was closed"), cause.getMessage());
    }
  }

  @Test
  void aListenerNeitherClosesNorTrainsItsModel() {
    try (Bhn model = model()) {
      Dataset data = TestData.blobs(12, 3, 1);
      for (Runnable call : List.<Runnable>of(model::close, () -> model.fit(data, Fit.epochs(1)))) {
        Fit fit = Fit.epochs(2).listener(epoch -> call.run());
        String message =
            assertThrows(IllegalStateException.class, () -> model.fit(data, fit)).getMessage();
        assertTrue(message.contains("by a listener"), message);
      }
      model.fit(data, Fit.epochs(1));
    }
  }

  /** Listeners are told of the end whatever others throw, and the first cause comes first. */
  @Test
  void theEndIsToldToAll() {
    List<String> told = new ArrayList<>();
    try (Bhn model = model()) {
      Fit fit = Fit.epochs(2);
      for (String name : List.of("first", "second")) {
        fit.listener(
            new Listener() {
              @Override
              public void onEpoch(Epoch epoch) {
                fit.listener(e -> {}); // for the next training
                throw new IllegalStateException("in " + name);
              }

              @Override
              public void onEnd() {
                told.add(name);
                throw new IllegalArgumentException("end of " + name);
              }
            });
      }
      IllegalStateException thrown =
          assertThrows(IllegalStateException.class, () -> model.fit(TestData.blobs(12, 3, 1), fit));
      assertEquals("in first", thrown.getMessage(), "and not of the end");
      assertEquals(2, thrown.getSuppressed().length);
      assertEquals(List.of("first", "second"), told);
    }
  }

  private static Dataset normal(int rows, int plain, double scale) {
    Random random = new Random(3);
    float[] x = new float[2 * rows];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) ((i < 2 * plain ? 1 : scale) * random.nextGaussian());
    }
    int[] y = new int[rows];
    Arrays.setAll(y, i -> i % 3);
    return Dataset.classification(x, 2, y, 3);
  }

  private Fit initialising() {
    return Fit.epochs(1).batch(1000).learningRate(0.0).initialise(true);
  }

  @Test
  void dataAreLookedAtBeforeTheFirstTrainingOnly() {
    try (Bhn model = model()) {
      double[][] fresh = values(model);
      model.fit(normal(60, 60, 1), initialising());
      double[][] first = values(model);
      assertFalse(Arrays.deepEquals(fresh, first), "initialised");
      model.fit(normal(60, 0, 7), initialising());
      for (int i = 0; i < first.length; i++) {
        assertArrayEquals(first[i], values(model)[i]);
      }
    }
  }

  /** Rows that are sorted must not make the first ones speak for all. */
  @Test
  void theRowsOfTheInitialisationAreDrawnFromAll() {
    try (Bhn one = model();
        Bhn other = model()) {
      one.fit(normal(1000, 1000, 1), initialising());
      other.fit(normal(1000, 256, 10), initialising());
      assertFalse(Arrays.deepEquals(values(one), values(other)));
    }
  }

  @Test
  void whatPatienceEndedStaysEnded(@TempDir Path directory) {
    Path file = directory.resolve("checkpoint.safetensors");
    for (int run = 0; run < 2; run++) {
      History history = still(Fit.epochs(20).patience(2).checkpoint(file, 1));
      assertEquals(3, history.epochs().size());
      assertTrue(history.stoppedEarly());
    }
  }
}
