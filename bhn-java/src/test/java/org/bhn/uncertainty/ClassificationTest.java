package org.bhn.uncertainty;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class ClassificationTest {
  private static final double[][] P = {
    {0.7, 0.2, 0.1}, {0.1, 0.6, 0.3}, {0.3, 0.3, 0.4}, {0.5, 0.5, 0.0}
  };
  private static final int[] Y = {0, 2, 2, 0};

  @Test
  void accuracyCountsTheMostProbableClassAndTheLowestOnATie() {
    assertEquals(0.75, Classification.accuracy(P, Y));
    assertEquals(0.5, Classification.accuracy(P, new int[] {0, 2, 2, 1}));
    assertEquals(1.0 / 3, Classification.accuracy(new int[] {1, 2, 3}, new int[] {1, 0, 0}));
    assertArrayEquals(new boolean[] {false, true, false, false}, Classification.errors(P, Y));
  }

  @Test
  void nllIsMinusTheMeanLogProbabilityOfTheLabel() {
    double expected = -(Math.log(0.7) + Math.log(0.3) + Math.log(0.4) + Math.log(0.5)) / 4;
    assertEquals(expected, Classification.nll(P, Y), 1e-15);
    double[][] log = new double[P.length][3];
    for (int i = 0; i < P.length; i++) {
      for (int c = 0; c < 3; c++) {
        log[i][c] = Math.log(P[i][c]);
      }
    }
    assertEquals(expected, Classification.nllFromLog(log, Y), 1e-15);
  }

  @Test
  void aClassOfProbabilityZeroCostsInfinityAndItsLogProbabilityDoesNot() {
    assertEquals(
        Double.POSITIVE_INFINITY, Classification.nll(new double[][] {{1, 0}}, new int[] {1}));
    assertEquals(0.0, Classification.nll(new double[][] {{1, 0}}, new int[] {0}));
    assertEquals(2000, Classification.nllFromLog(new double[][] {{0, -2000}}, new int[] {1}));
  }

  @Test
  void brierOfHandComputedRows() {
    double expected =
        ((0.09 + 0.04 + 0.01) + (0.01 + 0.36 + 0.49) + (0.09 + 0.09 + 0.36) + (0.25 + 0.25)) / 4;
    assertEquals(expected, Classification.brier(P, Y), 1e-15);
    assertEquals(2.0, Classification.brier(new double[][] {{1, 0}}, new int[] {1}));
  }

  @Test
  void eceOfHandComputedBins() {
    double[] confidence = {0.0, 0.1, 0.25, 0.5, 0.55, 0.75, 0.9, 1.0};
    boolean[] right = {false, false, true, true, false, true, true, true};
    Reliability r = Reliability.of(confidence, right, 4);
    assertEquals(
        List.of(
            new Reliability.Bin(0, 0.25, 3, 0.35 / 3, 1.0 / 3),
            new Reliability.Bin(0.25, 0.5, 1, 0.5, 1.0),
            new Reliability.Bin(0.5, 0.75, 2, 0.65, 0.5),
            new Reliability.Bin(0.75, 1, 2, 0.95, 1.0)),
        r.bins());
    double gaps = (1 - 0.35) + (1 - 0.5) + (1.3 - 1) + (2 - 1.9);
    assertEquals(gaps / 8, r.ece(), 1e-15);
    assertEquals(0.5, r.mce(), 1e-15);
    assertEquals(8, r.total());
  }

  @Test
  void aConfidenceOnAnEdgeBelongsToTheBinBelowHoweverTheProductRounds() {
    for (int bins = 1; bins <= 60; bins++) {
      for (int edge = 1; edge <= bins; edge++) {
        double confidence = (double) edge / bins;
        Reliability r = Reliability.of(new double[] {confidence}, new boolean[] {true}, bins);
        assertEquals(1, r.bins().get(edge - 1).count(), edge + "/" + bins);
        if (edge < bins) {
          r = Reliability.of(new double[] {Math.nextUp(confidence)}, new boolean[] {true}, bins);
          assertEquals(1, r.bins().get(edge).count(), "just above " + edge + "/" + bins);
        }
      }
    }
  }

  @Test
  void emptyBinsAreNaNAndDoNotReachTheError() {
    Reliability r = Classification.reliability(new double[][] {{0.9, 0.1}}, new int[] {0}, 10);
    assertTrue(Double.isNaN(r.bins().get(0).confidence()));
    assertEquals(0.1, r.ece(), 1e-15);
    assertEquals(r.ece(), Classification.ece(new double[][] {{0.9, 0.1}}, new int[] {0}, 10));
  }

  @Test
  void singlePrecisionAgrees() {
    float[][] p = new float[P.length][3];
    for (int i = 0; i < P.length; i++) {
      for (int c = 0; c < 3; c++) {
        p[i][c] = (float) P[i][c];
      }
    }
    assertEquals(Classification.accuracy(P, Y), Classification.accuracy(p, Y));
    assertEquals(Classification.nll(P, Y), Classification.nll(p, Y), 1e-7);
    assertEquals(Classification.brier(P, Y), Classification.brier(p, Y), 1e-7);
    assertEquals(Classification.ece(P, Y, 7), Classification.ece(p, Y, 7), 1e-7);
    assertArrayEquals(Classification.errors(P, Y), Classification.errors(p, Y));
  }

  @Test
  void nothingGivesNaN() {
    double[][] none = {};
    int[] noLabels = {};
    assertTrue(Double.isNaN(Classification.accuracy(none, noLabels)));
    assertTrue(Double.isNaN(Classification.nll(none, noLabels)));
    assertTrue(Double.isNaN(Classification.brier(none, noLabels)));
    assertTrue(Double.isNaN(Classification.ece(none, noLabels, 5)));
    assertTrue(Double.isNaN(Reliability.of(new double[0], new boolean[0], 5).mce()));
  }

  @Test
  void badInputNamesTheArgumentAndTheValue() {
    rejects("probabilities has length 1 but labels has length 2", new double[][] {{1}}, 0, 0);
    rejects("labels[1] = 2", new double[][] {{1, 0}, {1, 0}}, 0, 2);
    rejects("labels[0] = -1", new double[][] {{1, 0}}, -1);
    rejects("probabilities[0][1] = NaN", new double[][] {{1, Double.NaN}}, 0);
    rejects("softmax", new double[][] {{3, -2}}, 0);
    rejects("probabilities[0] sums to 0.8", new double[][] {{0.5, 0.3}}, 0);
    rejects("probabilities[1] has 1 classes", new double[][] {{0.5, 0.5}, {1}}, 0, 0);
    rejects("probabilities[0] has 0 classes", new double[][] {{}}, 0);
    assertThrows(IllegalArgumentException.class, () -> Classification.ece(P, Y, 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> Classification.nllFromLog(new double[][] {{2.0, -1}}, new int[] {0}));
    assertThrows(
        IllegalArgumentException.class,
        () -> Reliability.of(new double[] {Double.NaN}, new boolean[] {true}, 3));
  }

  private static void rejects(String expected, double[][] p, int... labels) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> Classification.nll(p, labels))
            .getMessage();
    assertTrue(message.contains(expected), message);
  }
}
