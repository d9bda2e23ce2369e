package org.bhn.predict;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.JavaBackend;
import org.bhn.backend.Precision;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients by the inputs, and the draws of probabilities that they are gradients of. */
class SensitivityTest {
  private static final int SAMPLES = 40; // more than go backwards at once
  private static final long SEED = 11;

  static Stream<Posterior> posteriors() {
    return Stream.of(
        Posterior.weightNorm(Flows.iaf(2).hidden(8)),
        Posterior.full(Flows.affine()),
        Posterior.dropout(0.4),
        Posterior.point());
  }

  private static Bhn model(Posterior posterior, Backend backend) {
    return Bhn.classifier(3, 4).hidden(9, 7).posterior(posterior).seed(2).build(backend);
  }

  /** log p̄(y|x) of one row, in double, by its own way through the network. */
  private static double logMean(
      Predictor predictor, Bhn model, Backend own, double[] x, int label) {
    var net = model.network();
    int samples = net.posterior().isRandom() ? SAMPLES : 1;
    Tensor in = own.allocate(DType.REAL, 1, x.length);
    own.upload(in, x);
    Tensor drawn = predictor.draw(SEED, 0, samples);
    Tape tape = Tape.inference(own);
    Tensor out =
        net.posterior()
            .forward(
                tape,
                predictor.use(tape, SEED, drawn, 0, 0, samples),
                tape.constant(in),
                samples,
                0)
            .value();
    double[] logits = new double[out.size()];
    own.download(out, logits);
    own.release(in);
    double sum = 0;
    for (int s = 0; s < samples; s++) {
      double[] row = Arrays.copyOfRange(logits, 4 * s, 4 * s + 4);
      sum += Math.exp(row[label]) / Arrays.stream(row).map(Math::exp).sum() / samples;
    }
    return Math.log(sum);
  }

  @ParameterizedTest
  @MethodSource("posteriors")
  void agreesWithFiniteDifferences(Posterior posterior) {
    try (Backend backend = JavaBackend.open();
        Bhn model = model(posterior, backend);
        Backend own = backend.fork();
        Predictor predictor = new Predictor(own, model.network())) {
      SplittableRandom random = new SplittableRandom(5);
      // The first row of each call only: a dropout mask belongs to its row.
      for (int label = 0; label < 4; label++) {
        float[] x = new float[3];
        for (int i = 0; i < x.length; i++) {
          x[i] = (float) random.nextDouble(-1, 1);
        }
        double[] gradient = predictor.inputGradient(x, new int[] {label}, SAMPLES, SEED).values();
        double[] differences = new double[3];
        for (int i = 0; i < x.length; i++) {
          double h = 1e-6;
          double[] up = {x[0], x[1], x[2]};
          double[] down = up.clone();
          up[i] += h;
          down[i] -= h;
          differences[i] =
              (logMean(predictor, model, own, up, label)
                      - logMean(predictor, model, own, down, label))
                  / (2 * h);
        }
        assertArrayEquals(differences, gradient, 1e-7);
        assertTrue(Arrays.stream(gradient).anyMatch(g -> Math.abs(g) > 1e-3), "no gradient at all");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("posteriors")
  void theDefaultBackendAgreesWithDoubleAndLeavesParametersAlone(Posterior posterior) {
    float[] x = new float[3 * 50];
    int[] labels = new int[50];
    SplittableRandom random = new SplittableRandom(6);
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextDouble(-1, 1);
      labels[i / 3] = i % 4;
    }
    double[][] gradients = new double[2][];
    for (int run = 0; run < 2; run++) {
      try (Backend backend = run == 0 ? JavaBackend.open() : Backends.best();
          Bhn model = model(posterior, backend)) {
        double[][] before = gradientsOf(model, backend);
        gradients[run] = model.inputGradient(x, labels, SAMPLES, SEED).values();
        assertArrayEquals(
            before, gradientsOf(model, backend), "parameters' gradients were touched");
      }
    }
    assertArrayEquals(gradients[0], gradients[1], 1e-3);
  }

  private static double[][] gradientsOf(Bhn model, Backend backend) {
    return model.network().params().stream().map(p -> marked(p, backend)).toArray(double[][]::new);
  }

  private static double[] marked(Param p, Backend backend) {
    double[] values = new double[p.size()];
    backend.download(p.gradient(), values);
    return values;
  }

  /** Logits a = x·w for w = (gap, 0): the label's probability differs from 1 by e^−gap. */
  private static Bhn sure(Backend backend, double gap) {
    Bhn model =
        Bhn.classifier(2, 3).bias(false).posterior(Posterior.point()).seed(1).build(backend);
    model.network().params().get(0).set(new double[] {gap, 1, 0, 0, 0, 2});
    return model;
  }

  @Test
  void aSureClassifierHasADirectionWhereItsProbabilitiesHaveNone() {
    float[] x = {1, 0};
    try (Backend backend = Backends.best();
        Bhn model = sure(backend, 800)) {
      float[] p = model.predict(x, 1).mean();
      assertArrayEquals(new float[] {1, 0, 0}, p, 0, "∇p_y = p_y (1 − p_y) … is 0 here");
      InputGradient right = model.inputGradient(x, new int[] {0}, 1, 1);
      // ∇ log p_0 = e^−800 (2·800 , 2·1 − 2): rows of w as (w_0 − w_1) + (w_0 − w_2).
      assertEquals(-800, right.logScale()[0] - Math.log(2), 1e-3);
      assertArrayEquals(new double[] {800, 0}, right.direction(), 1e-3);
      assertArrayEquals(new double[] {0, 0}, right.values(), 0);
      // Where the label has no probability left, that of its logarithm is large.
      InputGradient wrong = model.inputGradient(x, new int[] {2}, 1, 1);
      assertArrayEquals(new double[] {-800, 1}, wrong.values(), 1e-2);
    }
  }

  @ParameterizedTest
  @MethodSource("posteriors")
  void probabilitiesAreThoseThatPredictionsAverage(Posterior posterior) {
    float[] x = {0.3f, -1, 0.5f, 2, 0.1f, 0, 0.3f, -1, 0.5f};
    try (Backend backend = Backends.best();
        Bhn model = model(posterior, backend)) {
      Predictive predictive = model.predict(x, SAMPLES, SEED);
      float[][][] draws = model.sampleProbabilities(x, SAMPLES, SEED);
      assertEquals(predictive.samples(), draws.length);
      assertEquals(3, draws[0].length);
      for (float[][] sample : draws) {
        // Equal rows under one set of weights, and under one dropout mask, are equal.
        assertArrayEquals(sample[0], sample[2], 1e-6f);
      }
      // Dropout masks of a prediction differ by row; those of the first are the same.
      int rows = posterior instanceof Posterior.Dropout ? 1 : 3;
      for (int i = 0; i < rows * 4; i++) {
        double mean = 0;
        for (float[][] sample : draws) {
          mean += sample[i / 4][i % 4] / draws.length;
        }
        assertEquals(predictive.mean()[i], mean, 1e-6);
      }
    }
  }

  @Test
  void gradientsDoNotDependOnHowRowsAreCut() {
    int rows = 9000; // more than go backwards at once
    float[] x = new float[3 * rows];
    int[] labels = new int[rows];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) Math.sin(i);
      labels[i / 3] = i % 4;
    }
    try (Backend backend = Backends.best();
        Bhn model = model(Posterior.weightNorm(Flows.iaf(1).hidden(8)), backend)) {
      double[] all = model.inputGradient(x, labels, 32, SEED).values();
      int from = rows - 10;
      double[] last =
          model
              .inputGradient(
                  Arrays.copyOfRange(x, 3 * from, 3 * rows),
                  Arrays.copyOfRange(labels, from, rows),
                  32,
                  SEED)
              .values();
      assertArrayEquals(Arrays.copyOfRange(all, 3 * from, 3 * rows), last, 1e-6);
    }
  }

  @Test
  void probabilitiesDoNotDependOnHowRowsAreCut() {
    float[] x = new float[3 * 20];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) Math.sin(i);
    }
    for (Posterior posterior : posteriors().toList()) {
      try (Backend backend = Backends.best();
          Bhn model = model(posterior, backend)) {
        model.precision(Precision.STRICT);
        float[][][] all = model.sampleProbabilities(x, 5, SEED);
        float[][][] last = model.sampleProbabilities(Arrays.copyOfRange(x, 57, 60), 5, SEED);
        for (int s = 0; s < last.length; s++) {
          assertArrayEquals(all[s][19], last[s][0], 1e-6f);
        }
      }
    }
  }
}
