package org.bhn.uncertainty;

import java.lang.reflect.Array;

/** Argument checks of this package: every message names the argument, the value and the remedy. */
final class Check {
  /** Room for the rounding of a single precision softmax over a few thousand classes. */
  private static final double SUM_TOLERANCE = 1e-3;

  private static final double RANGE_TOLERANCE = 1e-5;

  private Check() {}

  static void notNull(String name, Object value) {
    notNull(name, value, "pass an array");
  }

  static void notNull(String name, Object value, String remedy) {
    if (value == null) {
      throw new IllegalArgumentException(name + " is null; " + remedy);
    }
  }

  /** As {@link #sameLength(String, int, String, int)}, of arrays that must not be null either. */
  static void sameLength(String a, Object arrayA, String b, Object arrayB) {
    notNull(a, arrayA);
    notNull(b, arrayB);
    sameLength(a, Array.getLength(arrayA), b, Array.getLength(arrayB));
  }

  static void sameLength(String a, int lengthA, String b, int lengthB) {
    if (lengthA != lengthB) {
      throw new IllegalArgumentException(
          "%s has length %d but %s has length %d; pass one entry per example in both"
              .formatted(a, lengthA, b, lengthB));
    }
  }

  static void positive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException("%s = %d; pass at least 1".formatted(name, value));
    }
  }

  static void notNaN(String name, double[] values) {
    notNull(name, values);
    for (int i = 0; i < values.length; i++) {
      if (Double.isNaN(values[i])) {
        throw new IllegalArgumentException(
            "%s[%d] is NaN; drop the example or repair the model that produced it"
                .formatted(name, i));
      }
    }
  }

  static void finite(String name, double[] values) {
    notNull(name, values);
    for (int i = 0; i < values.length; i++) {
      if (!Double.isFinite(values[i])) {
        throw new IllegalArgumentException(
            "%s[%d] = %s; pass finite values".formatted(name, i, values[i]));
      }
    }
  }

  static void std(String name, int i, double std) {
    if (!(std > 0 && std < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "%s[%d] = %s; pass a finite standard deviation above 0".formatted(name, i, std));
    }
  }

  static void interval(double[] lower, double[] upper) {
    sameLength("lower", lower, "upper", upper);
    for (int i = 0; i < lower.length; i++) {
      if (!(lower[i] <= upper[i])) {
        throw new IllegalArgumentException(
            "lower[%d] = %s exceeds upper[%d] = %s; pass ordered interval ends"
                .formatted(i, lower[i], i, upper[i]));
      }
    }
  }

  static void label(String name, int i, int label, int classes) {
    if (label < 0 || label >= classes) {
      throw new IllegalArgumentException(
          "%s[%d] = %d is outside 0..%d; number the classes from 0"
              .formatted(name, i, label, classes - 1));
    }
  }

  static void labels(String name, int[] labels, int classes) {
    for (int i = 0; i < labels.length; i++) {
      label(name, i, labels[i], classes);
    }
  }

  /**
   * Checks that every row is a distribution over the same classes.
   *
   * @return the number of classes, 0 when there are no rows
   */
  static int probabilities(String name, double[][] rows) {
    notNull(name, rows);
    for (int i = 0; i < rows.length; i++) {
      notNull(name + "[" + i + "]", rows[i]);
      if (rows[i].length == 0 || rows[i].length != rows[0].length) {
        throw new IllegalArgumentException(
            "%s[%d] has %d classes and %s[0] has %d; pass the same positive number of classes in"
                    .formatted(name, i, rows[i].length, name, rows[0].length)
                + " every row");
      }
      probabilities(name + "[" + i + "]", rows[i]);
    }
    return rows.length == 0 ? 0 : rows[0].length;
  }

  private static void probabilities(String name, double[] row) {
    double sum = 0;
    for (int c = 0; c < row.length; c++) {
      if (!(row[c] >= -RANGE_TOLERANCE && row[c] <= 1 + RANGE_TOLERANCE)) {
        throw new IllegalArgumentException(
            "%s[%d] = %s is not a probability; apply softmax to logits first"
                .formatted(name, c, row[c]));
      }
      sum += row[c];
    }
    if (Math.abs(sum - 1) > SUM_TOLERANCE) {
      throw new IllegalArgumentException(
          "%s sums to %s, not 1; normalise it over the classes".formatted(name, sum));
    }
  }

  static double[][] widen(String name, float[][] rows) {
    notNull(name, rows);
    double[][] wide = new double[rows.length][];
    for (int i = 0; i < rows.length; i++) {
      notNull(name + "[" + i + "]", rows[i]);
      wide[i] = new double[rows[i].length];
      for (int j = 0; j < rows[i].length; j++) {
        wide[i][j] = rows[i][j];
      }
    }
    return wide;
  }

  /** Index of the largest entry, the lowest one on a tie. */
  static int argmax(double[] row) {
    int best = 0;
    for (int c = 1; c < row.length; c++) {
      if (row[c] > row[best]) {
        best = c;
      }
    }
    return best;
  }
}
