package org.bhn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Precision;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.nn.Image;
import org.bhn.posterior.Posterior;
import org.bhn.predict.Predictive;
import org.bhn.train.Fit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Weights that are drawn once predict what weights drawn for each call do. */
class PosteriorSampleTest {
  private static final Dataset DATA = TestData.blobs(40, 3, 4);
  private static final boolean LARGE =
      Boolean.parseBoolean(System.getProperty("bhn.test.large", "true"));

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
        Posterior.dropout(0.2),
        Posterior.point());
  }

  private Bhn classifier(Posterior posterior) {
    return Bhn.classifier(2, 3).hidden(16, 16).posterior(posterior).seed(5).build(backend);
  }

  private static void same(Predictive expected, Predictive got) {
    assertArrayEquals(expected.mean(), got.mean());
    assertArrayEquals(expected.entropy(), got.entropy());
    assertArrayEquals(expected.mutualInformation(), got.mutualInformation());
    assertEquals(expected.samples(), got.samples());
  }

  @ParameterizedTest
  @MethodSource("posteriors")
  void predictsTheSameBits(Posterior posterior) {
    try (Bhn model = classifier(posterior)) {
      model.fit(DATA, Fit.epochs(2));
      float[] one = Arrays.copyOf(DATA.inputs(), 2);
      for (int samples : new int[] {1, 37, 200}) { // 128 pass the flow at once
        try (PosteriorSample sample = model.draw(samples, 11);
            PosteriorSample own = model.draw(samples)) {
          boolean random = model.network().posterior().isRandom();
          assertEquals(random ? samples : 1, sample.samples());
          assertEquals(11, sample.seed());
          for (int repeat = 0; repeat < 2; repeat++) {
            same(model.predict(DATA.inputs(), samples, 11), sample.predict(DATA.inputs()));
            same(model.predict(one, samples, 11), sample.predict(one));
            same(model.predict(one, samples), own.predict(one));
            assertEquals(0, sample.predict(new float[0]).rows());
          }
        }
      }
    }
  }

  /**
   * Weights so many that draws are kept in blocks of 256 and pass the flow by 16. A convolution
   * rounds otherwise for another number of images at once, so the blocks must be the same.
   */
  @Test
  void imagesPredictTheSameBitsInBlocks() {
    int samples = LARGE ? 271 : 20;
    int images = LARGE ? 40 : 2;
    Image shape = new Image(12, 12, 3);
    BhnBuilder network = Bhn.classifier(shape, 3).conv(32, 3).conv(64, 3).maxPool(8);
    SplittableRandom random = new SplittableRandom(1);
    try (Bhn model =
            network
                .hidden(17_000)
                .posterior(Posterior.weightNorm(Flows.affine()))
                .seed(3)
                .build(backend);
        PosteriorSample sample = model.draw(samples)) {
      for (int i = 0; i < images; i++) {
        float[] x = new float[12 * 12 * 3];
        for (int k = 0; k < x.length; k++) {
          x[k] = (float) random.nextDouble();
        }
        same(model.predict(x, samples), sample.predict(x));
      }
    }
  }

  @Test
  void anyNumbersOfRowsAreServed() {
    try (Bhn model = classifier(Posterior.weightNorm(Flows.affine()));
        PosteriorSample sample = model.draw(2)) {
      for (int rows = DATA.rows(); rows > 0; rows--) { // more than it stays prepared for
        float[] x = Arrays.copyOf(DATA.inputs(), 2 * rows);
        same(model.predict(x, 2), sample.predict(x));
      }
    }
  }

  @Test
  void regressionsPredictTheSameBits() {
    Dataset data = TestData.sine(30, 0.2, 1);
    Posterior posterior = Posterior.weightNorm(Flows.iaf(1).hidden(8));
    try (Bhn model = Bhn.regressor(1, 1).hidden(16).posterior(posterior).build(backend);
        PosteriorSample sample = model.draw(20)) {
      Predictive expected = model.predict(data.inputs(), 20);
      Predictive got = sample.predict(data.inputs());
      assertArrayEquals(expected.mean(), got.mean());
      assertArrayEquals(expected.predictiveStd(), got.predictiveStd());
    }
  }

  @Test
  void keepsThePrecisionItWasDrawnWith() {
    try (Bhn model = classifier(Posterior.weightNorm(Flows.iaf(1).hidden(8)))) {
      Predictive strict = model.predict(DATA.inputs(), 20);
      Predictive fast = model.precision(Precision.FAST).predict(DATA.inputs(), 20);
      try (PosteriorSample sample = model.draw(20)) {
        model.precision(Precision.STRICT);
        same(fast, sample.predict(DATA.inputs()));
        same(strict, model.predict(DATA.inputs(), 20));
      }
    }
  }

  @Test
  void manyThreadsPredictAtOnce() throws Exception {
    try (Bhn model = classifier(Posterior.weightNorm(Flows.iaf(2).hidden(16)));
        PosteriorSample sample = model.draw(20);
        ExecutorService pool = Executors.newFixedThreadPool(4)) {
      Predictive expected = model.predict(DATA.inputs(), 20);
      List<Future<Predictive>> results = new ArrayList<>();
      for (int i = 0; i < 32; i++) {
        results.add(pool.submit(() -> sample.predict(DATA.inputs())));
      }
      for (Future<Predictive> result : results) {
        same(expected, result.get());
      }
    }
  }

  @Test
  void trainingEndsItsUse() {
    try (Bhn model = classifier(Posterior.weightNorm(Flows.affine()));
        PosteriorSample before = model.draw(5)) {
      float[] old = before.predict(DATA.inputs()).mean();
      model.fit(DATA, Fit.epochs(1));
      String message = refusal(() -> before.predict(DATA.inputs()));
      assertTrue(message.contains("draw others by Bhn.draw"), message);
      try (PosteriorSample after = model.draw(5)) {
        assertFalse(Arrays.equals(old, after.predict(DATA.inputs()).mean()));
      }
    }
  }

  @Test
  void aRefusedTrainingChangesNothing() {
    Dataset wide = Dataset.classification(new float[9], 3, new int[3], 3);
    try (Bhn model = classifier(Posterior.weightNorm(Flows.affine()));
        PosteriorSample sample = model.draw(5)) {
      Predictive before = sample.predict(DATA.inputs());
      assertThrows(IllegalArgumentException.class, () -> model.fit(wide, Fit.epochs(1)));
      same(before, sample.predict(DATA.inputs()));
    }
  }

  @Test
  void aListenerCannotDraw() {
    List<String> messages = new ArrayList<>();
    try (Bhn model = classifier(Posterior.weightNorm(Flows.affine()));
        PosteriorSample before = model.draw(5)) {
      Fit fit =
          Fit.epochs(1)
              .listener(
                  epoch -> {
                    messages.add(refusal(() -> model.draw(5)));
                    messages.add(refusal(() -> before.predict(DATA.inputs())));
                  });
      model.fit(DATA, fit);
      assertEquals(2, messages.size());
      assertTrue(messages.get(0).contains("draw when fit has returned"), messages.get(0));
      assertTrue(messages.get(1).contains("draw others by Bhn.draw"), messages.get(1));
      model.draw(5).close();
    }
  }

  private static String refusal(Executable call) {
    return assertThrows(IllegalStateException.class, call).getMessage();
  }

  @Test
  void wrongUseIsExplained() {
    Bhn model = classifier(Posterior.meanField());
    assertThrows(IllegalArgumentException.class, () -> model.draw(0));
    PosteriorSample closed = model.draw(2);
    assertThrows(IllegalArgumentException.class, () -> closed.predict(new float[3]));
    assertThrows(IllegalArgumentException.class, () -> closed.predict(null));
    closed.close();
    closed.close();
    assertThrows(IllegalStateException.class, () -> closed.predict(new float[2]));
    PosteriorSample orphan = model.draw(2);
    model.close();
    assertThrows(IllegalStateException.class, () -> orphan.predict(new float[2]));
    assertThrows(IllegalStateException.class, () -> model.draw(2));
    orphan.close();
  }
}
