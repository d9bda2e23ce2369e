package org.bhn.data;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * Tables from text, UTF-8, one row a line: numbers, and columns of text for labels.
 *
 * <p>The separator is the first of tab, semicolon and comma that occurs in the first line, else
 * runs of blanks. The first line is a header when none of its fields is a number or NA. Fields may
 * be quoted with {@code "}, a quote inside doubled; quoted fields end on their line. Blank lines
 * are skipped. A column is of text when its first value is; its values are numbers then, the places
 * of the texts in {@link #categories}. Values that are missing (empty, NA, NaN, none, null, ?) or
 * infinite are errors.
 */
public final class Csv {
  private final List<String> header;
  private final List<List<String>> categories;
  private final double[] values;
  private final int columns;

  Csv(List<String> header, List<List<String>> categories, double[] values, int columns) {
    this.header = header;
    this.categories = categories;
    this.values = values;
    this.columns = columns;
  }

  /**
   * Reads a file and detects the separator.
   *
   * @param file the file
   * @return its table
   * @throws DataException naming the line when a row is of another width, or a value is missing or
   *     no number in a column of numbers
   * @throws UncheckedIOException when it cannot be read
   */
  public static Csv read(Path file) {
    return new CsvReader(file, null).read();
  }

  /**
   * Reads a file.
   *
   * @param file the file
   * @param separator character between fields; a blank stands for runs of blanks and tabs
   * @return its table
   * @throws DataException as {@link #read(Path)}
   * @throws UncheckedIOException when it cannot be read
   */
  public static Csv read(Path file, char separator) {
    return new CsvReader(file, separator).read();
  }

  /** Returns the column names, empty without a header. */
  public List<String> header() {
    return header;
  }

  /** Returns the number of rows, not counting the header. */
  public int rows() {
    return columns == 0 ? 0 : values.length / columns;
  }

  /** Returns the number of columns. */
  public int columns() {
    return columns;
  }

  /**
   * Returns one value.
   *
   * @throws IndexOutOfBoundsException when it does not exist
   */
  public double get(int row, int column) {
    Objects.checkIndex(row, rows());
    return values[row * columns + Objects.checkIndex(column, columns)];
  }

  /** Returns all values {@code [rows][columns]}, row-major, a copy. */
  public double[] values() {
    return values.clone();
  }

  /**
   * Returns the position of a named column, if there is one.
   *
   * @param name as in the header
   * @return its index
   */
  public OptionalInt column(String name) {
    if (name == null) {
      throw new IllegalArgumentException("name is null; pass one of the header " + header);
    }
    int i = header.indexOf(name);
    return i < 0 ? OptionalInt.empty() : OptionalInt.of(i);
  }

  /**
   * Returns what the values of a column of text stand for, in alphabetical order.
   *
   * @param column its index
   * @return its texts, none of a column of numbers
   * @throws IndexOutOfBoundsException when it does not exist
   */
  public List<String> categories(int column) {
    return categories.get(Objects.checkIndex(column, columns));
  }

  /**
   * Makes a classification data set. Labels are texts, numbered as {@link #categories}, or whole
   * numbers from 0. For data that belong to others, in which not every class need occur, see the
   * longer form.
   *
   * @param inputs columns of the inputs, at least one, rounded to single precision
   * @param label column of the labels
   * @return the data set
   * @throws IndexOutOfBoundsException when a column does not exist
   * @throws IllegalArgumentException when an input is text or a label no whole number from 0
   */
  public Dataset toClassification(int[] inputs, int label) {
    List<String> texts = categories(label);
    if (!texts.isEmpty()) {
      return toClassification(inputs, label, texts);
    }
    int[] labels = new int[rows()];
    int classes = 1;
    for (int i = 0; i < labels.length; i++) {
      double value = get(i, label);
      if (value < 0 || value != (int) value || value == Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            "label = column %d is %s in row %d; number the classes 0, 1, 2 and so on, or name them"
                .formatted(label, value, i));
      }
      labels[i] = (int) value;
      classes = Math.max(classes, labels[i] + 1);
    }
    return Dataset.owning(pick(inputs), inputs.length, labels, classes);
  }

  /**
   * Makes a classification data set with classes known before: those of the training data for data
   * to test with.
   *
   * @param inputs columns of the inputs, at least one, rounded to single precision
   * @param label column of the labels
   * @param classes its texts by class, usually {@link #categories} of the training data
   * @return the data set
   * @throws IndexOutOfBoundsException when a column does not exist
   * @throws IllegalArgumentException when an input is text or a label no class
   */
  public Dataset toClassification(int[] inputs, int label, List<String> classes) {
    if (classes == null || classes.isEmpty()) {
      throw new IllegalArgumentException(
          "classes is %s; pass categories(%d) of the training data".formatted(classes, label));
    }
    List<String> texts = categories(label);
    int[] labels = new int[rows()];
    for (int i = 0; i < labels.length; i++) {
      double value = get(i, label);
      String text = texts.isEmpty() ? plain(value) : texts.get((int) value);
      labels[i] = classes.indexOf(text);
      if (labels[i] < 0) {
        throw new IllegalArgumentException(
            "label = column %d is \"%s\" in row %d, which is none of the classes %s"
                .formatted(label, text, i, classes));
      }
    }
    return Dataset.owning(pick(inputs), inputs.length, labels, classes.size());
  }

  private static String plain(double value) {
    return value == (long) value ? Long.toString((long) value) : Double.toString(value);
  }

  /**
   * Makes a regression data set of chosen columns, rounded to single precision.
   *
   * @param inputs columns of the inputs, at least one
   * @param targets columns of the targets, at least one
   * @return the data set
   * @throws IndexOutOfBoundsException when a column does not exist
   * @throws IllegalArgumentException when one holds text
   */
  public Dataset toRegression(int[] inputs, int... targets) {
    if (inputs == null || targets == null) {
      throw new IllegalArgumentException(
          (inputs == null ? "inputs" : "targets") + " is null; pass the indices of columns");
    }
    if (inputs.length == 0 || targets.length == 0) {
      throw new IllegalArgumentException(
          (inputs.length == 0 ? "inputs" : "targets") + " is empty; pass at least one column");
    }
    return Dataset.regression(pick(inputs), inputs.length, pick(targets), targets.length);
  }

  private float[] pick(int[] which) {
    if (which == null) {
      throw new IllegalArgumentException("inputs is null; pass the indices of columns");
    }
    for (int column : which) {
      if (!categories(column).isEmpty()) {
        throw new IllegalArgumentException(
            "column %d holds text, such as \"%s\"; inputs and targets must be numbers"
                .formatted(column, categories(column).get(0)));
      }
    }
    float[] picked = new float[Math.multiplyExact(rows(), which.length)];
    for (int i = 0; i < picked.length; i++) {
      picked[i] = (float) get(i / which.length, which[i % which.length]);
    }
    return picked;
  }
}
