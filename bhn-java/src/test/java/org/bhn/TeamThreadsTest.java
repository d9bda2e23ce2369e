package org.bhn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Device;
import org.bhn.nativelib.BhnLibrary;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Any number of threads predict, and few of them own a team of OpenMP. */
class TeamThreadsTest {
  private static final int CALLERS = 8 * TeamThreads.MOST;
  private static final int SAMPLES = 200; // enough for the work to be shared out
  private static final float[] INPUTS = {1, 2, 3, -1, 0, 1};

  private Backend backend;
  private Bhn model;

  @BeforeEach
  void open() {
    backend = Backends.best();
    model = Bhn.classifier(3, 2).hidden(8).seed(3).build(backend);
  }

  @AfterEach
  void close() {
    model.close();
    backend.close();
  }

  @Test
  void threadsThatLiveOnKeepNoTeamEach() throws Exception {
    assumeTrue(backend.device() == Device.CPU, "teams are the CPU's");
    int team = BhnLibrary.threads().orElse(1);
    assumeTrue(team > 1, "a call uses its own thread only");
    assumeTrue(Files.isDirectory(Path.of("/proc/self/task")), "no list of threads");
    float[] expected = model.predict(INPUTS, SAMPLES).mean();
    long before = nativeThreads();
    CountDownLatch done = new CountDownLatch(CALLERS);
    CountDownLatch end = new CountDownLatch(1);
    List<float[]> means = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    float[] mean = model.predict(INPUTS, SAMPLES).mean();
                    synchronized (means) {
                      means.add(mean);
                    }
                    done.countDown();
                    try {
                      end.await();
                    } catch (InterruptedException e) {
                      throw new AssertionError(e);
                    }
                  }));
    }
    done.await();
    long more = nativeThreads() - before;
    end.countDown();
    for (Thread thread : threads) {
      thread.join();
    }
    long most = 2L * TeamThreads.MOST * (team - 1);
    assertTrue(more <= most + 2, more + " more threads that are not Java's, of " + CALLERS);
    assertEquals(CALLERS, means.size());
    means.forEach(mean -> assertArrayEquals(expected, mean));
  }

  /** Threads of the process that Java has not made. */
  private static long nativeThreads() throws Exception {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
      return tasks.count() - ManagementFactory.getThreadMXBean().getThreadCount();
    }
  }

  @Test
  void virtualThreadsPredictAndSeeTheirErrors() throws Exception {
    float[] expected = model.predict(INPUTS, SAMPLES).mean();
    float most = Float.MAX_VALUE;
    float[] infinite = {most, most, most, -most, -most, -most, most, -most, most};
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<float[]>> means = new ArrayList<>();
      for (int i = 0; i < CALLERS; i++) {
        means.add(threads.submit(() -> model.predict(INPUTS, SAMPLES).mean()));
      }
      for (Future<float[]> mean : means) {
        assertArrayEquals(expected, mean.get());
      }
      IllegalArgumentException refused =
          threads
              .submit(
                  () ->
                      assertThrows(
                          IllegalArgumentException.class, () -> model.predict(infinite, 5)))
              .get();
      assertTrue(
          Arrays.stream(refused.getStackTrace())
              .anyMatch(frame -> frame.getClassName().equals(TeamThreadsTest.class.getName())),
          "the caller is in the trace");
    }
  }

  @Test
  void anInterruptWaitsUntilThePredictionIsDone() throws Exception {
    float[] expected = model.predict(INPUTS, SAMPLES).mean();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      threads
          .submit(
              () -> {
                Thread.currentThread().interrupt();
                assertArrayEquals(expected, model.predict(INPUTS, SAMPLES).mean());
                assertTrue(Thread.interrupted(), "the interrupt is kept");
              })
          .get();
    }
  }
}
