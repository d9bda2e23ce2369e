package org.bhn.data;

import java.util.Arrays;
import java.util.Objects;
import java.util.Random;

/**
 * Examples with class labels or real targets; immutable.
 *
 * <p>Inputs are {@code [rows][columns]}, row-major, finite. Slices share their storage and cost
 * nothing; {@link #select} and {@link #shuffled} copy. Accessors that return an array return a
 * fresh one, so loops should use {@link #copyInputs} instead. {@link Scaling} standardises.
 */
public final class Dataset {
  /**
   * The two parts of a data set.
   *
   * @param first the rows before the cut
   * @param second the rows from the cut on
   */
  public record Split(Dataset first, Dataset second) {}

  private final float[] inputs;
  private final int columns;
  private final int[] labels;
  private final int classes;
  private final float[] targets;
  private final int targetColumns;
  private final int from;
  private final int rows;

  private Dataset(
      float[] inputs,
      int columns,
      int[] labels,
      int classes,
      float[] targets,
      int targetColumns,
      int from,
      int rows) {
    this.inputs = inputs;
    this.columns = columns;
    this.labels = labels;
    this.classes = classes;
    this.targets = targets;
    this.targetColumns = targetColumns;
    this.from = from;
    this.rows = rows;
  }

  /**
   * A classification data set; copies the arrays.
   *
   * @param inputs {@code [rows][columns]}, finite
   * @param columns number of columns, at least 1
   * @param labels {@code [rows]}, each in 0 .. classes − 1
   * @param classes number of classes, at least 1
   * @return the data set
   * @throws IllegalArgumentException when sizes do not fit or a value is out of range
   */
  public static Dataset classification(float[] inputs, int columns, int[] labels, int classes) {
    return owning(
        given("inputs", inputs).clone(), columns, given("labels", labels).clone(), classes);
  }

  /**
   * A regression data set; copies the arrays.
   *
   * @param inputs {@code [rows][columns]}, finite
   * @param columns number of columns, at least 1
   * @param targets {@code [rows][targetColumns]}, finite
   * @param targetColumns number of targets an example, at least 1
   * @return the data set
   * @throws IllegalArgumentException when sizes do not fit or a value is not finite
   */
  public static Dataset regression(
      float[] inputs, int columns, float[] targets, int targetColumns) {
    return owning(
        given("inputs", inputs).clone(), columns, given("targets", targets).clone(), targetColumns);
  }

  /** As {@link #regression}, but keeps the arrays: the caller gives them up. */
  static Dataset owning(float[] inputs, int columns, float[] targets, int targetColumns) {
    int rows = rows("inputs", inputs, "columns", columns);
    sameRows("targets", rows("targets", targets, "targetColumns", targetColumns), rows);
    return new Dataset(inputs, columns, null, 0, targets, targetColumns, 0, rows);
  }

  /** As {@link #classification}, but keeps the arrays: the caller gives them up. */
  static Dataset owning(float[] inputs, int columns, int[] labels, int classes) {
    int rows = rows("inputs", inputs, "columns", columns);
    sameRows("labels", labels.length, rows);
    if (classes < 1) {
      throw new IllegalArgumentException("classes = %d; pass at least 1".formatted(classes));
    }
    for (int i = 0; i < rows; i++) {
      if (labels[i] < 0 || labels[i] >= classes) {
        throw new IllegalArgumentException(
            "labels[%d] = %d is outside 0..%d; number the classes from 0"
                .formatted(i, labels[i], classes - 1));
      }
    }
    return new Dataset(inputs, columns, labels, classes, null, 0, 0, rows);
  }

  private static <T> T given(String name, T values) {
    if (values == null) {
      throw new IllegalArgumentException(name + " is null; pass an array, empty for no rows");
    }
    return values;
  }

  private static int rows(String name, float[] values, String widthName, int width) {
    if (width < 1 || values.length % width != 0) {
      throw new IllegalArgumentException(
          "%s = %d does not divide the %d values of %s; pass the width of a row"
              .formatted(widthName, width, values.length, name));
    }
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new IllegalArgumentException(
            "%s: row %d, column %d is %s; drop or repair the row"
                .formatted(name, i / width, i % width, values[i]));
      }
    }
    return values.length / width;
  }

  private static void sameRows(String name, int found, int rows) {
    if (found != rows) {
      throw new IllegalArgumentException(
          "%s has %d rows but inputs has %d; pass one row per example in both"
              .formatted(name, found, rows));
    }
  }

  /** Returns the number of examples, possibly 0. */
  public int rows() {
    return rows;
  }

  /** Returns the number of inputs an example. */
  public int columns() {
    return columns;
  }

  /** Returns whether the examples have class labels rather than real targets. */
  public boolean isClassification() {
    return labels != null;
  }

  /**
   * Returns the number of classes.
   *
   * @throws IllegalStateException for a regression data set
   */
  public int classes() {
    requireLabels();
    return classes;
  }

  /**
   * Returns the number of real targets an example.
   *
   * @throws IllegalStateException for a classification data set
   */
  public int targetColumns() {
    requireTargets();
    return targetColumns;
  }

  /** Returns the inputs {@code [rows][columns]}, row-major, a copy. */
  public float[] inputs() {
    return Arrays.copyOfRange(inputs, from * columns, (from + rows) * columns);
  }

  /**
   * Returns the labels {@code [rows]}, a copy.
   *
   * @throws IllegalStateException for a regression data set
   */
  public int[] labels() {
    requireLabels();
    return Arrays.copyOfRange(labels, from, from + rows);
  }

  /**
   * Returns the label of one example.
   *
   * @throws IllegalStateException for a regression data set
   * @throws IndexOutOfBoundsException outside 0 .. rows − 1
   */
  public int label(int row) {
    requireLabels();
    Objects.checkIndex(row, rows);
    return labels[from + row];
  }

  /**
   * Returns the targets {@code [rows][targetColumns]}, row-major, a copy.
   *
   * @throws IllegalStateException for a classification data set
   */
  public float[] targets() {
    requireTargets();
    return Arrays.copyOfRange(targets, from * targetColumns, (from + rows) * targetColumns);
  }

  /**
   * Copies the inputs of consecutive rows.
   *
   * @param fromRow first row
   * @param toRow one past the last row
   * @param into receives {@code (toRow − fromRow) * columns} values
   * @param at where the first value goes
   * @throws IndexOutOfBoundsException when rows or destination do not exist
   */
  public void copyInputs(int fromRow, int toRow, float[] into, int at) {
    Objects.checkFromToIndex(fromRow, toRow, rows);
    System.arraycopy(inputs, (from + fromRow) * columns, into, at, (toRow - fromRow) * columns);
  }

  /** As {@link #copyInputs}, for the targets of a regression data set. */
  public void copyTargets(int fromRow, int toRow, float[] into, int at) {
    requireTargets();
    Objects.checkFromToIndex(fromRow, toRow, rows);
    int n = (toRow - fromRow) * targetColumns;
    System.arraycopy(targets, (from + fromRow) * targetColumns, into, at, n);
  }

  /** As {@link #copyInputs}, for the labels of a classification data set. */
  public void copyLabels(int fromRow, int toRow, int[] into, int at) {
    requireLabels();
    Objects.checkFromToIndex(fromRow, toRow, rows);
    System.arraycopy(labels, from + fromRow, into, at, toRow - fromRow);
  }

  /**
   * Consecutive rows; shares storage.
   *
   * @param fromRow first row
   * @param toRow one past the last row
   * @return the rows in the same order
   * @throws IndexOutOfBoundsException unless 0 ≤ fromRow ≤ toRow ≤ rows
   */
  public Dataset slice(int fromRow, int toRow) {
    Objects.checkFromToIndex(fromRow, toRow, rows);
    return with(fromRow, toRow - fromRow);
  }

  /**
   * The first rows; shares storage.
   *
   * @param n how many
   * @return the first n rows
   * @throws IndexOutOfBoundsException unless 0 ≤ n ≤ rows
   */
  public Dataset take(int n) {
    return slice(0, n);
  }

  /**
   * Cuts in two; both parts share storage. Shuffle first when the rows are sorted.
   *
   * @param firstRows number of rows in the first part
   * @return both parts
   * @throws IndexOutOfBoundsException unless 0 ≤ firstRows ≤ rows
   */
  public Split split(int firstRows) {
    return new Split(slice(0, firstRows), slice(firstRows, rows));
  }

  /**
   * Rows by index, in the order given; copies.
   *
   * @param indices rows, each in 0 .. rows − 1, repeats allowed
   * @return those rows
   * @throws IndexOutOfBoundsException when a row does not exist
   * @throws IllegalArgumentException when they do not fit an array
   */
  public Dataset select(int... indices) {
    given("indices", indices);
    int widest = Math.max(columns, targetColumns);
    if ((long) indices.length * widest > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "%d rows of %d values do not fit an array; select fewer"
              .formatted(indices.length, widest));
    }
    float[] x = new float[indices.length * columns];
    int[] y = labels == null ? null : new int[indices.length];
    float[] t = targets == null ? null : new float[indices.length * targetColumns];
    for (int i = 0; i < indices.length; i++) {
      int row = from + Objects.checkIndex(indices[i], rows);
      System.arraycopy(inputs, row * columns, x, i * columns, columns);
      if (y != null) {
        y[i] = labels[row];
      } else {
        System.arraycopy(targets, row * targetColumns, t, i * targetColumns, targetColumns);
      }
    }
    return new Dataset(x, columns, y, classes, t, targetColumns, 0, indices.length);
  }

  /**
   * All rows in an order drawn from the seed: Fisher and Yates' shuffle with {@link Random}, whose
   * algorithm is specified, so the order is the same on every platform and version. Copies.
   *
   * @param seed any number
   * @return the rows in another order
   */
  public Dataset shuffled(long seed) {
    Random random = new Random(seed);
    int[] order = new int[rows];
    for (int i = 0; i < rows; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return select(order);
  }

  /** Describes the shape, not the values. */
  @Override
  public String toString() {
    return "Dataset[%d x %d, %s]"
        .formatted(
            rows, columns, labels != null ? classes + " classes" : targetColumns + " targets");
  }

  private Dataset with(int offset, int count) {
    return new Dataset(
        inputs, columns, labels, classes, targets, targetColumns, from + offset, count);
  }

  private void requireLabels() {
    if (labels == null) {
      throw new IllegalStateException("this data set has real targets; call targets()");
    }
  }

  private void requireTargets() {
    if (targets == null) {
      throw new IllegalStateException("this data set has class labels; call labels()");
    }
  }
}
