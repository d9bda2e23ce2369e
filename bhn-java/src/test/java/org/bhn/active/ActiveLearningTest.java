package org.bhn.active;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.LongFunction;
import org.bhn.Bhn;
import org.bhn.TestData;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.train.Fit;
import org.junit.jupiter.api.Test;

class ActiveLearningTest {
  /** Unsure, under two samples, of inputs with a small first coordinate. */
  private static final class Doubter implements Learner {
    private final List<Integer> trainedOn = new ArrayList<>();

    @Override
    public void train(Dataset labelled) {
      trainedOn.add(labelled.rows());
    }

    @Override
    public float[][][] draws(float[] inputs) {
      float[][][] draws = new float[2][inputs.length / 2][];
      for (int i = 0; i < inputs.length / 2; i++) {
        float p = (float) (1 / (1 + Math.exp(Math.abs(inputs[2 * i]))));
        draws[0][i] = new float[] {p, 1 - p, 0};
        draws[1][i] = new float[] {0, 1 - p, p};
      }
      return draws;
    }
  }

  @Test
  void whatIsAskedLeavesThePool() {
    Dataset pool = TestData.blobs(100, 3, 1);
    ActiveLearning learning =
        ActiveLearning.on(pool, Acquisition.bald()).batch(10).candidates(30).seed(4);
    learning.acquireRandom(5);
    Doubter doubter = new Doubter();
    List<Integer> left = new ArrayList<>();
    learning.run(doubter, 20, round -> left.add(round.remaining()));
    // 95 rows last for nine batches and a half; the model ends trained on all.
    assertEquals(List.of(95, 85, 75, 65, 55, 45, 35, 25, 15, 5, 0), left);
    assertEquals(List.of(5, 15, 25, 35, 45, 55, 65, 75, 85, 95, 100), doubter.trainedOn);
    int[] acquired = learning.acquired();
    assertEquals(100, Arrays.stream(acquired).distinct().count());
    assertArrayEquals(pool.select(acquired).inputs(), learning.labelled().inputs());
    assertArrayEquals(pool.select(acquired).labels(), learning.labelled().labels());
  }

  @Test
  void itAsksForWhatTheModelDoubts() {
    Dataset pool = TestData.blobs(200, 3, 2);
    ActiveLearning learning = ActiveLearning.on(pool, Acquisition.bald()).batch(7);
    int[] asked = learning.ask(new Doubter());
    double[] size = new double[200];
    Arrays.setAll(size, i -> Math.abs(pool.inputs()[2 * i]));
    double[] smallest = Arrays.stream(size).sorted().limit(7).toArray();
    assertArrayEquals(smallest, Arrays.stream(asked).mapToDouble(i -> size[i]).toArray());
    assertEquals(0, learning.acquired().length, "asking must not acquire");
    learning.acquire(asked);
    assertNotEquals(asked[0], learning.ask(new Doubter())[0]);
  }

  @Test
  void onlySoManyCandidatesAreLookedAt() {
    Dataset pool = TestData.blobs(500, 3, 2);
    ActiveLearning learning =
        ActiveLearning.on(pool, Acquisition.bald()).batch(5).candidates(40).seed(1);
    List<Integer> looked = new ArrayList<>();
    Doubter doubter = new Doubter();
    Learner watched =
        new Learner() {
          @Override
          public void train(Dataset labelled) {}

          @Override
          public float[][][] draws(float[] inputs) {
            looked.add(inputs.length / 2);
            return doubter.draws(inputs);
          }
        };
    int[] first = learning.ask(watched);
    assertEquals(List.of(40), looked);
    assertArrayEquals(first, learning.ask(watched));
    assertFalse(Arrays.equals(first, learning.seed(2).ask(watched)));
  }

  private static BhnLearner learner(Backend backend, boolean warm, Posterior posterior) {
    LongFunction<Bhn> models =
        seed -> Bhn.classifier(2, 3).hidden(8).posterior(posterior).seed(seed).build(backend);
    IntFunction<Fit> fits = rows -> Fit.epochs(5).batch(8).learningRate(1e-2);
    return (warm ? BhnLearner.warm(models, fits) : BhnLearner.cold(models, fits)).samples(12);
  }

  @Test
  void aLearningThatWasStoppedGoesOnToTheSameChoices() {
    Dataset pool = TestData.blobs(120, 3, 3);
    try (Backend backend = Backends.best()) {
      for (Acquisition a :
          List.of(Acquisition.random(), Acquisition.bald(), Acquisition.batchBald())) {
        Posterior iaf = Posterior.weightNorm(Flows.iaf(1).hidden(8));
        ActiveLearning whole = ActiveLearning.on(pool, a).batch(4).candidates(50).seed(9);
        whole.acquireRandom(6);
        try (BhnLearner model = learner(backend, false, iaf)) {
          whole.run(model, 5, round -> true);
        }
        ActiveLearning part = ActiveLearning.on(pool, a).batch(4).candidates(50).seed(9);
        part.acquireRandom(6);
        try (BhnLearner model = learner(backend, false, iaf)) {
          part.run(model, 5, round -> round.number() < 2);
        }
        assertEquals(14, part.acquired().length);
        ActiveLearning resumed = ActiveLearning.on(pool, a).batch(4).candidates(50).seed(9);
        resumed.acquire(part.acquired());
        try (BhnLearner model = learner(backend, false, iaf)) {
          resumed.run(model, 3, round -> true);
        }
        assertArrayEquals(whole.acquired(), resumed.acquired(), a.toString());
      }
    }
  }

  @Test
  void warmStartsKeepTheModelAndColdOnesDoNot() {
    Dataset few = TestData.blobs(12, 3, 3);
    try (Backend backend = Backends.best()) {
      for (boolean warm : new boolean[] {true, false}) {
        try (BhnLearner learner = learner(backend, warm, Posterior.dropout(0.2))) {
          learner.train(few);
          Bhn first = learner.model();
          learner.train(few);
          if (warm) {
            assertSame(first, learner.model());
          } else {
            assertNotSame(first, learner.model());
            assertThrows(IllegalStateException.class, () -> first.predict(new float[2], 1));
          }
          assertEquals(12, learner.draws(few.inputs()).length);
        }
      }
    }
  }

  @Test
  void fewLabelsWellChosenAreEnough() {
    Dataset pool = TestData.blobs(600, 3, 5);
    Dataset test = TestData.blobs(300, 3, 6);
    try (Backend backend = Backends.best();
        BhnLearner learner =
            BhnLearner.warm(
                seed ->
                    Bhn.classifier(2, 3)
                        .hidden(16)
                        .posterior(Posterior.weightNorm(Flows.iaf(2).hidden(16)))
                        .seed(1)
                        .build(backend),
                rows -> Fit.epochs(40).batch(16).learningRate(5e-3))) {
      ActiveLearning learning = ActiveLearning.on(pool, Acquisition.batchBald()).batch(6).seed(2);
      learning.acquireRandom(9);
      learning.run(learner, 5, round -> true);
      int[] predicted = learner.model().predict(test.inputs(), 50).labels();
      int right = 0;
      for (int i = 0; i < predicted.length; i++) {
        right += predicted[i] == test.label(i) ? 1 : 0;
      }
      assertTrue(right > 0.93 * 300, right + " of 300 with 39 labels");
    }
  }

  @Test
  void labelsComeFromWhoeverKnows() {
    float[] inputs = TestData.blobs(20, 3, 1).inputs();
    List<Integer> asked = new ArrayList<>();
    Oracle expert =
        rows -> {
          Arrays.stream(rows).forEach(asked::add);
          return Arrays.stream(rows).map(r -> r % 3).toArray();
        };
    ActiveLearning learning = ActiveLearning.on(inputs, 2, 3, expert, Acquisition.random());
    learning.acquire(7, 2);
    learning.acquireRandom(100);
    assertEquals(20, asked.size());
    assertEquals(List.of(7, 2), asked.subList(0, 2));
    assertEquals(1, learning.labelled().label(0));
    assertEquals(0, learning.remaining());
  }

  @Test
  void wrongUseIsExplained() {
    Dataset pool = TestData.blobs(20, 3, 1);
    ActiveLearning learning = ActiveLearning.on(pool, Acquisition.random());
    learning.acquire(4);
    explains("row 20", () -> learning.acquire(1, 20));
    explains("row -1", () -> learning.acquire(-1));
    explains("row 4", () -> learning.acquire(3, 4));
    explains("row 5", () -> learning.acquire(5, 5));
    assertArrayEquals(new int[] {4}, learning.acquired(), "a refused call acquired");
    explains("batch = 0", () -> learning.batch(0));
    explains("candidates = -3", () -> learning.candidates(-3));
    explains("count = 0", () -> learning.acquireRandom(0));
    explains("rounds = 0", () -> learning.run(new Doubter(), 0, r -> true));
    explains("goOn", () -> learning.run(new Doubter(), 1, null));
    explains("model", () -> learning.ask(null));
    explains("acquisition", () -> ActiveLearning.on(pool, null));
    explains("pool", () -> ActiveLearning.on(TestData.sine(5, 0, 1), Acquisition.bald()));
    explains(
        "columns = 0", () -> ActiveLearning.on(new float[4], 0, 2, r -> r, Acquisition.bald()));
    Oracle silent = rows -> new int[0];
    Oracle wild = rows -> new int[] {3};
    explains(
        "0 labels for 1", () -> ActiveLearning.on(new float[4], 2, 3, silent, random()).acquire(0));
    explains("label 3", () -> ActiveLearning.on(new float[4], 2, 3, wild, random()).acquire(0));
    explains("samples = 0", () -> BhnLearner.warm(s -> null, r -> null).samples(0));
    explains("models", () -> BhnLearner.cold(null, r -> null));
    assertThrows(
        IllegalStateException.class,
        () -> ActiveLearning.on(pool, random()).run(new Doubter(), 1, r -> true));
    assertThrows(IllegalStateException.class, () -> BhnLearner.warm(s -> null, r -> null).model());
  }

  /** A learner that answers for too few rows, for none, or not at all. */
  @Test
  void drawsThatDoNotFitTheCandidatesAreRefused() {
    for (float[][][] draws : new float[][][][] {{{{1, 0}}}, {}, {null}, null}) {
      Learner wrong =
          new Learner() {
            @Override
            public void train(Dataset labelled) {}

            @Override
            public float[][][] draws(float[] inputs) {
              return draws;
            }
          };
      for (Acquisition choice : List.of(Acquisition.bald(), Acquisition.batchBald())) {
        ActiveLearning learning = ActiveLearning.on(TestData.blobs(20, 3, 1), choice);
        String said =
            assertThrows(IllegalStateException.class, () -> learning.ask(wrong)).getMessage();
        assertTrue(said.contains("for 20 rows are not [S][20][C]"), said);
      }
    }
  }

  private static Acquisition random() {
    return Acquisition.random();
  }

  private static void explains(String word, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(word), message);
  }
}
