package org.bhn.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bhn.Bhn;
import org.bhn.BhnBuilder;
import org.bhn.TestData;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.bayes.Likelihood;
import org.bhn.bayes.Priors;
import org.bhn.bayes.TensorFiles;
import org.bhn.data.Dataset;
import org.bhn.flow.FlowSpec;
import org.bhn.flow.Flows;
import org.bhn.io.FormatException;
import org.bhn.io.SafeTensors;
import org.bhn.posterior.Posterior;
import org.bhn.tape.Param;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A checkpoint is continued by its own training; others are told why not and keep their model. */
class OtherTrainingTest {
  private static final Dataset DATA = TestData.blobs(40, 3, 1);
  private static final FlowSpec FLOW = Flows.iaf(1).hidden(4);

  @TempDir Path directory;
  private Backend backend;
  private Path file;

  /** Another training and what is said of it. */
  record Other(BhnBuilder builder, Dataset data, Fit fit, String said) {
    Other(BhnBuilder builder, String said) {
      this(builder, DATA, settings(), said);
    }

    Other(Fit fit, String said) {
      this(model(), DATA, fit, said);
    }

    @Override
    public String toString() {
      return said;
    }
  }

  private static BhnBuilder model() {
    return Bhn.classifier(2, 3).hidden(5).posterior(Posterior.weightNorm(FLOW)).seed(8);
  }

  private static Fit settings() {
    return Fit.epochs(2).batch(16).validation(TestData.blobs(20, 3, 7));
  }

  static Stream<Other> others() {
    return Stream.of(
        new Other(model().prior(Priors.normal(2)), "prior: checkpoint normal(0, 1), model nor"),
        new Other(
            model().prior(Priors.mixture(0.5, 1, 0.25)),
            "checkpoint normal(0, 1), model mixture(0.5, 1, 0.25)"),
        new Other(model().activation(Activation.TANH), "activation: checkpoint relu, model tanh;"),
        new Other(model().bias(false), "bias: checkpoint true, model false;"),
        new Other(model().seed(9), "seed: checkpoint 8, model 9;"),
        new Other(model().hidden(5, 5), "hidden: checkpoint [5], model [5, 5];"),
        new Other(
            model().posterior(Posterior.weightNorm(FLOW.delta(0.01))),
            "posterior/flow/delta: checkpoint 0.001, model 0.01;"),
        new Other(
            model().posterior(Posterior.weightNorm(FLOW.hidden(6))),
            "posterior/flow/hidden: checkpoint 4, model 6;"),
        new Other(
            model().posterior(Posterior.weightNorm(FLOW.initialStd(0.5))),
            "posterior/flow/initial_std: checkpoint none, model 0.5;"),
        new Other(model().standardise(DATA), "scaling: checkpoint none, model {inputs={mean=["),
        new Other(
            model().posterior(Posterior.point()),
            "posterior: checkpoint weight_norm, model point;"),
        new Other(
            model(), TestData.blobs(40, 3, 2), settings(), "train: checkpoint 40 rows of crc32c "),
        new Other(
            settings().validation(TestData.blobs(20, 3, 6)), "validation: checkpoint 20 rows of "),
        new Other(Fit.epochs(2).batch(16), "validation: checkpoint 20 rows of "),
        new Other(
            settings().learningRate(0.1).batch(8),
            "batch: checkpoint 16, fit 8; examples_per_draw: checkpoint 16, fit 8; "
                + "learning_rate: checkpoint 0.001, fit 0.1;"));
  }

  @BeforeEach
  void train() {
    backend = Backends.best();
    file = directory.resolve("checkpoint.safetensors");
    try (Bhn model = model().build(backend)) {
      model.fit(DATA, settings().checkpoint(file, 1));
    }
  }

  @AfterEach
  void close() {
    backend.close();
  }

  @ParameterizedTest
  @MethodSource("others")
  void isRefusedAndItsModelUntouched(Other other) {
    try (Bhn model = other.builder.build(backend)) {
      String message = refused(model, other.data, other.fit);
      assertTrue(message.contains("another training"), message);
      assertTrue(message.contains(other.said), message);
      assertTrue(message.contains("remove the file"), message);
    }
  }

  @Test
  void anotherNoiseIsAnotherTraining() {
    Dataset data = TestData.sine(30, 0.1, 2);
    Path noise = file.resolveSibling("noise.safetensors");
    try (Bhn model = Bhn.of(1, Likelihood.gaussian(1, 0.5)).build(backend)) {
      model.fit(data, Fit.epochs(1).checkpoint(noise, 1));
    }
    file = noise;
    try (Bhn model = Bhn.of(1, Likelihood.gaussian(1, 0.25)).build(backend)) {
      String message = refused(model, data, Fit.epochs(1));
      assertTrue(message.contains("likelihood/std: checkpoint 0.5, model 0.25;"), message);
    }
  }

  @Test
  void ofLongListsTheFirstDifferenceIsNamed() {
    List<Object> written = List.of(0.0, 0.0, 0.0, 0.0, 0.0, 1.5, 2.5);
    List<Object> here = List.of(0.0, 0.0, 0.0, 0.0, 0.0, 1.5, 2.0);
    assertEquals(
        List.of("mean[6]: checkpoint 2.5, model 2"),
        TrainingIdentity.differences(
            Map.of("model", Map.of("mean", written)), Map.of("model", Map.of("mean", here))));
  }

  @Test
  void damageIsRefusedAndTheModelUntouched() throws IOException {
    byte[] good = Files.readAllBytes(file);
    try (Bhn model = model().build(backend)) {
      for (int at = 0; at < good.length; at += 61) {
        byte[] bad = good.clone();
        bad[at] ^= (byte) (1 << at % 8);
        Files.write(file, bad);
        refused(model, DATA, settings());
      }
    }
  }

  /** What nobody writes, but a checksum does not rule out. */
  @Test
  void whatDoesNotFitIsFoundBeforeAnythingIsUploaded() {
    Map<String, String> said =
        Map.of(
            "shape", "is expected",
            "value", "holds NaN",
            "missing", "no such tensor",
            "unknown", "unknown tensor",
            "history", "training.history",
            "best", "-2 is none of the",
            "later", "99 is none of the",
            "format", "1 where this version reads 4");
    said.forEach(
        (mistake, words) -> {
          rewrite(mistake);
          try (Bhn model = model().build(backend)) {
            String message = refused(model, DATA, settings());
            assertTrue(message.contains(words), message);
          }
        });
  }

  private String refused(Bhn model, Dataset data, Fit fit) {
    List<double[]> before = values(model);
    String message =
        assertThrows(FormatException.class, () -> model.fit(data, fit.checkpoint(file, 1)))
            .getMessage();
    List<double[]> after = values(model);
    for (int i = 0; i < before.size(); i++) {
      assertArrayEquals(before.get(i), after.get(i), message);
    }
    assertTrue(message.contains(file.getFileName().toString()), message);
    return message;
  }

  private static List<double[]> values(Bhn model) {
    List<double[]> all = new ArrayList<>();
    for (Param param : model.network().params()) {
      all.add(param.get());
    }
    all.add(new double[] {model.network().backend().itemLong(model.network().noiseCounter())});
    return all;
  }

  /** Writes the checkpoint again with a mistake in what is read last, and a good checksum. */
  private void rewrite(String mistake) {
    Path written = directory.resolve(mistake + ".safetensors");
    try (Bhn model = model().build(backend);
        SafeTensors.File open = SafeTensors.open(directory.resolve("checkpoint.safetensors"))) {
      String state = open.metadata().get("training");
      TensorFiles.Writer writer =
          new TensorFiles.Writer()
              .metadata(
                  "training",
                  switch (mistake) {
                    case "format" -> state.replace("\"format\": 4", "\"x\": 4");
                    case "best" -> state.replaceAll("(\"best_epoch\": )-?\\d+", "$1-2");
                    case "later" -> state.replaceAll("(\"best_epoch\": )-?\\d+", "$199");
                    default -> state;
                  });
      model
          .network()
          .posterior()
          .constants()
          .forEach((name, tensor) -> writer.add(backend, name, tensor));
      String last = "best." + model.network().params().getLast().name();
      for (SafeTensors.TensorInfo info : open.tensors().values()) {
        String name = info.name();
        long[] shape = info.dimensions();
        if (info.type() == SafeTensors.DType.I32) {
          continue;
        }
        double[] values = doubles(open, info);
        if (name.equals(last)) {
          switch (mistake) {
            case "missing" -> {
              continue;
            }
            case "value" -> values[0] = Double.NaN;
            case "shape" -> shape = new long[] {1, values.length};
            case "unknown" -> writer.add("unknown", values, shape);
            default -> {
              // Another tensor has it.
            }
          }
        }
        if (mistake.equals("history") && name.equals("training.history")) {
          shape = new long[] {shape[1], shape[0]};
        }
        writer.add(name, values, shape);
      }
      writer.write(written);
    }
    file = written;
  }

  private static double[] doubles(SafeTensors.File open, SafeTensors.TensorInfo info) {
    if (info.type() == SafeTensors.DType.F64) {
      return open.doubles(info.name());
    }
    float[] floats = open.floats(info.name());
    double[] values = new double[floats.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = floats[i];
    }
    return values;
  }

  @Test
  void fingerprintsTellDataApart() {
    int rows = 70_000; // more than are looked at in one go
    float[] x = new float[rows];
    float[] y = new float[rows];
    String before = Fingerprint.of(Dataset.regression(x, 1, y, 1));
    assertEquals(
        before,
        Fingerprint.of(
            Dataset.regression(new float[rows + 5], 1, new float[rows + 5], 1).slice(5, rows + 5)));
    x[rows - 1] = 1;
    String inputs = Fingerprint.of(Dataset.regression(x, 1, y, 1));
    x[rows - 1] = 0;
    y[rows - 1] = 1;
    String targets = Fingerprint.of(Dataset.regression(x, 1, y, 1));
    assertNotEquals(before, inputs);
    assertNotEquals(before, targets);
    assertNotEquals(inputs, targets);
    int[] labels = new int[rows];
    String zero = Fingerprint.of(Dataset.classification(x, 1, labels, 2));
    labels[rows - 1] = 1;
    assertNotEquals(zero, Fingerprint.of(Dataset.classification(x, 1, labels, 2)));
  }
}
