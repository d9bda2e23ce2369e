package org.bhn.active;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bhn.active.BatchBald.Answers;
import org.bhn.active.BatchBald.SampledLabels;
import org.bhn.uncertainty.Scores;
import org.junit.jupiter.api.Test;

class AcquisitionTest {
  private static float[][][] random(int samples, int rows, int classes, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[][][] draws = new float[samples][rows][classes];
    for (float[][] sample : draws) {
      for (float[] row : sample) {
        double sum = 0;
        double[] e = random.doubles(classes, -3, 3).map(Math::exp).toArray();
        for (double v : e) {
          sum += v;
        }
        for (int c = 0; c < classes; c++) {
          row[c] = (float) (e[c] / sum);
        }
      }
    }
    return draws;
  }

  private static int[] choose(Acquisition a, float[][][] draws, int count, long seed) {
    return a.choose(Candidates.of(draws), count, new SplittableRandom(seed));
  }

  @Test
  void rankingsFollowTheirScores() {
    float[][][] draws = random(7, 3000, 4, 1); // more than are looked at together
    double[][] scores = {
      Scores.mutualInformation(draws),
      Scores.predictiveEntropy(draws),
      Scores.variationRatioVotes(draws),
      Scores.meanOverClasses(Scores.std(draws))
    };
    List<Acquisition> acquisitions =
        List.of(
            Acquisition.bald(),
            Acquisition.maxEntropy(),
            Acquisition.variationRatio(),
            Acquisition.meanStd());
    for (int a = 0; a < scores.length; a++) {
      int[] chosen = choose(acquisitions.get(a), draws, 50, 1);
      double[] sorted = Arrays.stream(scores[a]).map(s -> -s).sorted().map(s -> -s).toArray();
      double[] score = scores[a];
      assertArrayEquals(
          Arrays.copyOf(sorted, 50), Arrays.stream(chosen).mapToDouble(i -> score[i]).toArray());
      assertEquals(50, Arrays.stream(chosen).distinct().count());
    }
  }

  /** Five sorts of candidates that the scores rank differently, after Gal et al. 2017. */
  @Test
  void eachScoreWantsWhatItShould() {
    float[][][] draws = {
      {{1, 0}, {0.5f, 0.5f}, {1, 0}, {0.6f, 0.4f}, {1, 0}},
      {{1, 0}, {0.5f, 0.5f}, {0, 1}, {0.4f, 0.6f}, {0.6f, 0.4f}},
    };
    assertEquals(2, choose(Acquisition.bald(), draws, 1, 1)[0]);
    assertEquals(2, choose(Acquisition.meanStd(), draws, 1, 1)[0]);
    assertEquals(2, choose(Acquisition.batchBald(), draws, 1, 1)[0]);
    assertEquals(List.of(1, 2, 3), sorted(choose(Acquisition.maxEntropy(), draws, 3, 1)));
    assertEquals(List.of(2, 3), sorted(choose(Acquisition.variationRatio(), draws, 2, 1)));
  }

  private static List<Integer> sorted(int[] values) {
    return Arrays.stream(values).sorted().boxed().toList();
  }

  @Test
  void tiesAreBrokenByTheSeed() {
    float[][][] same = new float[3][40][2];
    for (float[][] sample : same) {
      for (float[] row : sample) {
        row[0] = 1; // certain: p = 0 must not make NaN of a score
      }
    }
    for (Acquisition a :
        List.of(
            Acquisition.random(),
            Acquisition.bald(),
            Acquisition.maxEntropy(),
            Acquisition.variationRatio(),
            Acquisition.meanStd(),
            Acquisition.batchBald())) {
      assertArrayEquals(choose(a, same, 9, 5), choose(a, same, 9, 5));
      assertNotEquals(sorted(choose(a, same, 9, 5)), sorted(choose(a, same, 9, 6)), a.toString());
    }
  }

  @Test
  void aRandomChoiceDoesNotAskTheModel() {
    Candidates blind =
        new Candidates() {
          @Override
          public int size() {
            return 100;
          }

          @Override
          public float[][][] draws(int from, int to) {
            throw new AssertionError("asked");
          }
        };
    int[] chosen = Acquisition.random().choose(blind, 100, new SplittableRandom(1));
    assertEquals(IntStream.range(0, 100).boxed().toList(), sorted(chosen));
  }

  @Test
  void oneSetOfWeightsKnowsNothingOfItself() {
    float[][][] one = random(1, 30, 3, 2);
    assertNotEquals(
        sorted(choose(Acquisition.bald(), one, 5, 1)),
        sorted(choose(Acquisition.bald(), one, 5, 2)));
  }

  /** I(y_batch; θ) by summing over all answers of the whole batch. */
  private static double jointInformation(float[][][] draws, int... batch) {
    int classes = draws[0][0].length;
    double entropy = 0;
    for (int code = 0; code < Math.pow(classes, batch.length); code++) {
      double mean = 0;
      for (float[][] sample : draws) {
        double p = 1;
        int rest = code;
        for (int i : batch) {
          p *= sample[i][rest % classes];
          rest /= classes;
        }
        mean += p / draws.length;
      }
      entropy -= mean > 0 ? mean * Math.log(mean) : 0;
    }
    double[] expected = Scores.expectedEntropy(draws);
    return entropy - Arrays.stream(batch).mapToDouble(i -> expected[i]).sum();
  }

  @Test
  void gainsAddUpToTheJointInformation() {
    float[][][] draws = random(6, 8, 3, 3);
    SampledLabels labels = new SampledLabels(draws);
    Answers answers = new Answers(6);
    double sum = 0;
    int[] batch = {};
    for (int i : new int[] {4, 0, 7, 2}) {
      for (int j = 0; j < 8; j++) {
        int[] with = Arrays.copyOf(batch, batch.length + 1);
        with[batch.length] = j;
        assertEquals(jointInformation(draws, with), sum + answers.information(labels, j), 1e-6);
      }
      sum += answers.information(labels, i);
      answers = answers.and(labels, i, 1000, new SplittableRandom(1));
      batch = Arrays.copyOf(batch, batch.length + 1);
      batch[batch.length - 1] = i;
    }
    assertEquals(81, answers.weight().length);
  }

  @Test
  void greedyChoosesWhatAddsMost() {
    float[][][] draws = random(5, 12, 2, 4);
    int[] chosen = choose(Acquisition.batchBald(), draws, 5, 1);
    int[] batch = {};
    for (int n = 0; n < 5; n++) {
      int[] with = Arrays.copyOf(chosen, n + 1);
      double got = jointInformation(draws, with);
      for (int j = 0; j < 12; j++) {
        with[n] = j;
        int candidate = j;
        if (Arrays.stream(batch).noneMatch(i -> i == candidate)) {
          assertTrue(jointInformation(draws, with) <= got + 1e-9, "better than the chosen " + n);
        }
      }
      batch = Arrays.copyOf(chosen, n + 1);
    }
  }

  @Test
  void drawnAnswersEstimateTheExactOnes() {
    float[][][] draws = random(20, 10, 3, 7);
    SampledLabels labels = new SampledLabels(draws);
    Answers exact = answers(labels, 1 << 20, 0);
    assertEquals(729, exact.weight().length);
    assertEquals(1, Arrays.stream(exact.weight()).sum(), 1e-6);
    int repeats = 200;
    for (int i = 6; i < 10; i++) {
      double truth = exact.information(labels, i);
      double mean = 0;
      double squares = 0;
      for (int n = 0; n < repeats; n++) {
        Answers drawn = answers(labels, 100, n);
        assertEquals(100, drawn.weight().length);
        double d = drawn.information(labels, i) - truth;
        mean += d / repeats;
        squares += d * d / repeats;
      }
      double error = Math.sqrt(squares / repeats);
      assertEquals(0, mean, 4 * error, "biased");
      assertTrue(error > 0 && error < 0.02 * truth, "vague: " + error + " of " + truth);
    }
  }

  private static Answers answers(SampledLabels labels, int limit, long seed) {
    Answers answers = new Answers(20);
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 6; i++) {
      answers = answers.and(labels, i, limit, random);
    }
    return answers;
  }

  @Test
  void batchBaldDoesNotAskTheSameTwice() {
    // Candidates 0 to 4 are one and the same, and the most informative; 5 to 7 tell other things.
    float[][][] draws = random(16, 8, 2, 8);
    for (int s = 0; s < 16; s++) {
      float sure = s % 2;
      for (int i = 0; i < 5; i++) {
        draws[s][i] = new float[] {sure, 1 - sure};
      }
    }
    assertTrue(Arrays.stream(choose(Acquisition.bald(), draws, 4, 1)).allMatch(i -> i < 5));
    int[] batch = choose(Acquisition.batchBald(), draws, 4, 1);
    assertEquals(1, Arrays.stream(batch).filter(i -> i < 5).count(), Arrays.toString(batch));
  }

  @Test
  void longBatchesDoNotUnderflow() {
    float[][][] draws = random(4, 300, 5, 9);
    int[] batch = choose(new BatchBald(8), draws, 300, 1);
    assertEquals(300, Arrays.stream(batch).distinct().count());
  }

  @Test
  void wrongUseIsExplained() {
    float[][][] draws = random(2, 5, 3, 1);
    for (Acquisition a :
        List.of(Acquisition.random(), Acquisition.bald(), Acquisition.batchBald())) {
      explains("count = 6", () -> choose(a, draws, 6, 1));
      explains("count = -1", () -> choose(a, draws, -1, 1));
      assertEquals(0, choose(a, draws, 0, 1).length);
    }
    explains("configurations = 0", () -> new BatchBald(0));
    explains("draws", () -> Candidates.of(new float[0][][]));
    explains("draws[1]", () -> Candidates.of(new float[][][] {draws[0], {}}));
    explains("draws[0] is null", () -> Candidates.of(new float[][][] {null}));
    explains("name and score", () -> Acquisition.byScore("x", null));
    explains("NaN", () -> choose(Acquisition.byScore("x", m -> nan(5)), draws, 1, 1));
    explains("1 values", () -> choose(Acquisition.byScore("x", m -> new double[1]), draws, 1, 1));
    draws[1][3][0] = Float.NaN;
    explains("not a probability", () -> choose(Acquisition.bald(), draws, 1, 1));
    explains("not a probability", () -> choose(Acquisition.batchBald(), draws, 1, 1));
  }

  private static double[] nan(int n) {
    double[] values = new double[n];
    values[n - 1] = Double.NaN;
    return values;
  }

  private static void explains(String word, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(word), message);
  }
}
