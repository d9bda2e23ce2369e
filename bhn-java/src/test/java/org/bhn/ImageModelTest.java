package org.bhn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Device;
import org.bhn.backend.Padding;
import org.bhn.backend.Precision;
import org.bhn.bayes.TensorFiles;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.io.FormatException;
import org.bhn.io.SafeTensors;
import org.bhn.nn.Image;
import org.bhn.posterior.Posterior;
import org.bhn.tape.Param;
import org.bhn.train.Fit;
import org.bhn.train.History;
import org.bhn.train.Listener;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Convolutional networks: build, fit, predict, save, load, resume. */
class ImageModelTest {
  private static final Image IMAGE = new Image(8, 8, 1);
  private static final int SAMPLES = 20;

  @TempDir Path directory;

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
        Posterior.weightNorm(Flows.affine()),
        Posterior.full(Flows.coupling(2).hidden(16)),
        Posterior.meanField(),
        Posterior.dropout(0.2),
        Posterior.point());
  }

  private static BhnBuilder builder(Posterior posterior) {
    return Bhn.classifier(IMAGE, 3)
        .conv(8, 3)
        .maxPool(2)
        .conv(8, 3, 1, Padding.SAME)
        .hidden(12)
        .posterior(posterior)
        .seed(5);
  }

  private static double accuracy(Bhn model, Dataset data) {
    int[] predicted = model.predict(data.inputs(), SAMPLES).labels();
    int right = 0;
    for (int i = 0; i < data.rows(); i++) {
      right += predicted[i] == data.label(i) ? 1 : 0;
    }
    return (double) right / data.rows();
  }

  @ParameterizedTest
  @MethodSource("posteriors")
  void everyPosteriorLearnsLines(Posterior posterior) {
    Dataset test = TestData.lines(300, 2);
    try (Bhn model = builder(posterior).build(backend)) {
      Fit fit = Fit.epochs(20).batch(32).learningRate(1e-2).klWarmup(0.5);
      History history = model.fit(TestData.lines(300, 1), fit);
      assertEquals(20, history.epochs().size());
      double accuracy = accuracy(model, test);
      assertTrue(accuracy > 0.9, accuracy + " right");
      if (model.network().posterior().dim() > 0) {
        assertTrue(Double.isFinite(model.elbo(test, 5).total()));
      }
    }
  }

  @Test
  void eachExampleMayHaveItsOwnNoise() {
    try (Bhn model = builder(Posterior.weightNorm(Flows.iaf(1).hidden(8))).build(backend)) {
      Fit fit = Fit.epochs(10).batch(32).samples(2).perExample(true);
      History history = model.fit(TestData.lines(120, 1), fit);
      assertTrue(history.last().logLikelihood() > history.epochs().get(0).logLikelihood());
    }
  }

  @Test
  void predictionsDoNotDependOnHowInputsAreCut() {
    Dataset data = TestData.lines(70, 4);
    for (Posterior posterior :
        List.of(
            Posterior.weightNorm(Flows.iaf(1).hidden(8)),
            Posterior.meanField(),
            Posterior.dropout(0.5))) {
      try (Bhn model = builder(posterior).build(backend)) {
        float[] all = model.predict(data.inputs(), 37).mean();
        float[] first = model.predict(Arrays.copyOf(data.inputs(), 64 * 20), 37).mean();
        assertArrayEquals(Arrays.copyOf(all, first.length), first, 1e-5f);
      }
    }
  }

  @Test
  void fastPredictionsAreNearStrictOnes() {
    Dataset data = TestData.lines(90, 4);
    try (Bhn model = builder(Posterior.weightNorm(Flows.iaf(2).hidden(16))).build(backend)) {
      model.fit(data, Fit.epochs(20).batch(32).learningRate(5e-3));
      float[] strict = model.predict(data.inputs(), SAMPLES).mean();
      float[] fast = model.precision(Precision.FAST).predict(data.inputs(), SAMPLES).mean();
      assertArrayEquals(strict, fast, 0.05f);
    }
  }

  @Test
  void theScaleOfADirectionDoesNotMatter() {
    Dataset data = TestData.lines(30, 4);
    try (Bhn model = builder(Posterior.weightNorm(Flows.iaf(1).hidden(8))).build(backend)) {
      model.fit(data, Fit.epochs(2));
      float[] expected = model.predict(data.inputs(), SAMPLES).mean();
      for (Param param : model.network().params()) {
        if (param.name().endsWith(".v")) {
          param.set(Arrays.stream(param.get()).map(v -> 7 * v).toArray());
        }
      }
      assertArrayEquals(expected, model.predict(data.inputs(), SAMPLES).mean(), 1e-5f);
    }
  }

  @Test
  void bothDevicesTrainTheSameModel() {
    Dataset data = TestData.lines(64, 4);
    float[][] means = new float[2][];
    try (Backend java = Backends.open(Device.JAVA)) {
      Backend[] backends = {java, backend};
      for (int i = 0; i < 2; i++) {
        try (Bhn model = builder(Posterior.weightNorm(Flows.iaf(1).hidden(8))).build(backends[i])) {
          model.fit(data, Fit.epochs(2).batch(32).samples(2));
          means[i] = model.predict(data.inputs(), SAMPLES).mean();
        }
      }
    }
    // Four steps of Adam: where a gradient is nearly 0, its sign may differ between the devices.
    assertArrayEquals(means[0], means[1], 5e-3f);
  }

  @ParameterizedTest
  @MethodSource("posteriors")
  void reloadedPredictionsAreTheSameBits(Posterior posterior) throws Exception {
    Dataset data = TestData.lines(60, 1);
    Path file = directory.resolve("model.safetensors");
    Path again = directory.resolve("again.safetensors");
    float[] expected;
    try (Bhn model = builder(posterior).build(backend)) {
      model.fit(data, Fit.epochs(2));
      model.save(file);
      expected = model.predict(data.inputs(), SAMPLES).mean();
    }
    try (Bhn model = Bhn.load(file, backend)) {
      assertArrayEquals(expected, model.predict(data.inputs(), SAMPLES).mean());
      model.save(again);
      assertEquals(-1, Files.mismatch(file, again), "saving again gives the same file");
    }
    try (Backend java = Backends.open(Device.JAVA);
        Bhn model = Bhn.load(file, java)) {
      assertArrayEquals(expected, model.predict(data.inputs(), SAMPLES).mean(), 1e-4f);
    }
  }

  @Test
  void onlyModelsOfImagesSpeakOfThem() {
    Path dense = directory.resolve("dense.safetensors");
    Path images = directory.resolve("images.safetensors");
    try (Bhn model = Bhn.classifier(2, 3).hidden(4).build(backend)) {
      model.save(dense);
    }
    try (Bhn model = builder(Posterior.point()).build(backend)) {
      model.save(images);
    }
    assertFalse(card(dense).contains("image"), card(dense));
    assertTrue(card(images).contains("\"image\""), card(images));
  }

  private static String card(Path file) {
    try (SafeTensors.File open = SafeTensors.open(file)) {
      return open.metadata().get("card");
    }
  }

  @Test
  void cardsOfImagesThatCannotBeAreRefused() {
    Path file = directory.resolve("hostile.safetensors");
    String good =
        "{\"kind\":\"conv\",\"channels\":4,\"kernel\":3,\"stride\":1,\"padding\":\"valid\"}";
    String[][] wrong = {
      {"8", good.replace("\"kernel\":3", "\"kernel\":9"), "does not fit"},
      {"8", good.replace("\"channels\":4", "\"channels\":1000000"), "larger than"},
      {"8", good.replace("\"stride\":1", "\"stride\":0"), "stride = 0"},
      {"8", good.replace("valid", "sideways"), "SIDEWAYS"},
      {"8", good.replace("\"kind\":\"conv\"", "\"kind\":\"magic\""), "magic"},
      {"8", "{\"kind\":\"max_pool\",\"window\":2,\"stride\":2}", "pooling"},
      {"2000000000", good, "2^30"},
      {"-8", good, "-8"},
    };
    for (String[] card : wrong) {
      String model =
          "{\"inputs\":64,\"image\":{\"height\":8,\"width\":%s,\"channels\":1},\"layers\":[%s],"
              + "\"hidden\":[],\"activation\":\"relu\",\"bias\":true,"
              + "\"likelihood\":{\"kind\":\"categorical\",\"size\":3},"
              + "\"posterior\":{\"kind\":\"point\"},"
              + "\"prior\":{\"kind\":\"normal\",\"p0\":0.0,\"p1\":1.0,\"p2\":0.0},\"seed\":1}";
      new TensorFiles.Writer()
          .add("x", new double[] {1, 2}, 2)
          .metadata(
              "card",
              "{\"format\":3,\"library\":\"x\",\"device\":\"CPU\",\"trained\":true,\"model\":"
                  + model.formatted(card[0], card[1])
                  + "}")
          .write(file);
      String message =
          assertThrows(FormatException.class, () -> Bhn.load(file, backend)).getMessage();
      assertTrue(message.contains(card[2]), message);
    }
  }

  /** Thrown by a listener to stop a training between two epochs. */
  private static final class Stop extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  @Test
  void aStoppedTrainingGoesOnToTheSameBits() {
    Dataset data = TestData.lines(90, 1);
    Posterior posterior = Posterior.weightNorm(Flows.iaf(2).hidden(9));
    float[] expected;
    try (Bhn model = builder(posterior).build(backend)) {
      model.fit(data, Fit.epochs(5).batch(16));
      expected = model.predict(data.inputs(), SAMPLES).mean();
    }
    Path file = directory.resolve("checkpoint.safetensors");
    Listener stopper =
        epoch -> {
          if (epoch.epoch() == 2) {
            throw new Stop();
          }
        };
    try (Bhn model = builder(posterior).build(backend)) {
      Fit fit = Fit.epochs(5).batch(16).checkpoint(file, 1).listener(stopper);
      assertThrows(Stop.class, () -> model.fit(data, fit));
    }
    try (Bhn model = builder(posterior).build(backend)) {
      model.fit(data, Fit.epochs(5).batch(16).checkpoint(file, 1));
      assertArrayEquals(expected, model.predict(data.inputs(), SAMPLES).mean());
    }
  }

  @Test
  void theNetworkOfThePaperHasItsDimension() {
    BhnBuilder paper =
        Bhn.classifier(new Image(32, 32, 3), 10)
            .conv(192, 5)
            .conv(192, 5)
            .maxPool(2)
            .conv(192, 5)
            .conv(192, 5)
            .maxPool(2)
            .hidden(1000);
    assertEquals(4 * 192 + 1000 + 10, paper.network().units());
    assertEquals(new Image(2, 2, 192), paper.network().layers().get(5).result());
  }

  @Test
  void imagesMayGoToDenseLayersAtOnce() {
    try (Bhn model = Bhn.classifier(IMAGE, 3).build(backend)) {
      assertEquals(3, model.predict(new float[64], 3).mean().length);
    }
  }

  @Test
  void layersThatDoNotFitAreExplained() {
    refused(
        "layer 0, conv: a kernel of 9 x 9 does not fit", () -> Bhn.classifier(IMAGE, 3).conv(4, 9));
    refused("image of 3 x 3", () -> Bhn.classifier(IMAGE, 3).conv(4, 6).conv(4, 4));
    refused(
        "layer 1, maxPool: a window of 7", () -> Bhn.classifier(IMAGE, 3).conv(4, 3).maxPool(7));
    refused("Padding.SAME", () -> Bhn.classifier(IMAGE, 3).conv(4, 9));
    refused("out = 0", () -> Bhn.classifier(IMAGE, 3).conv(0, 3));
    refused("new Image", () -> Bhn.classifier(64, 3).conv(4, 3));
    refused("new Image", () -> Bhn.classifier(64, 3).maxPool(2));
    refused("conv after hidden", () -> Bhn.classifier(IMAGE, 3).hidden(4).conv(4, 3));
    refused("inputs is null", () -> Bhn.classifier((Image) null, 3));
    refused("pooling", () -> Bhn.classifier(IMAGE, 3).maxPool(2).build(backend));
    refused("0 x 8 x 1", () -> new Image(0, 8, 1));
  }

  private static void refused(String words, Runnable call) {
    String message = assertThrows(RuntimeException.class, call::run).getMessage();
    assertTrue(message.contains(words), message);
  }

  @Test
  void planesBecomePixels() {
    float[] planes = {1, 2, 3, 4, 10, 20, 30, 40, 5, 6, 7, 8, 50, 60, 70, 80};
    float[] pixels = {1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60, 7, 70, 8, 80};
    assertArrayEquals(pixels, new Image(2, 2, 2).channelsLast(planes));
    refused("7 values", () -> new Image(2, 2, 2).channelsLast(new float[7]));
    refused("planes has no", () -> new Image(2, 2, 2).channelsLast(null));
  }
}
