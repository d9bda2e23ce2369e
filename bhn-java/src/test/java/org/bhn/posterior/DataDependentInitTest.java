package org.bhn.posterior;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.backend.Convolution;
import org.bhn.backend.JavaBackend;
import org.bhn.backend.Padding;
import org.bhn.backend.Pooling;
import org.bhn.flow.FlowSpec;
import org.bhn.flow.Flows;
import org.bhn.nn.Conv2d;
import org.bhn.nn.MaxPool;
import org.bhn.nn.Network;
import org.bhn.tape.Noise;
import org.bhn.tape.Tape;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Data-dependent initialisation standardises every pre-activation, whatever the flow permutes. */
class DataDependentInitTest {
  private static final int ROWS = 200;
  private static final int INPUTS = 6;
  private static final int HIDDEN = 9;

  static Stream<FlowSpec> flows() {
    return Stream.of(
        Flows.affine(), Flows.iaf(3), Flows.coupling(4), Flows.coupling(4).shuffle(true));
  }

  @ParameterizedTest
  @MethodSource("flows")
  void theLastLayerIsStandardised(FlowSpec spec) {
    try (Backend backend = JavaBackend.open()) {
      Network network =
          new Network(Network.dense(INPUTS, new int[] {HIDDEN, HIDDEN}, 4, Activation.TANH, true));
      WeightPosterior posterior =
          Posterior.weightNorm(spec.hidden(8).delta(0).initialStd(1e-9)).build(backend, network, 3);
      Tensor x = backend.allocate(DType.REAL, ROWS, INPUTS);
      SplittableRandom random = new SplittableRandom(1);
      double[] inputs = new double[ROWS * INPUTS];
      for (int i = 0; i < inputs.length; i++) {
        inputs[i] = 0.05 * random.nextGaussian() + 3 * (i % INPUTS);
      }
      backend.upload(x, inputs);
      posterior.initialise(backend, x);
      Tensor counter = backend.allocate(DType.INT64, 1);
      Tape tape = Tape.inference(backend);
      WeightPosterior.Draw draw = posterior.draw(tape, new Noise(1, counter, 0), 1);
      double[] out = new double[ROWS * 4];
      backend.download(posterior.forward(tape, draw, tape.constant(x), 1, 0).value(), out);
      isStandard(out, 4);
    }
  }

  /**
   * Every pre-activation of a channel counts, whatever its place; here the output is a channel's.
   */
  @Test
  void everyChannelIsStandardisedOverExamplesAndPlaces() {
    Convolution first = new Convolution(6, 5, 2, 3, 3, 1, Padding.SAME, 4);
    Convolution last = new Convolution(3, 2, 4, 2, 2, 1, Padding.VALID, 3);
    Network network =
        new Network(
            List.of(
                new Conv2d(first, Activation.TANH, true),
                new MaxPool(new Pooling(6, 5, 4, 2, 2)),
                new Conv2d(last, Activation.IDENTITY, true)));
    try (Backend backend = JavaBackend.open()) {
      WeightPosterior posterior =
          Posterior.weightNorm(Flows.coupling(2).hidden(8).delta(0).initialStd(1e-9))
              .build(backend, network, 3);
      Tensor x = backend.allocate(DType.REAL, ROWS, network.inputs());
      SplittableRandom random = new SplittableRandom(1);
      double[] inputs = new double[x.size()];
      for (int i = 0; i < inputs.length; i++) {
        inputs[i] = 0.3 * random.nextGaussian() + 2 * (i % 2);
      }
      backend.upload(x, inputs);
      posterior.initialise(backend, x);
      Tensor counter = backend.allocate(DType.INT64, 1);
      Tape tape = Tape.inference(backend);
      WeightPosterior.Draw draw = posterior.draw(tape, new Noise(1, counter, 0), 1);
      double[] out = new double[ROWS * network.outputs()];
      backend.download(posterior.forward(tape, draw, tape.constant(x), 1, 0).value(), out);
      isStandard(out, 3);
    }
  }

  private static void isStandard(double[] out, int columns) {
    int rows = out.length / columns;
    for (int j = 0; j < columns; j++) {
      double mean = 0;
      double square = 0;
      for (int i = 0; i < rows; i++) {
        mean += out[columns * i + j] / rows;
        square += out[columns * i + j] * out[columns * i + j] / rows;
      }
      assertEquals(0, mean, 1e-3);
      assertEquals(1, Math.sqrt(square - mean * mean), 2e-3);
    }
  }
}
