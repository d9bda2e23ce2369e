package org.bhn.demo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.bhn.data.Dataset;
import org.junit.jupiter.api.Test;

/** The drawn digits are the same every time, in range, and tell their classes apart. */
class DrawnDigitsTest {
  private static final int PIXELS = DrawnDigits.PIXELS;

  @Test
  void oneSeedOneSetOfImages() {
    Dataset first = DrawnDigits.digits(50, 7);
    assertArrayEquals(first.inputs(), DrawnDigits.digits(50, 7).inputs());
    assertFalse(Arrays.equals(first.inputs(), DrawnDigits.digits(50, 8).inputs()));
    assertArrayEquals(DrawnDigits.letters(20, 3), DrawnDigits.letters(20, 3));
  }

  @Test
  void pixelsAreInRangeAndClassesInTurn() {
    Dataset digits = DrawnDigits.digits(200, 1);
    for (float p : digits.inputs()) {
      assertTrue(p >= 0 && p <= 1, "pixel " + p);
    }
    for (int i = 0; i < 200; i++) {
      assertEquals(i % 10, digits.labels()[i]);
    }
  }

  /**
   * Nearest class mean reads them: far above chance, and not so well that there is nothing to
   * learn.
   */
  @Test
  void nearestMeanReadsMostOfThem() {
    float[][] means = new float[10][PIXELS];
    Dataset train = DrawnDigits.digits(1000, 1);
    float[] x = train.inputs();
    for (int i = 0; i < 1000; i++) {
      for (int j = 0; j < PIXELS; j++) {
        means[train.labels()[i]][j] += x[i * PIXELS + j] / 100;
      }
    }
    Dataset test = DrawnDigits.digits(500, 2);
    int right = 0;
    for (int i = 0; i < 500; i++) {
      right += nearest(means, test.inputs(), i * PIXELS) == test.labels()[i] ? 1 : 0;
    }
    assertTrue(right > 300 && right < 500, right + " of 500");
  }

  private static int nearest(float[][] means, float[] x, int at) {
    int best = -1;
    double least = Double.MAX_VALUE;
    for (int c = 0; c < means.length; c++) {
      double d = 0;
      for (int j = 0; j < PIXELS; j++) {
        d += Math.pow(means[c][j] - x[at + j], 2);
      }
      if (d < least) {
        least = d;
        best = c;
      }
    }
    return best;
  }
}
