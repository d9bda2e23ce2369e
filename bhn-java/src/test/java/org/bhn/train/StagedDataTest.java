package org.bhn.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.function.BiFunction;
import org.bhn.TestData;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.backend.BackendsUnderTest.Subject;
import org.bhn.backend.Staging;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.bayes.Likelihood;
import org.bhn.bayes.Priors;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.nn.Network;
import org.bhn.posterior.Posterior;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Minibatches that come from the host are those that lie on the device. */
class StagedDataTest {
  private static final String SUBJECTS = "org.bhn.backend.BackendsUnderTest#all";
  private static final int BATCH = 8;
  private static final Dataset LABELLED = TestData.blobs(61, 3, 2);
  private static final Dataset REAL = TestData.sine(61, 0.1, 3);

  private static Likelihood likelihood(Dataset data) {
    return data.isClassification() ? Likelihood.categorical(3) : Likelihood.gaussian(1, 0.3);
  }

  /** Parameters and the sums of the last epoch, after two epochs with a short last batch. */
  private static double[] trained(
      Subject subject, Dataset data, BiFunction<TrainingMemory, Likelihood, TrainingData> source) {
    Fit fit = Fit.epochs(2).batch(BATCH);
    int outputs = data.isClassification() ? 3 : 1;
    try (Backend backend = subject.open();
        BayesianNetwork net =
            new BayesianNetwork(
                backend,
                new Network(
                    Network.dense(data.columns(), new int[] {6}, outputs, Activation.RELU, true)),
                Posterior.weightNorm(Flows.iaf(1).hidden(5)),
                Priors.normal(1),
                likelihood(data),
                4);
        TrainingMemory memory = new TrainingMemory(backend)) {
      TrainingData training = source.apply(memory, net.likelihood());
      Optimizer optimizer = new Optimizer(memory, net.params());
      TrainStep step = new TrainStep(net, training, optimizer, fit, memory);
      optimizer.configure(fit, 1e-2);
      double[] totals = null;
      for (int epoch = 0; epoch < 2; epoch++) {
        training.shuffle(5, epoch);
        step.startEpoch(1, data.rows());
        for (int row = 0; row < data.rows(); row += BATCH) {
          step.run(Math.min(BATCH, data.rows() - row));
        }
        totals = step.totals();
      }
      double[] weights =
          net.params().stream().flatMapToDouble(p -> Arrays.stream(p.get())).toArray();
      double[] all = Arrays.copyOf(totals, totals.length + weights.length);
      System.arraycopy(weights, 0, all, totals.length, weights.length);
      return all;
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void trainsToTheSameBits(Subject subject) {
    for (Dataset data : new Dataset[] {LABELLED, REAL}) {
      assertArrayEquals(
          trained(subject, data, (m, l) -> new ResidentData(m, data, l)),
          trained(subject, data, (m, l) -> new StagedData(m, data, l, BATCH)));
    }
  }

  private static double[] next(Backend backend, TrainingData data, int batch) {
    data.prepare(batch);
    double[] x = new double[batch];
    backend.download(data.nextInputs(batch), x);
    data.advance(batch);
    return x;
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void goesBackToEarlierMinibatches(Subject subject) {
    try (Backend backend = subject.open();
        TrainingMemory memory = new TrainingMemory(backend)) {
      TrainingData resident = new ResidentData(memory, REAL, likelihood(REAL));
      TrainingData staged = new StagedData(memory, REAL, likelihood(REAL), BATCH);
      for (TrainingData data : new TrainingData[] {resident, staged}) {
        data.shuffle(1, 0);
        double[] first = next(backend, data, BATCH);
        double[] second = next(backend, data, BATCH);
        double[] third = next(backend, data, BATCH);
        data.back(2 * BATCH);
        assertArrayEquals(second, next(backend, data, BATCH));
        assertArrayEquals(third, next(backend, data, BATCH));
        data.begin();
        assertArrayEquals(first, next(backend, data, BATCH));
        for (int i = 0; i < BATCH; i++) {
          assertEquals(REAL.inputs()[data.permutation[i]], first[i]);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void wrongUseOfAStagingIsNamed(Subject subject) {
    try (Backend backend = subject.open()) {
      Tensor to = backend.allocate(DType.REAL, 2, 3);
      try (Staging staging = backend.staging(to)) {
        assertThrows(IllegalStateException.class, staging::take);
        assertThrows(IllegalArgumentException.class, () -> staging.put(new float[9], 7));
        staging.put(new float[] {1, 2, 3, 4, 5, 6}, 6);
        staging.put(new float[] {7, 8}, 2);
        assertThrows(IllegalStateException.class, () -> staging.put(new float[1], 1));
        staging.take();
        staging.take();
        double[] values = new double[6];
        backend.download(to, values);
        assertArrayEquals(new double[] {7, 8, 3, 4, 5, 6}, values);
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void dataThatFitStayOnTheDevice(Subject subject) {
    try (Backend backend = subject.open();
        TrainingMemory memory = new TrainingMemory(backend)) {
      TrainingData data = TrainingData.of(memory, REAL, likelihood(REAL), BATCH);
      assertInstanceOf(ResidentData.class, data);
    }
  }
}
