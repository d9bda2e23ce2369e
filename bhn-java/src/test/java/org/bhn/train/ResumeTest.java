package org.bhn.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.bhn.Bhn;
import org.bhn.Processes;
import org.bhn.TestData;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.tape.Param;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A training that is killed and started again ends with the bits of one that never stopped. */
class ResumeTest {
  private static final int EPOCHS = 12;

  @TempDir Path directory;

  private static Bhn model(Backend backend) {
    return Bhn.classifier(2, 3)
        .hidden(12)
        .posterior(Posterior.weightNorm(Flows.iaf(2).hidden(9)))
        .seed(8)
        .build(backend);
  }

  private static Fit fit() {
    return Fit.epochs(EPOCHS)
        .batch(16)
        .samples(2)
        .klWarmup(0.5)
        .decay(0.2)
        .validation(TestData.blobs(50, 3, 7));
  }

  private static List<double[]> values(Bhn model) {
    List<double[]> all = new ArrayList<>();
    for (Param param : model.network().params()) {
      all.add(param.get());
    }
    return all;
  }

  private static void sameBits(List<double[]> expected, List<double[]> found) {
    assertEquals(expected.size(), found.size());
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), found.get(i));
    }
  }

  /** Thrown by a listener to stop a training between two epochs. */
  private static final class Stop extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  @Test
  void stoppedAfterAnyEpochItGoesOnToTheSameBits() {
    Dataset data = TestData.blobs(90, 3, 1);
    try (Backend backend = Backends.best()) {
      List<double[]> expected;
      try (Bhn model = model(backend)) {
        model.fit(data, fit());
        expected = values(model);
      }
      for (int stop : new int[] {0, 3, 7, EPOCHS - 1}) {
        Path file = directory.resolve("stop" + stop + ".safetensors");
        try (Bhn model = model(backend)) {
          Listener stopper =
              epoch -> {
                if (epoch.epoch() == stop) {
                  throw new Stop();
                }
              };
          assertThrows(
              Stop.class, () -> model.fit(data, fit().checkpoint(file, 1).listener(stopper)));
        }
        try (Bhn model = model(backend)) {
          History history = model.fit(data, fit().checkpoint(file, 1));
          assertEquals(EPOCHS, history.epochs().size());
          sameBits(expected, values(model));
        }
      }
    }
  }

  @Test
  void stoppedOnRequestItKeepsItsBestAndGoesOnToTheSameBits() {
    Dataset data = TestData.blobs(90, 3, 1);
    Path file = directory.resolve("asked.safetensors");
    try (Backend backend = Backends.best();
        Bhn whole = model(backend);
        Bhn model = model(backend)) {
      History never = whole.fit(data, fit().stopWhen(() -> false));
      AtomicInteger seen = new AtomicInteger();
      Listener count = epoch -> seen.incrementAndGet();
      History asked =
          model.fit(
              data, fit().checkpoint(file, 100).listener(count).stopWhen(() -> seen.get() == 8));
      assertEquals(8, asked.epochs().size());
      assertTrue(asked.stoppedEarly());
      assertTrue(asked.epochs().get(asked.bestEpoch()).best());

      History rest = model.fit(data, fit().checkpoint(file, 100));
      assertEquals(EPOCHS, rest.epochs().size());
      assertEquals(never.bestEpoch(), rest.bestEpoch());
      assertEquals(false, rest.stoppedEarly());
      sameBits(values(whole), values(model));
    }
  }

  /** Trains with a checkpoint, slowly enough to be killed in the middle. */
  public static final class Child {
    private Child() {}

    /** Arguments: checkpoint file. */
    public static void main(String[] args) {
      try (Backend backend = Backends.best();
          Bhn model = model(backend)) {
        Listener slow =
            epoch -> {
              try {
                Thread.sleep(30);
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            };
        model.fit(TestData.blobs(90, 3, 1), fit().checkpoint(Path.of(args[0]), 1).listener(slow));
        System.out.println("finished");
      }
    }
  }

  @Test
  void killedAtAnyMomentItGoesOnToTheSameBits() throws Exception {
    Dataset data = TestData.blobs(90, 3, 1);
    Path file = directory.resolve("killed.safetensors");
    int kills = 0;
    for (int attempt = 0; attempt < 3; attempt++) {
      Process process = Processes.start(Child.class, file.toString());
      long deadline = System.nanoTime() + 60_000_000_000L;
      while (!Files.exists(file) && process.isAlive() && System.nanoTime() < deadline) {
        Thread.sleep(2);
      }
      Thread.sleep(20 + 37 * attempt);
      kills += process.isAlive() ? 1 : 0;
      process.destroyForcibly().waitFor();
    }
    assertTrue(kills > 0, "no process was still training when it was killed");
    assertTrue(Files.exists(file), "no checkpoint was written");
    try (Backend backend = Backends.best()) {
      List<double[]> expected;
      try (Bhn model = model(backend)) {
        model.fit(data, fit());
        expected = values(model);
      }
      try (Bhn model = model(backend)) {
        model.fit(data, fit().checkpoint(file, 1));
        sameBits(expected, values(model));
      }
    }
  }

  @Test
  void aCheckpointThatCannotBeWrittenIsRefusedBeforeTheFirstStep() {
    Path file = directory.resolve("absent/training.safetensors");
    int[] steps = {0};
    Listener counter =
        new Listener() {
          @Override
          public void onStep(int epoch, int step, int stepsPerEpoch) {
            steps[0]++;
          }

          @Override
          public void onEpoch(Epoch epoch) {}
        };
    try (Backend backend = Backends.best();
        Bhn model = model(backend)) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  model.fit(TestData.blobs(90, 3, 1), fit().checkpoint(file, 1).listener(counter)));
      assertTrue(e.getMessage().contains(file + ": there is no directory"), e.getMessage());
      assertEquals(0, steps[0]);
    }
  }
}
