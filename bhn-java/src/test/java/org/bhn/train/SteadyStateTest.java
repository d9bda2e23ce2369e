package org.bhn.train;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bhn.Bhn;
import org.bhn.TestData;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Convolution;
import org.bhn.backend.Padding;
import org.bhn.backend.Pooling;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.bayes.Likelihood;
import org.bhn.bayes.Priors;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.nn.Conv2d;
import org.bhn.nn.Layer;
import org.bhn.nn.MaxPool;
import org.bhn.nn.Network;
import org.bhn.posterior.Posterior;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What must not grow: the Java heap in a training step, and the process in predictions. */
class SteadyStateTest {
  /** Smaller where {@code -Dbhn.test.large=false}: emulation is slow. */
  private static final boolean LARGE =
      Boolean.parseBoolean(System.getProperty("bhn.test.large", "true"));

  private static final int WARM_UP = LARGE ? 20_000 : 600;
  private static final int MEASURED = LARGE ? 2_000 : 200;
  private static final int BATCH = 16;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aStepInSteadyStateAllocatesNoJavaObject(boolean images) {
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    int rows = BATCH * (MEASURED + 1);
    Dataset data = images ? TestData.lines(rows, 1) : TestData.blobs(rows, 3, 1);
    Fit fit = Fit.epochs(1).batch(BATCH);
    try (Backend backend = Backends.best();
        BayesianNetwork net =
            new BayesianNetwork(
                backend,
                images
                    ? images()
                    : new Network(Network.dense(2, new int[] {8}, 3, Activation.RELU, true)),
                Posterior.weightNorm(Flows.iaf(2).hidden(6)),
                Priors.normal(1),
                Likelihood.categorical(3),
                4);
        TrainingMemory memory = new TrainingMemory(backend)) {
      TrainingData training = TrainingData.of(memory, data, net.likelihood(), BATCH);
      Optimizer optimizer = new Optimizer(memory, net.params());
      TrainStep step = new TrainStep(net, training, optimizer, fit, memory);
      optimizer.configure(fit, 1e-3);
      step.startEpoch(1, data.rows());
      for (int done = 0; done < WARM_UP; done += MEASURED) {
        training.shuffle(1, done);
        run(step);
      }
      training.begin();
      long id = Thread.currentThread().threadId();
      threads.getThreadAllocatedBytes(id);
      long before = threads.getThreadAllocatedBytes(id);
      run(step);
      long bytes = threads.getThreadAllocatedBytes(id) - before;
      assertTrue(optimizer.allStepsWereFinite());
      System.out.printf("%d bytes of Java heap in %d steps%n", bytes, MEASURED);
      // One object in every step would be at least 16 bytes a step.
      assertTrue(bytes < MEASURED / 4, bytes + " bytes allocated in " + MEASURED + " steps");
    }
  }

  private static Network images() {
    Convolution first = new Convolution(8, 8, 1, 3, 3, 1, Padding.VALID, 4);
    Convolution second = new Convolution(3, 3, 4, 3, 3, 1, Padding.SAME, 4);
    List<Layer> layers = new ArrayList<>();
    layers.add(new Conv2d(first, Activation.RELU, true));
    layers.add(new MaxPool(new Pooling(6, 6, 4, 2, 2)));
    layers.add(new Conv2d(second, Activation.RELU, true));
    layers.addAll(Network.dense(36, new int[0], 3, Activation.RELU, true));
    return new Network(layers);
  }

  private static void run(TrainStep step) {
    for (int i = 0; i < MEASURED; i++) {
      step.run(BATCH);
    }
  }

  @Test
  void predictionsLeaveResidentMemoryFlat() throws IOException {
    Path status = Path.of("/proc/self/status");
    Assumptions.assumeTrue(Files.exists(status), "no /proc/self/status on this system");
    Dataset data = TestData.blobs(4, 3, 1);
    try (Backend backend = Backends.best();
        Bhn model = Bhn.classifier(2, 3).hidden(8).seed(1).build(backend)) {
      float[] inputs = data.inputs();
      // A prediction on a GPU allocates there, which takes long; what leaks shows sooner.
      boolean slow = !LARGE || backend.isAsynchronous();
      predict(model, inputs, slow ? 50 : 20_000);
      System.gc();
      long before = resident(status);
      predict(model, inputs, !LARGE ? 200 : slow ? 5_000 : 100_000);
      System.gc();
      long grown = resident(status) - before;
      System.out.printf("resident memory grew by %d KiB%n", grown >> 10);
      assertTrue(grown < 48L << 20, "grew by " + (grown >> 10) + " KiB");
    }
  }

  private static void predict(Bhn model, float[] inputs, int times) {
    for (int i = 0; i < times; i++) {
      model.predict(inputs, 2);
    }
  }

  private static long resident(Path status) throws IOException {
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
      }
    }
    throw new AssertionError("no VmRSS in " + status);
  }
}
