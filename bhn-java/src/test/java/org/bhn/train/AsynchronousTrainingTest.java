package org.bhn.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Device;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.bayes.Likelihood;
import org.bhn.bayes.Priors;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.nativelib.NativeException;
import org.bhn.nn.Network;
import org.bhn.posterior.Posterior;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A device whose steps are looked at late stops where one does that is looked at each time. */
class AsynchronousTrainingTest {
  private static final int BATCH = 4;

  /** What is left of a training that was stopped. */
  private record End(String message, long noise, double[] weights) {}

  /** One target is too large for its gradient, the difference over σ², to be finite. */
  private static Dataset data(int rows, int bad) {
    SplittableRandom random = new SplittableRandom(6);
    float[] x = new float[2 * rows];
    float[] y = new float[rows];
    for (int i = 0; i < rows; i++) {
      x[2 * i] = (float) random.nextDouble(-1, 1);
      x[2 * i + 1] = (float) random.nextDouble(-1, 1);
      y[i] = x[2 * i] - x[2 * i + 1];
    }
    y[bad] = 3e38f;
    return Dataset.regression(x, 2, y, 1);
  }

  private static End end(Device device, Dataset data) {
    try (Backend backend = Backends.open(device);
        BayesianNetwork net =
            new BayesianNetwork(
                backend,
                new Network(Network.dense(2, new int[] {5}, 1, Activation.TANH, true)),
                Posterior.weightNorm(Flows.iaf(1).hidden(4)),
                Priors.normal(1),
                Likelihood.gaussian(1, 0.5),
                7);
        Trainer trainer =
            new Trainer(net, Map.of(), data, Fit.epochs(3).batch(BATCH).samples(2), () -> false)) {
      TrainingException e = assertThrows(TrainingException.class, trainer::run);
      double[] weights =
          net.params().stream().flatMapToDouble(p -> Arrays.stream(p.get())).toArray();
      return new End(e.getMessage(), backend.itemLong(net.noiseCounter()), weights);
    } catch (NativeException e) {
      Assumptions.abort("skipped: " + e.getMessage());
      throw e;
    }
  }

  /** Less than the steps between two looks, and more, with the bad row in various places. */
  @ParameterizedTest
  @CsvSource({"37, 0", "37, 20", "437, 1", "437, 100", "437, 436"})
  void stopsAtTheSameStepWithTheSameWords(int rows, int bad) {
    Dataset data = data(rows, bad);
    End expected = end(Device.CPU, data);
    End late = end(Device.CUDA, data);
    assertTrue(expected.message.contains("stopped at step"), expected.message);
    assertEquals(expected.message, late.message);
    assertEquals(expected.noise, late.noise);
    assertArrayEquals(expected.weights, late.weights, 1e-4);
  }
}
