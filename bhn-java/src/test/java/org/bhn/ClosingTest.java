package org.bhn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Device;
import org.bhn.backend.JavaBackend;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.train.Fit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What is closed under running predictions: they end or are refused, and memory stays until then.
 */
class ClosingTest {
  private static final int THREADS = 6;
  private static final float[] ROW = new float[64];

  private static Device device;

  @BeforeAll
  static void choose() {
    try (Backend backend = Backends.best()) {
      device = backend.device();
    }
  }

  private interface Close {
    void close(Backend backend, Bhn model);
  }

  @Test
  void aBackendThatIsClosedUnderPredictions() throws InterruptedException {
    Set<String> refusals = closedUnderPredictions((backend, model) -> backend.close());
    assertTrue(
        refusals.stream().allMatch(m -> m.endsWith("is closed: open a new one")),
        refusals.toString());
  }

  @Test
  void parametersThatAreFreedUnderPredictions() throws InterruptedException {
    Set<String> refusals = closedUnderPredictions((backend, model) -> model.network().close());
    assertTrue(refusals.stream().allMatch(m -> m.contains("was released")), refusals.toString());
  }

  /** Parameters, gradients, steps, predictors and draws: a closed model leaves nothing behind. */
  @Test
  void aClosedModelHoldsNoMemory() {
    HeldMemory memory = new HeldMemory();
    try (Backend backend = memory.of(JavaBackend.open())) {
      Dataset data = TestData.blobs(40, 3, 1);
      Bhn model =
          Bhn.classifier(2, 3)
              .hidden(5)
              .posterior(Posterior.weightNorm(Flows.iaf(1).hidden(4)))
              .build(backend);
      model.fit(data, Fit.epochs(1).validation(data));
      model.predict(data.inputs(), 3);
      model.draw(3).predict(data.inputs());
      assertTrue(memory.tensors() > 0);
      model.close();
      assertEquals(0, memory.tensors());
    }
  }

  /** Closes once all threads predict, and returns what they were refused with. */
  private static Set<String> closedUnderPredictions(Close close) throws InterruptedException {
    Set<String> refusals = ConcurrentHashMap.newKeySet();
    for (int round = 0; round < 15; round++) {
      Backend backend = Backends.open(device);
      Bhn model =
          Bhn.classifier(64, 2)
              .hidden(128, 128)
              .posterior(Posterior.weightNorm(Flows.iaf(4)))
              .build(backend);
      CountDownLatch predicting = new CountDownLatch(THREADS);
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        threads.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      try {
                        predicting.countDown();
                        while (true) {
                          model.predict(ROW, 20);
                        }
                      } catch (IllegalStateException e) {
                        refusals.add(e.getMessage());
                      }
                    }));
      }
      predicting.await();
      close.close(backend, model);
      for (Thread thread : threads) {
        thread.join();
      }
      assertThrows(IllegalStateException.class, () -> model.predict(ROW, 1));
      model.close();
      backend.close();
    }
    return refusals;
  }
}
