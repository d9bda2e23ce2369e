package org.bhn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Device;
import org.bhn.backend.Padding;
import org.bhn.bayes.Likelihood;
import org.bhn.bayes.Priors;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.nn.Image;
import org.bhn.posterior.Posterior;
import org.bhn.train.Fit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A saved model is the whole distribution. */
class SaveLoadTest {
  private static final int SAMPLES = 25;

  @TempDir Path directory;

  static Stream<BhnBuilder> models() {
    return Stream.of(
        Bhn.classifier(2, 3).hidden(9).posterior(Posterior.weightNorm(Flows.iaf(2).hidden(7))),
        Bhn.classifier(2, 3)
            .hidden(5, 6)
            .posterior(Posterior.weightNorm(Flows.coupling(3).shuffle(true).hidden(7)))
            .prior(Priors.mixture(0.5, 1, 0.1)),
        Bhn.classifier(2, 3).hidden(4).posterior(Posterior.full(Flows.iaf(1).hidden(7))),
        Bhn.classifier(2, 3).hidden(4).posterior(Posterior.meanField()).prior(Priors.laplace(1)),
        Bhn.classifier(2, 3).hidden(8).posterior(Posterior.dropout(0.3)),
        Bhn.classifier(2, 3).posterior(Posterior.point()));
  }

  @ParameterizedTest
  @MethodSource("models")
  void reloadedPredictionsAreTheSameBits(BhnBuilder builder) {
    Dataset data = TestData.blobs(60, 3, 1);
    Path file = directory.resolve("model.safetensors");
    try (Backend backend = Backends.best()) {
      float[] expected;
      try (Bhn model = builder.seed(11).build(backend)) {
        model.fit(data, Fit.epochs(3));
        model.save(file);
        expected = model.predict(data.inputs(), SAMPLES).mean();
      }
      try (Bhn model = Bhn.load(file, backend)) {
        assertArrayEquals(expected, model.predict(data.inputs(), SAMPLES).mean());
        Path again = directory.resolve("again.safetensors");
        model.save(again);
        assertEquals(-1, Files.mismatch(file, again), "saving again gives the same file");
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  /** What is trained further meets batches and noise it has not met before. */
  @Test
  void aReloadedModelTrainsOnAsIfItHadNotBeenSaved() {
    Dataset data = TestData.blobs(60, 3, 1);
    Path file = directory.resolve("model.safetensors");
    try (Backend backend = Backends.best();
        Bhn model = Bhn.classifier(2, 3).hidden(9).seed(1).build(backend)) {
      model.fit(data, Fit.epochs(2));
      model.save(file);
      try (Bhn loaded = Bhn.load(file, backend)) {
        model.fit(data, Fit.epochs(2));
        loaded.fit(data, Fit.epochs(2));
        for (int i = 0; i < model.network().params().size(); i++) {
          assertArrayEquals(
              model.network().params().get(i).get(), loaded.network().params().get(i).get());
        }
      }
    }
  }

  @Test
  void regressionKeepsItsLearnedNoise() {
    Dataset data = TestData.sine(80, 0.1, 2);
    Path file = directory.resolve("model.safetensors");
    try (Backend backend = Backends.best();
        Bhn model =
            Bhn.of(1, Likelihood.gaussianLearned(1, 0.5)).hidden(8).seed(2).build(backend)) {
      model.fit(data, Fit.epochs(5));
      model.save(file);
      double[] expected = model.predict(data.inputs(), SAMPLES).predictiveStd();
      try (Bhn loaded = Bhn.load(file, backend)) {
        assertArrayEquals(expected, loaded.predict(data.inputs(), SAMPLES).predictiveStd());
      }
    }
  }

  /** Nothing of what the builder was told is lost on the way. */
  @Test
  void aFileThatIsSavedAgainIsTheSame() throws Exception {
    Stream<BhnBuilder> more =
        Stream.of(
            Bhn.classifier(2, 3)
                .hidden(3)
                .activation(Activation.GELU)
                .bias(false)
                .posterior(
                    Posterior.full(
                        Flows.coupling(1).hidden(4).initialStd(0.2).delta(0.01).weightNorm(false))),
            Bhn.classifier(new Image(8, 8, 1), 3)
                .conv(2, 3, 2, Padding.SAME)
                .maxPool(2)
                .hidden(4)
                .seed(-7));
    for (BhnBuilder builder : Stream.concat(models(), more).toList()) {
      Path first = directory.resolve("first.safetensors");
      Path again = directory.resolve("again.safetensors");
      try (Backend backend = Backends.best()) {
        try (Bhn model = builder.build(backend)) {
          model.save(first);
        }
        try (Bhn model = Bhn.load(first, backend)) {
          model.save(again);
        }
      }
      assertEquals(-1, Files.mismatch(first, again));
    }
  }

  @Test
  void whatTheBuilderWasGivenMayChange() {
    int[] hidden = {4};
    BhnBuilder builder = Bhn.classifier(2, 3).hidden(hidden);
    hidden[0] = 9;
    assertEquals(4 + 3, builder.network().units());
  }

  @Test
  void aFileMayLieInAZip() throws Exception {
    Path zip = directory.resolve("models.zip");
    float[] x = {1, 2};
    try (Backend backend = Backends.best();
        Bhn model = Bhn.classifier(2, 3).hidden(4).seed(3).build(backend);
        FileSystem files = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      model.save(files.getPath("model.safetensors"));
      try (Bhn again = Bhn.load(files.getPath("model.safetensors"), backend)) {
        assertArrayEquals(model.predict(x, 3).mean(), again.predict(x, 3).mean());
      }
    }
  }

  @Test
  void anInterruptedThreadIsNamedAsTheReason() {
    try (Backend backend = Backends.best();
        Bhn model = Bhn.classifier(2, 3).build(backend)) {
      Path file = directory.resolve("interrupted.safetensors");
      Thread.currentThread().interrupt();
      String message =
          assertThrows(UncheckedIOException.class, () -> model.save(file)).getMessage();
      assertTrue(Thread.interrupted());
      assertTrue(message.contains("the thread was interrupted"), message);
    }
  }

  @Test
  void eachDeviceReadsTheOthersFiles() {
    Dataset data = TestData.blobs(60, 3, 1);
    try (Backend java = Backends.open(Device.JAVA);
        Backend best = Backends.best()) {
      Backend[] backends = {java, best};
      for (int i = 0; i < 2; i++) {
        Path file = directory.resolve("from" + i + ".safetensors");
        try (Bhn model = Bhn.classifier(2, 3).hidden(9).seed(3).build(backends[i])) {
          model.fit(data, Fit.epochs(3));
          model.save(file);
          float[] expected = model.predict(data.inputs(), SAMPLES).mean();
          try (Bhn loaded = Bhn.load(file, backends[1 - i])) {
            assertArrayEquals(expected, loaded.predict(data.inputs(), SAMPLES).mean(), 1e-4f);
          }
        }
      }
    }
  }

  /** Prints the predictions of a model file; run in a process of its own. */
  public static final class Child {
    private Child() {}

    /** Arguments: file. */
    public static void main(String[] args) {
      Dataset data = TestData.blobs(60, 3, 1);
      try (Backend backend = Backends.best();
          Bhn model = Bhn.load(Path.of(args[0]), backend)) {
        System.out.println("mean " + Arrays.hashCode(bits(model, data)));
      }
    }
  }

  private static int[] bits(Bhn model, Dataset data) {
    float[] mean = model.predict(data.inputs(), SAMPLES).mean();
    int[] bits = new int[mean.length];
    Arrays.setAll(bits, i -> Float.floatToRawIntBits(mean[i]));
    return bits;
  }

  @Test
  void aFreshProcessPredictsTheSameBits() throws Exception {
    Dataset data = TestData.blobs(60, 3, 1);
    Path file = directory.resolve("model.safetensors");
    int expected;
    try (Backend backend = Backends.best();
        Bhn model = Bhn.classifier(2, 3).hidden(9).seed(3).build(backend)) {
      model.fit(data, Fit.epochs(3));
      model.save(file);
      expected = Arrays.hashCode(bits(model, data));
    }
    String output = Processes.run(Child.class, file.toString());
    assertTrue(output.contains("mean " + expected), output);
  }
}
