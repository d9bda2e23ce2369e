package org.bhn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.bhn.active.BatchBald;
import org.bhn.adversary.Attack;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Conditioner;
import org.bhn.bayes.Likelihood;
import org.bhn.bayes.Priors;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.nn.Conv2d;
import org.bhn.nn.Dense;
import org.bhn.nn.Image;
import org.bhn.nn.MaxPool;
import org.bhn.nn.Network;
import org.bhn.posterior.Posterior;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.bhn.train.Fit;
import org.junit.jupiter.api.Test;

/**
 * Wrong calls of the public API, with random wrong values: each must be refused by an exception
 * that names the argument, and the JVM must live on with models and memory intact. The ops
 * themselves are under the same test in {@code CheckTest}.
 */
class WrongUseTest {
  private static final int CALLS = 100_000;
  private static final double[] BAD_REALS = {
    Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, -1, -1e300, 1e300
  };
  private static final int[] BAD_COUNTS = {0, -1, -7, Integer.MIN_VALUE};
  private static final int[] HUGE = {Integer.MAX_VALUE, 1 << 30, 2_000_000_000};

  private final SplittableRandom random = new SplittableRandom(17);
  private final List<Wrong> wrongs = new ArrayList<>();

  /** A call that must fail, and the word its message must hold. */
  private record Wrong(String word, Runnable call) {}

  private void wrong(String word, Runnable call) {
    wrongs.add(new Wrong(word, call));
  }

  private double badReal() {
    return BAD_REALS[random.nextInt(BAD_REALS.length)];
  }

  private int badCount() {
    return BAD_COUNTS[random.nextInt(BAD_COUNTS.length)];
  }

  private int badLabel() {
    return random.nextBoolean() ? -1 - random.nextInt(9) : 3 + random.nextInt(9);
  }

  private int huge() {
    return HUGE[random.nextInt(HUGE.length)];
  }

  private float[] withBad(int n) {
    float[] values = new float[n];
    values[random.nextInt(n)] = random.nextBoolean() ? Float.NaN : Float.POSITIVE_INFINITY;
    return values;
  }

  @Test
  void aHundredThousandWrongCallsAreRefusedByName() {
    try (Backend backend = Backends.best();
        Bhn model = Bhn.classifier(2, 3).hidden(4).seed(1).build(backend);
        Bhn real =
            Bhn.of(1, Likelihood.gaussian(1, 1))
                .posterior(Posterior.meanField())
                .seed(1)
                .build(backend)) {
      float[] probe = {0.3f, -0.2f, 1, 2};
      int before = java.util.Arrays.hashCode(model.predict(probe, 9).mean());
      Bhn closed = Bhn.classifier(2, 3).build(backend);
      closed.close();
      specifications();
      data(model, real);
      models(model, closed);
      memory(backend);
      for (int i = 0; i < CALLS; i++) {
        Wrong wrong = wrongs.get(random.nextInt(wrongs.size()));
        refused(wrong);
      }
      int after = java.util.Arrays.hashCode(model.predict(probe, 9).mean());
      assertEquals(before, after, "the model must be untouched");
    }
  }

  private static void refused(Wrong wrong) {
    try {
      wrong.call.run();
    } catch (IllegalArgumentException
        | IllegalStateException
        | UnsupportedOperationException
        | IndexOutOfBoundsException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.contains(wrong.word), "«" + wrong.word + "» is not named: " + message);
      return;
    } catch (RuntimeException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.contains(wrong.word), e.getClass() + " without name: " + message);
      return;
    }
    fail("accepted a wrong " + wrong.word);
  }

  private void specifications() {
    wrong("inputs", () -> Bhn.classifier(badCount(), 3));
    wrong("classes", () -> Bhn.classifier(2, badCount()));
    wrong("classes", () -> Bhn.classifier(2, huge()));
    wrong("targets", () -> Bhn.regressor(2, badCount()));
    wrong("likelihood", () -> Bhn.of(2, null));
    wrong("hidden", () -> Bhn.classifier(2, 3).hidden(5, badCount()));
    wrong("hidden", () -> Bhn.classifier(2, 3).hidden((int[]) null));
    wrong("posterior", () -> Bhn.classifier(2, 3).posterior(null));
    wrong("prior", () -> Bhn.classifier(2, 3).prior(null));
    wrong("activation", () -> Bhn.classifier(2, 3).activation(null));
    wrong("backend", () -> Bhn.classifier(2, 3).build(null));
    wrong("inputs", () -> new Dense(huge(), huge(), Activation.RELU, true));
    wrong("activation", () -> new Dense(1, 1, null, true));
    wrong("layers", () -> new Network(List.of()));
    wrong("image", () -> new Image(badCount(), 2, 1));
    wrong("inputs", () -> Bhn.regressor((Image) null, 1));
    wrong("out", () -> Bhn.classifier(new Image(4, 4, 1), 3).conv(badCount(), 3));
    wrong("kernel", () -> Bhn.classifier(new Image(4, 4, 1), 3).conv(2, badCount()));
    wrong("kernel", () -> Bhn.classifier(new Image(4, 4, 1), 3).conv(2, huge()));
    wrong("padding", () -> Bhn.classifier(new Image(4, 4, 1), 3).conv(2, 3, 1, null));
    wrong("window", () -> Bhn.classifier(new Image(4, 4, 1), 3).conv(2, 3).maxPool(badCount()));
    wrong("stride", () -> Bhn.classifier(new Image(4, 4, 1), 3).conv(2, 3).maxPool(2, badCount()));
    wrong("Image", () -> Bhn.classifier(16, 3).conv(2, 3));
    wrong("shape", () -> new Conv2d(null, Activation.RELU, true));
    wrong("shape", () -> new MaxPool(null));
    wrong("steps", () -> Flows.iaf(-1 - random.nextInt(100)));
    wrong("steps", () -> Flows.coupling(huge()));
    wrong("hidden", () -> Flows.iaf(2).hidden(badCount()));
    wrong("initialStd", () -> Flows.iaf(2).initialStd(-random.nextDouble() - 1e-3));
    wrong("delta", () -> Flows.iaf(2).delta(badReal()));
    wrong("flow", () -> Posterior.weightNorm(null));
    wrong("rate", () -> Posterior.dropout(badReal()));
    wrong("prior std", () -> Priors.normal(badReal()));
    wrong("prior b", () -> Priors.laplace(badReal()));
    wrong("weight", () -> Priors.mixture(badReal(), 1, 2));
    wrong("std", () -> Likelihood.gaussian(1, badReal()));
    wrong("epochs", () -> Fit.epochs(badCount()));
    wrong("batch", () -> Fit.epochs(1).batch(badCount()));
    wrong("samples", () -> Fit.epochs(1).samples(badCount()));
    wrong("learningRate", () -> Fit.epochs(1).learningRate(badReal()));
    wrong("decay", () -> Fit.epochs(1).decay(badReal()));
    wrong("klWarmup", () -> Fit.epochs(1).klWarmup(badReal()));
    wrong("temperature", () -> Fit.epochs(1).temperature(badReal()));
    wrong("validation", () -> Fit.epochs(1).validation(null));
    wrong("checkpoint", () -> Fit.epochs(1).checkpoint(null, 1));
    wrong("listener", () -> Fit.epochs(1).listener(null));
    wrong("epsilon", () -> Attack.fgs(badReal()));
    wrong("steps", () -> Attack.pgd(0.1, 0.1, badCount()));
    wrong("configurations", () -> new BatchBald(badCount()));
    wrong("conditioner", () -> Conditioner.dense(badCount(), 1, 1, true));
  }

  private void data(Bhn model, Bhn real) {
    wrong("inputs", () -> Dataset.classification(withBad(6), 2, new int[3], 3));
    wrong("columns", () -> Dataset.classification(new float[6], badCount(), new int[3], 3));
    wrong("labels", () -> Dataset.classification(new float[6], 2, new int[] {0, 1, 9}, 3));
    wrong("labels", () -> Dataset.classification(new float[6], 2, new int[4], 3));
    wrong("targets", () -> Dataset.regression(new float[6], 2, withBad(3), 1));
    Dataset narrow = TestData.sine(5, 0.1, 1);
    Dataset labelled = TestData.blobs(6, 3, 1);
    wrong("labels", () -> model.fit(wideTargets(), Fit.epochs(1)));
    wrong("columns", () -> model.fit(narrow, Fit.epochs(1)));
    wrong("train", () -> model.fit(null, Fit.epochs(1)));
    wrong("fit", () -> model.fit(labelled, null));
    wrong("perExample", () -> real.fit(narrow, Fit.epochs(1).perExample(true)));
    wrong("columns", () -> real.elbo(labelled, 3));
    wrong("samples", () -> real.elbo(narrow, badCount()));
    wrong("validation", () -> model.fit(labelled, Fit.epochs(1).validation(narrow)));
  }

  private static Dataset wideTargets() {
    return Dataset.regression(new float[4], 2, new float[2], 1);
  }

  private void models(Bhn model, Bhn closed) {
    wrong("inputs", () -> model.predict(null, 1));
    wrong("inputs", () -> model.predict(new float[1 + 2 * random.nextInt(50)], 1));
    wrong("inputs", () -> model.predict(withBad(8), 1));
    wrong("samples", () -> model.predict(new float[2], badCount()));
    wrong("samples", () -> model.predict(new float[2], huge()));
    wrong("samples", () -> model.sampleWeights(badCount(), 1));
    wrong("samples", () -> model.sampleProbabilities(new float[2], badCount(), 1));
    wrong("inputs", () -> model.sampleProbabilities(withBad(4), 1, 1));
    wrong("labels", () -> model.inputGradient(new float[4], new int[3], 1, 1));
    wrong("labels", () -> model.inputGradient(new float[2], new int[] {badLabel()}, 1, 1));
    wrong("inputs", () -> model.inputGradient(withBad(2), new int[1], 1, 1));
    wrong("closed", () -> closed.sampleProbabilities(new float[2], 1, 1));
    wrong("closed", () -> closed.inputGradient(new float[2], new int[1], 1, 1));
    wrong("closed", () -> closed.predict(new float[2], 1));
    wrong("closed", () -> closed.fit(TestData.blobs(6, 3, 1), Fit.epochs(1)));
    wrong("closed", () -> closed.sampleWeights(1, 1));
    wrong("closed", () -> closed.save(Path.of("nowhere.safetensors")));
    wrong("file", () -> model.save(null));
    wrong("file", () -> Bhn.load(null, null));
    wrong("no-such-file", () -> Bhn.load(Path.of("no-such-file"), model.network().backend()));
    wrong("no-such-folder", () -> model.save(Path.of("no-such-folder", "model.safetensors")));
    wrong("predictiveStd", () -> model.predict(new float[2], 1).predictiveStd());
    wrong("interval", () -> model.predict(new float[2], 1).interval(0.5));
  }

  private void memory(Backend backend) {
    Tensor released = backend.allocate(DType.REAL, 3);
    backend.release(released);
    Tensor live = backend.allocate(DType.REAL, 3, 4);
    wrong("dtype", () -> backend.allocate(null, 3));
    wrong("shape", () -> backend.allocate(DType.REAL, -1 - random.nextInt(9)));
    wrong("shape", () -> backend.allocate(DType.REAL, huge(), huge()));
    wrong("stale", () -> backend.fill(released, 1));
    wrong("x", () -> backend.fill(null, 1));
    wrong("belongs", () -> foreign(backend));
    wrong("to", () -> backend.upload(live, new float[random.nextInt(12)]));
    wrong("from", () -> backend.download(live, new double[13 + random.nextInt(12)]));
    wrong("columns", () -> live.columns(2, 5 + random.nextInt(9)));
    wrong("rows", () -> live.rows(-1, 2));
    wrong("view", () -> live.view(5, 4, 4));
    wrong("reshape", () -> live.reshape(5, 5));
  }

  private static void foreign(Backend backend) {
    try (Backend other = org.bhn.backend.JavaBackend.open()) {
      backend.fill(other.allocate(DType.REAL, 2), 1);
    }
  }
}
