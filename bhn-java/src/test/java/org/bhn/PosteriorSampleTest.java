package org.bhn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Precision;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.predict.Predictive;
import org.bhn.train.Fit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Weights that are drawn once predict what weights drawn for each call do. */
class PosteriorSampleTest {
  private static final Dataset DATA = TestData.blobs(40, 3, 4);

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
      for (int samples : new int[] {1, 37}) {
        try (PosteriorSample sample = model.draw(samples, 11);
            PosteriorSample own = model.draw(samples)) {
          assertEquals(samples, sample.samples());
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
      String message =
          assertThrows(IllegalStateException.class, () -> before.predict(DATA.inputs()))
              .getMessage();
      assertTrue(message.contains("draw others by Bhn.draw"), message);
      try (PosteriorSample after = model.draw(5)) {
        assertFalse(Arrays.equals(old, after.predict(DATA.inputs()).mean()));
      }
    }
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
