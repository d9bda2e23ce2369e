package org.bhn.data;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Column means and standard deviations: z = (x − mean) / std and back. Immutable.
 *
 * <p>The deviation is the population one (divided by n); a constant column has deviation 1, so it
 * becomes 0 rather than NaN.
 */
public final class Standardizer {
  private final double[] mean;
  private final double[] std;

  /**
   * A scaler with given moments, as read back from a file.
   *
   * @param mean {@code [columns]}, finite
   * @param std {@code [columns]}, finite and above 0
   * @throws IllegalArgumentException otherwise
   */
  public Standardizer(double[] mean, double[] std) {
    given("mean", mean);
    given("std", std);
    if (mean.length != std.length || mean.length == 0) {
      throw new IllegalArgumentException(
          "mean has %d columns and std %d; pass the same positive number of both"
              .formatted(mean.length, std.length));
    }
    for (int c = 0; c < mean.length; c++) {
      if (!Double.isFinite(mean[c]) || !(std[c] > 0 && std[c] < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "column %d: mean %s, std %s; pass finite moments with std above 0"
                .formatted(c, mean[c], std[c]));
      }
    }
    this.mean = mean.clone();
    this.std = std.clone();
  }

  /**
   * Measures the columns.
   *
   * @param values {@code [rows][columns]}, row-major, at least one row, finite
   * @param columns number of columns
   * @return the scaler
   * @throws IllegalArgumentException when there is no whole positive number of rows
   */
  public static Standardizer fit(float[] values, int columns) {
    given("values", values);
    if (columns < 1 || values.length == 0 || values.length % columns != 0) {
      throw new IllegalArgumentException(
          "%d values are not one or more rows of %d columns; pass the width of a row"
              .formatted(values.length, columns));
    }
    int rows = values.length / columns;
    double[] mean = new double[columns];
    double[] std = new double[columns];
    boolean[] varies = new boolean[columns];
    for (int i = 0; i < values.length; i++) {
      mean[i % columns] += values[i] / (double) rows;
      varies[i % columns] |= values[i] != values[i % columns];
    }
    for (int i = 0; i < values.length; i++) {
      double d = values[i] - mean[i % columns];
      std[i % columns] += d * d / rows;
    }
    for (int c = 0; c < columns; c++) {
      // Rounding leaves a constant column a deviation of 1e-17, which would blow it up.
      std[c] = varies[c] ? Math.sqrt(std[c]) : 1;
      mean[c] = varies[c] ? mean[c] : values[c];
    }
    return new Standardizer(mean, std);
  }

  /** Returns the number of columns. */
  public int columns() {
    return mean.length;
  }

  /** Returns the column means, a copy. */
  public double[] mean() {
    return mean.clone();
  }

  /** Returns the column deviations, a copy; never 0. */
  public double[] std() {
    return std.clone();
  }

  /**
   * Standardises.
   *
   * @param values {@code [rows][columns]}, row-major
   * @return (x − mean) / std, a new array
   * @throws IllegalArgumentException when there is no whole number of rows, or a result is not
   *     finite
   */
  public float[] apply(float[] values) {
    return apply(values, mean.length);
  }

  float[] apply(float[] values, int columns) {
    given("values", values);
    requireRows(values.length, columns);
    float[] result = new float[values.length];
    for (int row = 0; row < values.length; row += columns) {
      for (int c = 0; c < columns; c++) {
        float z = (float) ((values[row + c] - mean[c]) / std[c]);
        if (!Float.isFinite(z)) {
          throw new IllegalArgumentException(
              "row %d, column %d: %s is %s once standardised by mean %s and std %s; repair the row"
                  .formatted(row / columns, c, values[row + c], z, mean[c], std[c]));
        }
        result[row + c] = z;
      }
    }
    return result;
  }

  /**
   * Undoes {@link #apply}.
   *
   * @param values {@code [rows][columns]}, row-major
   * @return x · std + mean, a new array
   * @throws IllegalArgumentException when there is no whole number of rows
   */
  public float[] invert(float[] values) {
    given("values", values);
    requireRows(values.length, mean.length);
    float[] result = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = (float) invert(values[i], i);
    }
    return result;
  }

  /** As {@link #invert(float[])}, of doubles. */
  public double[] invert(double[] values) {
    given("values", values);
    requireRows(values.length, mean.length);
    double[] result = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = invert(values[i], i);
    }
    return result;
  }

  private double invert(double value, int at) {
    int c = at % mean.length;
    return value * std[c] + mean[c];
  }

  /** As a map of plain values. */
  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("mean", Arrays.stream(mean).boxed().toList());
    map.put("std", Arrays.stream(std).boxed().toList());
    return map;
  }

  private static void given(String name, Object array) {
    if (array == null) {
      throw new IllegalArgumentException(name + " is null; pass an array");
    }
  }

  private void requireRows(int values, int columns) {
    if (columns != mean.length || values % mean.length != 0) {
      throw new IllegalArgumentException(
          "%d values in rows of %d do not fit a scaler of %d columns; use the one fitted to them"
              .formatted(values, columns, mean.length));
    }
  }
}
