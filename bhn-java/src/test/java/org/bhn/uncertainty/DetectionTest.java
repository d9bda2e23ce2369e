package org.bhn.uncertainty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class DetectionTest {
  private record Sample(double[] scores, boolean[] positive) {
    double[] of(boolean kind) {
      double[] result = new double[scores.length];
      int n = 0;
      for (int i = 0; i < scores.length; i++) {
        if (positive[i] == kind) {
          result[n++] = scores[i];
        }
      }
      return Arrays.copyOf(result, n);
    }
  }

  /** Few distinct scores make ties within and across the classes common. */
  private static Sample random(Random random) {
    int n = 2 + random.nextInt(40);
    int distinct = 1 + random.nextInt(n);
    double[] scores = new double[n];
    boolean[] positive = new boolean[n];
    double rate = random.nextDouble();
    for (int i = 0; i < n; i++) {
      scores[i] = random.nextInt(distinct) - distinct / 2;
      positive[i] = random.nextDouble() < rate;
    }
    positive[0] = true;
    positive[1] = false;
    return new Sample(scores, positive);
  }

  @Test
  void agreesWithBruteForceOnTies() {
    Random random = new Random(1);
    for (int trial = 0; trial < 2000; trial++) {
      Sample s = random(random);
      double[] in = s.of(false);
      double[] out = s.of(true);
      assertEquals(bruteAuroc(in, out), Detection.auroc(s.scores, s.positive), 1e-12);
      assertEquals(bruteAveragePrecision(in, out), Detection.auprOut(s.scores, s.positive), 1e-12);
      assertEquals(
          bruteAveragePrecision(negated(out), negated(in)),
          Detection.auprIn(s.scores, s.positive),
          1e-12);
      assertEquals(bruteFpr95(in, out), Detection.fpr95(s.scores, s.positive), 1e-12);
      assertEquals(Detection.auroc(in, out), Detection.auroc(s.scores, s.positive));
      assertEquals(Detection.auprOut(in, out), Detection.auprOut(s.scores, s.positive));
      assertEquals(Detection.auprIn(in, out), Detection.auprIn(s.scores, s.positive));
      assertEquals(Detection.fpr95(in, out), Detection.fpr95(s.scores, s.positive));
    }
  }

  @Test
  void onlyTheOrderOfTheScoresCounts() {
    Random random = new Random(2);
    for (int trial = 0; trial < 200; trial++) {
      Sample s = random(random);
      double[] warped = s.scores.clone();
      for (int i = 0; i < warped.length; i++) {
        warped[i] = warped[i] * warped[i] * warped[i] + 2 * warped[i];
      }
      assertEquals(Detection.auroc(s.scores, s.positive), Detection.auroc(warped, s.positive), 0);
      assertEquals(
          Detection.auprOut(s.scores, s.positive), Detection.auprOut(warped, s.positive), 0);
      assertEquals(
          1 - Detection.auroc(s.scores, s.positive),
          Detection.auroc(negated(s.scores), s.positive),
          1e-12);
    }
  }

  @Test
  void closedForms() {
    double[] low = {1, 2, 3, 4};
    double[] high = {5, 6};
    assertEquals(1, Detection.auroc(low, high));
    assertEquals(0, Detection.auroc(high, low));
    assertEquals(1, Detection.auprOut(low, high));
    assertEquals(1, Detection.auprIn(low, high));
    assertEquals(0, Detection.fpr95(low, high));
    assertEquals(1, Detection.fpr95(high, low));
    double[] same = {2, 2, 2};
    double[] sameOut = {2};
    assertEquals(0.5, Detection.auroc(same, sameOut));
    assertEquals(0.25, Detection.auprOut(same, sameOut));
    assertEquals(0.75, Detection.auprIn(same, sameOut));
    assertEquals(1, Detection.fpr95(same, sameOut));
    // Ranks from the top: out, in, out, in.
    assertEquals(0.75, Detection.auroc(new double[] {1, 3}, new double[] {2, 4}));
    assertEquals(
        0.5 * 1 + 0.5 * 2 / 3, Detection.auprOut(new double[] {1, 3}, new double[] {2, 4}), 1e-15);
  }

  @Test
  void fpr95NeedsNineteenOfTwentyPositivesAndNoMore() {
    double[] out = new double[20];
    for (int i = 0; i < 20; i++) {
      out[i] = i;
    }
    assertEquals(0, Detection.fpr95(new double[] {0.5}, out));
    assertEquals(1, Detection.fpr95(new double[] {1.0}, out));
  }

  @Test
  void infiniteScoresAndSignedZerosAreRanked() {
    double inf = Double.POSITIVE_INFINITY;
    assertEquals(1, Detection.auroc(new double[] {-inf, 3}, new double[] {inf}));
    assertEquals(0.5, Detection.auroc(new double[] {-0.0}, new double[] {0.0}));
    assertEquals(0.5, Detection.auroc(new double[] {0.0}, new double[] {-0.0}));
    assertEquals(0.5, Detection.auroc(new double[] {inf}, new double[] {inf}));
  }

  @Test
  void rocHasOnePointPerDistinctScore() {
    List<Detection.RocPoint> roc = Detection.roc(new double[] {1, 2}, new double[] {2, 3, 3, 0});
    assertEquals(
        List.of(
            new Detection.RocPoint(Double.POSITIVE_INFINITY, 0, 0),
            new Detection.RocPoint(3, 0, 0.5),
            new Detection.RocPoint(2, 0.5, 0.75),
            new Detection.RocPoint(1, 1, 0.75),
            new Detection.RocPoint(0, 1, 1)),
        roc);
  }

  @Test
  void undefinedWithoutBothClasses() {
    double[] none = {};
    double[] some = {1, 2};
    for (double[][] pair : new double[][][] {{none, some}, {some, none}, {none, none}}) {
      assertTrue(Double.isNaN(Detection.auroc(pair[0], pair[1])));
      assertTrue(Double.isNaN(Detection.auprOut(pair[0], pair[1])));
      assertTrue(Double.isNaN(Detection.auprIn(pair[0], pair[1])));
      assertTrue(Double.isNaN(Detection.fpr95(pair[0], pair[1])));
    }
    assertTrue(Double.isNaN(Detection.roc(some, none).get(1).tpr()));
  }

  @Test
  void badInputNamesTheArgument() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> Detection.auroc(new double[] {1, Double.NaN}, new boolean[2]))
            .getMessage();
    assertTrue(message.contains("scores[1] is NaN"), message);
    assertThrows(
        IllegalArgumentException.class, () -> Detection.auroc(new double[2], new boolean[3]));
    assertThrows(
        IllegalArgumentException.class,
        () -> Detection.auprIn(new double[2], new double[] {Double.NaN}));
  }

  private static double bruteAuroc(double[] in, double[] out) {
    double wins = 0;
    for (double o : out) {
      for (double i : in) {
        wins += o > i ? 1 : o == i ? 0.5 : 0;
      }
    }
    return wins / in.length / out.length;
  }

  private static double bruteAveragePrecision(double[] in, double[] out) {
    double area = 0;
    double previousRecall = 0;
    for (double threshold : thresholds(in, out)) {
      double recall = (double) flagged(out, threshold) / out.length;
      double all = flagged(out, threshold) + flagged(in, threshold);
      area += (recall - previousRecall) * (flagged(out, threshold) / all);
      previousRecall = recall;
    }
    return area;
  }

  private static double bruteFpr95(double[] in, double[] out) {
    for (double threshold : thresholds(in, out)) {
      if (flagged(out, threshold) >= 0.95 * out.length - 1e-9) {
        return (double) flagged(in, threshold) / in.length;
      }
    }
    throw new AssertionError();
  }

  private static Iterable<Double> thresholds(double[] in, double[] out) {
    TreeSet<Double> all = new TreeSet<>();
    for (double v : in) {
      all.add(v);
    }
    for (double v : out) {
      all.add(v);
    }
    return all.descendingSet();
  }

  private static int flagged(double[] scores, double threshold) {
    int n = 0;
    for (double s : scores) {
      n += s >= threshold ? 1 : 0;
    }
    return n;
  }

  private static double[] negated(double[] values) {
    double[] result = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = -values[i];
    }
    return result;
  }
}
