package org.bhn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.bhn.backend.Backend;
import org.bhn.backend.JavaBackend;
import org.bhn.data.Dataset;
import org.bhn.flow.FlowSpec;
import org.bhn.flow.Flows;
import org.bhn.io.FormatException;
import org.bhn.io.SafeTensors;
import org.bhn.nn.Image;
import org.bhn.nn.Network;
import org.bhn.nn.NetworkWeights;
import org.bhn.posterior.Posterior;
import org.bhn.train.Fit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Posteriors that start from the weights of a network trained elsewhere. */
class StartFromTest {
  private static final int HEIGHT = 7;
  private static final int WIDTH = 6;
  private static final int IN = 2;
  private static final int CHANNELS = 3;
  private static final int KERNEL = 2;
  private static final int HIDDEN = 5;
  private static final int CLASSES = 3;
  private static final int ROWS = 4;
  private static final int POOLED = 3 * 2; // of 6 x 5 places

  @TempDir Path directory;

  private final Backend backend = JavaBackend.open();
  private final Random random = new Random(7);
  private final float[] kernels = numbers(CHANNELS * IN * KERNEL * KERNEL);
  private final float[] shifts = numbers(CHANNELS);
  private final float[] dense = numbers(HIDDEN * CHANNELS * POOLED);
  private final float[] output = numbers(CLASSES * HIDDEN);
  private final float[] outputShifts = numbers(CLASSES);

  @AfterEach
  void close() {
    backend.close();
  }

  private float[] numbers(int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** Of flows that hardly move what they are given, so that draws are their middle. */
  static Stream<Posterior> posteriors() {
    FlowSpec iaf = Flows.iaf(2).hidden(4).delta(0).initialStd(1e-9);
    FlowSpec coupling = Flows.coupling(2).hidden(4).shuffle(true).delta(0).initialStd(1e-9);
    return Stream.of(
        Posterior.weightNorm(iaf),
        Posterior.weightNorm(coupling),
        Posterior.full(iaf),
        Posterior.point());
  }

  private Bhn images(Posterior posterior) {
    return Bhn.classifier(new Image(HEIGHT, WIDTH, IN), CLASSES)
        .conv(CHANNELS, KERNEL)
        .maxPool(2)
        .hidden(HIDDEN)
        .posterior(posterior)
        .build(backend);
  }

  private Path file() {
    Path file = directory.resolve("torch.safetensors");
    Arrays.fill(dense, CHANNELS * POOLED, 2 * CHANNELS * POOLED, 0); // a unit of zeros
    new SafeTensors.Writer()
        .add("0.weight", kernels, CHANNELS, IN, KERNEL, KERNEL)
        .add("0.bias", shifts, CHANNELS)
        .add("4.weight", dense, HIDDEN, CHANNELS * POOLED)
        .add("4.bias", new float[HIDDEN], HIDDEN)
        .add("6.weight", output, CLASSES, HIDDEN)
        .add("6.bias", outputShifts, CLASSES)
        .write(file);
    return file;
  }

  private static NetworkWeights torch(Bhn model, Path file) {
    return NetworkWeights.torch(model.network().network(), file, "0", "4", "6");
  }

  @ParameterizedTest
  @MethodSource("posteriors")
  void itsMiddleIsTheNetworkOfTheFile(Posterior posterior) {
    try (Bhn model = images(posterior)) {
      float[] planes = numbers(ROWS * IN * HEIGHT * WIDTH);
      float[] inputs = new Image(HEIGHT, WIDTH, IN).channelsLast(planes);
      model.startFrom(torch(model, file()));
      assertArrayEquals(probabilities(planes), model.predict(inputs, 3).mean(), 1e-5f);

      // And training starts from there, where a new model would standardise its activations.
      Dataset data = Dataset.classification(inputs, IN * HEIGHT * WIDTH, new int[ROWS], CLASSES);
      model.fit(data, Fit.epochs(1).batch(ROWS).learningRate(1e-9).initialise(true));
      assertArrayEquals(probabilities(planes), model.predict(inputs, 3).mean(), 1e-5f);
    }
  }

  /** By channels first, as PyTorch defines convolution, pooling, flattening and linear layers. */
  private float[] probabilities(float[] planes) {
    float[] all = new float[ROWS * CLASSES];
    for (int row = 0; row < ROWS; row++) {
      double[] pooled = new double[CHANNELS * POOLED];
      for (int c = 0; c < CHANNELS; c++) {
        for (int i = 0; i < 6; i++) {
          for (int j = 0; j < 4; j++) { // the last of five columns is in no window
            double sum = shifts[c];
            for (int p = 0; p < IN; p++) {
              for (int k = 0; k < KERNEL * KERNEL; k++) {
                int y = i + k / KERNEL;
                int x = j + k % KERNEL;
                sum +=
                    kernels[(c * IN + p) * KERNEL * KERNEL + k]
                        * planes[((row * IN + p) * HEIGHT + y) * WIDTH + x];
              }
            }
            int at = c * POOLED + i / 2 * 2 + j / 2;
            pooled[at] = Math.max(pooled[at], sum);
          }
        }
      }
      double[] hidden = linear(dense, new float[HIDDEN], pooled);
      for (int h = 0; h < HIDDEN; h++) {
        hidden[h] = Math.max(hidden[h], 0);
      }
      double[] logits = linear(output, outputShifts, hidden);
      double sum = 0;
      for (double logit : logits) {
        sum += Math.exp(logit);
      }
      for (int c = 0; c < CLASSES; c++) {
        all[row * CLASSES + c] = (float) (Math.exp(logits[c]) / sum);
      }
    }
    return all;
  }

  private static double[] linear(float[] weights, float[] shifts, double[] x) {
    double[] y = new double[shifts.length];
    for (int j = 0; j < y.length; j++) {
      y[j] = shifts[j];
      for (int k = 0; k < x.length; k++) {
        y[j] += weights[j * x.length + k] * x[k];
      }
    }
    return y;
  }

  @Test
  void aPointNetworkTrainedHereIsAStartToo() {
    Dataset data = Dataset.regression(new float[] {-1, 0, 1, 2}, 1, new float[] {3, 1, 2, 5}, 1);
    try (Bhn point =
            Bhn.regressor(1, 1).hidden(4).posterior(Posterior.point()).seed(1).build(backend);
        Bhn model =
            Bhn.regressor(1, 1)
                .hidden(4)
                .posterior(Posterior.weightNorm(Flows.affine().delta(0).initialStd(1e-9)))
                .build(backend)) {
      point.fit(data, Fit.epochs(20).batch(4).learningRate(1e-2));
      model.startFrom(point.pointWeights());
      assertArrayEquals(
          point.predict(data.inputs(), 1).mean(), model.predict(data.inputs(), 2).mean(), 1e-6f);
      assertThrows(UnsupportedOperationException.class, model::pointWeights);
    }
  }

  @Test
  void whatWasDrawnBeforeIsOver() {
    try (Bhn model = images(Posterior.meanField())) {
      PosteriorSample drawn = model.draw(2);
      model.startFrom(torch(model, file()));
      float[] inputs = new float[IN * HEIGHT * WIDTH];
      assertThrows(IllegalStateException.class, () -> drawn.predict(inputs));
    }
  }

  @Test
  void itIsRefusedOnceThereIsAStart() {
    try (Bhn model = images(Posterior.point())) {
      NetworkWeights weights = torch(model, file());
      model.startFrom(weights);
      refused(IllegalStateException.class, "build a new one", () -> model.startFrom(weights));
    }
  }

  @Test
  void weightsThatDoNotFitAreNamed() {
    try (Bhn model = images(Posterior.point());
        Bhn other = Bhn.classifier(4, 2).bias(false).build(backend)) {
      Path file = file();
      Network network = model.network().network();
      refused(
          IllegalArgumentException.class,
          "of another network",
          () -> other.startFrom(torch(model, file)));
      refused(
          IllegalArgumentException.class,
          "2 names for 3 layers",
          () -> NetworkWeights.torch(network, file, "0", "4"));
      refused(
          FormatException.class,
          "5.weight",
          () -> NetworkWeights.torch(network, file, "0", "5", "6"));
      refused(
          FormatException.class,
          "F32[5, 18] where F32[3, 5] is expected",
          () -> NetworkWeights.torch(network, file, "0", "4", "4"));
      Path biased = directory.resolve("biased.safetensors");
      new SafeTensors.Writer()
          .add("fc.weight", new float[8], 2, 4)
          .add("fc.bias", new float[2], 2)
          .write(biased);
      refused(
          FormatException.class,
          "bias(true)",
          () -> NetworkWeights.torch(other.network().network(), biased, "fc"));
      double[] nan = {1, 2, 3, 4, 5, 6, Double.NaN, 8};
      refused(
          IllegalArgumentException.class,
          "matrices[0][6] = NaN",
          () ->
              NetworkWeights.of(other.network().network(), new double[][] {nan}, new double[1][]));
      refused(
          IllegalArgumentException.class,
          "biases[0] has 1 values, the network's layer 0",
          () -> NetworkWeights.of(other.network().network(), new double[1][8], new double[1][1]));
    }
  }

  private static void refused(Class<? extends RuntimeException> type, String part, Runnable call) {
    String message = assertThrows(type, call::run).getMessage();
    assertTrue(message.contains(part), message);
  }
}
