package org.bhn.uncertainty;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/**
 * Of n + 1 exchangeable examples each is as likely to be the new one. So each takes its turn, the
 * others calibrate, and the number of turns in which the set holds the truth is exactly k = ⌈(n +
 * 1)(1 − α)⌉, without any randomness.
 */
class ConformalTest {
  private static final int N = 40;
  private static final int CLASSES = 5;
  private static final double[] ALPHAS = {0.02, 0.05, 0.1, 0.25, 0.5, 0.9};

  private final Random random = new Random(7);

  @Test
  void thresholdIsAnOrderStatistic() {
    double[] scores = {3, 1, 4, 2}; // n + 1 = 5
    assertEquals(4, Conformal.threshold(scores, 0.2));
    assertEquals(4, Conformal.threshold(scores, 0.39));
    assertEquals(3, Conformal.threshold(scores, 0.4));
    assertEquals(1, Conformal.threshold(scores, 0.99));
    assertEquals(Double.POSITIVE_INFINITY, Conformal.threshold(scores, 0.19));
    assertEquals(Double.POSITIVE_INFINITY, Conformal.threshold(new double[0], 0.5));
    assertArrayEquals(new double[] {3, 1, 4, 2}, scores);
    // 10 x 0.9 and 30 x 0.9 are whole numbers, though not in binary.
    for (int whole : new int[] {10, 30, 70, 100}) {
      double[] ranks = new double[whole - 1];
      Arrays.setAll(ranks, i -> i + 1);
      assertEquals(Math.round(whole * 0.9), Conformal.threshold(ranks, 0.1));
    }
  }

  @Test
  void intervalsHoldTheShareThatWasAskedFor() {
    double[] mean = random.doubles(N, -3, 3).toArray();
    double[] std = random.doubles(N, 0.1, 2).toArray();
    double[] y = random.doubles(N, -4, 4).toArray();
    double[] lower = shift(mean, std, -1);
    double[] upper = shift(mean, std, 1);
    for (double alpha : ALPHAS) {
      holdsExactly(
          alpha,
          left -> Conformal.residuals(without(mean, left), without(y, left)),
          (q, i) -> inside(Conformal.intervals(only(mean, i), q), y[i]));
      holdsExactly(
          alpha,
          left -> Conformal.residuals(without(mean, left), without(std, left), without(y, left)),
          (q, i) -> inside(Conformal.intervals(only(mean, i), only(std, i), q), y[i]));
      holdsExactly(
          alpha,
          left -> Conformal.excess(without(lower, left), without(upper, left), without(y, left)),
          (q, i) -> inside(Conformal.widen(only(lower, i), only(upper, i), q), y[i]));
    }
  }

  @Test
  void labelSetsHoldTheShareThatWasAskedFor() {
    double[][] p = distributions();
    int[] labels = random.ints(N, 0, CLASSES).toArray();
    for (double alpha : ALPHAS) {
      holdsExactly(
          alpha,
          left -> all(left, i -> Conformal.labelScores(only(p, i), only(labels, i))[0]),
          (q, i) -> Conformal.labelSets(only(p, i), q)[0][labels[i]]);
      holdsExactly(
          alpha,
          left -> all(left, i -> Conformal.adaptiveScores(only(p, i), only(labels, i), own(i))[0]),
          (q, i) -> Conformal.adaptiveSets(only(p, i), q, own(i))[0][labels[i]]);
    }
  }

  @Test
  void adaptiveSetsAreThoseOfTheDefinition() {
    double[][] p = {{0.1, 0.6, 0.3}};
    // With no share of a class's own: 0.9, 0, 0.6; with all of it: 1, 0.6, 0.9.
    assertEquals(0.9, Conformal.adaptiveScores(p, new int[] {0}, share(0))[0], 1e-15);
    assertEquals(0.6, Conformal.adaptiveScores(p, new int[] {1}, share(1))[0], 1e-15);
    assertEquals(0.75, Conformal.adaptiveScores(p, new int[] {2}, share(0.5))[0], 1e-15);
    assertArrayEquals(
        new boolean[] {false, true, true}, Conformal.adaptiveSets(p, 0.8, share(0.5))[0]);
    double[][] even = {{0.25, 0.25, 0.25, 0.25}};
    assertArrayEquals(
        new boolean[] {true, true, false, false}, Conformal.adaptiveSets(even, 0.4, share(0.5))[0]);
  }

  @Test
  void anInfiniteThresholdExcludesNothing() {
    double[] zero = {0};
    double infinite = Double.POSITIVE_INFINITY;
    assertTrue(inside(Conformal.intervals(zero, infinite), 1e300));
    assertTrue(inside(Conformal.widen(zero, zero, infinite), -1e300));
    assertArrayEquals(
        new boolean[] {true, true}, Conformal.labelSets(new double[][] {{1, 0}}, infinite)[0]);
  }

  @Test
  void intervalsThatWereTooWideShrinkToTheirMiddleAtMost() {
    double[] lower = {0, 0};
    double[] upper = {4, 1};
    assertEquals(-2, Conformal.excess(lower, upper, new double[] {2, 0.5})[0]);
    assertArrayEquals(
        new double[][] {{1, 0.5}, {3, 0.5}}, Conformal.widen(lower, upper, -1), "by one");
  }

  @Test
  void coverageAndSize() {
    boolean[][] sets = {{true, false}, {true, true}, {false, false}};
    assertEquals(1.0 / 3, Conformal.coverage(sets, new int[] {1, 1, 0}));
    assertEquals(1, Conformal.meanSize(sets));
    assertTrue(Double.isNaN(Conformal.coverage(new boolean[0][], new int[0])));
    assertTrue(Double.isNaN(Conformal.meanSize(new boolean[0][])));
  }

  @Test
  void badInputIsNamed() {
    double[] one = {1};
    double[] two = {1, 2};
    double[][] p = {{0.5, 0.5}};
    rejects("alpha = 0.0", () -> Conformal.threshold(one, 0));
    rejects("alpha = 1.0", () -> Conformal.threshold(one, 1));
    rejects("alpha = NaN", () -> Conformal.threshold(one, Double.NaN));
    rejects("scores[0] is NaN", () -> Conformal.threshold(new double[] {Double.NaN}, 0.1));
    rejects("targets has length 2", () -> Conformal.residuals(one, two));
    rejects("std has length 2", () -> Conformal.residuals(one, two, one));
    rejects("std[0] = 0.0", () -> Conformal.residuals(one, new double[] {0}, one));
    rejects("mean[0] = Infinity", () -> Conformal.intervals(new double[] {1 / 0.0}, 1));
    rejects("threshold is NaN", () -> Conformal.intervals(one, Double.NaN));
    rejects("lower[0] = 1.0 exceeds", () -> Conformal.widen(one, new double[] {0}, 1));
    rejects("lower[0] = -Infinity", () -> Conformal.excess(new double[] {-1 / 0.0}, one, one));
    rejects("labels[0] = 2", () -> Conformal.labelScores(p, new int[] {2}));
    rejects("sums to 0.5", () -> Conformal.labelSets(new double[][] {{0.25, 0.25}}, 1));
    rejects("labels[0] = 1", () -> Conformal.coverage(new boolean[1][1], new int[] {1}));
  }

  // ---- turns ----

  private interface Holds {
    boolean holds(double threshold, int example);
  }

  private static void holdsExactly(double alpha, IntFunction<double[]> calibrate, Holds holds) {
    int held = 0;
    for (int i = 0; i < N; i++) {
      held += holds.holds(Conformal.threshold(calibrate.apply(i), alpha), i) ? 1 : 0;
    }
    assertEquals((int) Math.ceil(N * (1 - alpha) - 1e-9), held, "alpha = " + alpha);
  }

  private static double[] all(int left, ToDoubleFunction<Integer> score) {
    double[] scores = new double[N];
    Arrays.setAll(scores, score::applyAsDouble);
    return without(scores, left);
  }

  private static boolean inside(double[][] interval, double y) {
    return interval[0][0] <= y && y <= interval[1][0];
  }

  private double[][] distributions() {
    double[][] p = new double[N][];
    for (int i = 0; i < N; i++) {
      double[] raw = random.doubles(CLASSES, 0.01, 1).toArray();
      double sum = Arrays.stream(raw).sum();
      p[i] = Arrays.stream(raw).map(x -> x / sum).toArray();
    }
    return p;
  }

  private static double[] shift(double[] mean, double[] std, double by) {
    double[] moved = new double[mean.length];
    Arrays.setAll(moved, i -> mean[i] + by * std[i]);
    return moved;
  }

  private static double[] without(double[] all, int left) {
    double[] rest = new double[all.length - 1];
    Arrays.setAll(rest, i -> all[i < left ? i : i + 1]);
    return rest;
  }

  private static double[] only(double[] all, int i) {
    return new double[] {all[i]};
  }

  private static double[][] only(double[][] all, int i) {
    return new double[][] {all[i]};
  }

  private static int[] only(int[] all, int i) {
    return new int[] {all[i]};
  }

  private static Random own(int example) {
    return new Random(example);
  }

  private static Random share(double value) {
    return new Random() {
      @Override
      public double nextDouble() {
        return value;
      }
    };
  }

  private static void rejects(String words, Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.contains(words), message);
  }
}
