package org.bhn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Device;
import org.bhn.backend.Padding;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.nn.Image;
import org.bhn.posterior.Posterior;
import org.bhn.train.Fit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Small convolutional networks on the best device: a few steps, the first recorded and the others
 * replayed, since emulated devices are slow. What they learn is {@link ImageModelTest}'s.
 */
class ImageDeviceTest {
  private static final int SAMPLES = 3;
  private static final Fit FIT = Fit.epochs(2).batch(8).samples(2).learningRate(1e-3);
  private static final Dataset DATA = TestData.lines(24, 4);

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
        Posterior.weightNorm(Flows.iaf(1).hidden(4)),
        Posterior.meanField(),
        Posterior.dropout(0.2),
        Posterior.point());
  }

  /** With kernels that need as many zeros on both sides, and such that do not. */
  private static Bhn build(Posterior posterior, Backend backend) {
    return Bhn.classifier(new Image(8, 8, 1), 3)
        .conv(3, 3)
        .maxPool(2)
        .conv(4, 2, 1, Padding.SAME)
        .conv(5, 3, 2, Padding.SAME)
        .posterior(posterior)
        .seed(5)
        .build(backend);
  }

  private static float[] fitted(Posterior posterior, Backend backend) {
    try (Bhn model = build(posterior, backend)) {
      model.fit(DATA, FIT);
      return model.predict(DATA.inputs(), SAMPLES).mean();
    }
  }

  @ParameterizedTest
  @MethodSource("posteriors")
  void theSameModelAsPlainJavaTrainsAndTwiceTheSameBits(Posterior posterior) {
    float[] first = fitted(posterior, backend);
    assertArrayEquals(first, fitted(posterior, backend));
    try (Backend java = Backends.open(Device.JAVA)) {
      // Six steps of Adam of 1e-3: where a gradient is nearly 0, its sign may differ.
      assertArrayEquals(fitted(posterior, java), first, 5e-3f);
    }
  }

  @ParameterizedTest
  @MethodSource("posteriors")
  void reloadedPredictionsAreTheSameBits(Posterior posterior) throws Exception {
    Path file = directory.resolve("model.safetensors");
    Path again = directory.resolve("again.safetensors");
    float[] expected;
    try (Bhn model = build(posterior, backend)) {
      model.fit(DATA, FIT);
      model.save(file);
      expected = model.predict(DATA.inputs(), SAMPLES).mean();
    }
    try (Bhn model = Bhn.load(file, backend)) {
      assertArrayEquals(expected, model.predict(DATA.inputs(), SAMPLES).mean());
      model.save(again);
      assertEquals(-1, Files.mismatch(file, again), "saving again gives the same file");
    }
  }
}
