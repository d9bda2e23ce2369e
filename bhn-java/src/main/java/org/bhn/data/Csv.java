package org.bhn.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.bhn.io.FileErrors;

/**
 * Numeric tables from text, UTF-8, one row a line.
 *
 * <p>The separator is the first of tab, semicolon and comma that occurs in the first line, else
 * runs of blanks. The first line is a header when none of its fields is a number. Fields may be
 * quoted with {@code "}, a quote inside doubled; quoted fields end on their line. Blank lines are
 * skipped. Missing, infinite and NaN values are errors.
 */
public final class Csv {
  private final List<String> header;
  private final double[] values;
  private final int columns;

  private Csv(List<String> header, double[] values, int columns) {
    this.header = header;
    this.values = values;
    this.columns = columns;
  }

  /**
   * Reads a file and detects the separator.
   *
   * @param file the file
   * @return its table
   * @throws DataException naming the line when a row is not numeric or of another width
   * @throws UncheckedIOException when it cannot be read
   */
  public static Csv read(Path file) {
    return new Reader(file, null).read();
  }

  /**
   * Reads a file.
   *
   * @param file the file
   * @param separator character between fields; a blank stands for runs of blanks and tabs
   * @return its table
   * @throws DataException naming the line when a row is not numeric or of another width
   * @throws UncheckedIOException when it cannot be read
   */
  public static Csv read(Path file, char separator) {
    return new Reader(file, separator).read();
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
   * Makes a regression data set of chosen columns, rounded to single precision.
   *
   * @param inputs columns of the inputs, at least one
   * @param targets columns of the targets, at least one
   * @return the data set
   * @throws IndexOutOfBoundsException when a column does not exist
   */
  public Dataset toRegression(int[] inputs, int... targets) {
    if (inputs == null || targets == null) {
      throw new IllegalArgumentException(
          (inputs == null ? "inputs" : "targets") + " is null; pass the indices of columns");
    }
    return Dataset.regression(pick(inputs), inputs.length, pick(targets), targets.length);
  }

  private float[] pick(int[] which) {
    float[] picked = new float[Math.multiplyExact(rows(), which.length)];
    for (int i = 0; i < picked.length; i++) {
      picked[i] = (float) get(i / which.length, which[i % which.length]);
    }
    return picked;
  }

  private static final class Reader {
    private final Path file;
    private Character separator;
    private int line;
    private List<String> header = List.of();
    private double[] values = new double[1024];
    private int size;
    private int columns;

    Reader(Path file, Character separator) {
      if (file == null) {
        throw new IllegalArgumentException("file is null; pass the path of a table");
      }
      this.file = file;
      this.separator = separator;
    }

    Csv read() {
      try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
        for (String text = reader.readLine(); text != null; text = reader.readLine()) {
          line++;
          String row = line == 1 && text.startsWith("\uFEFF") ? text.substring(1) : text;
          if (!row.isBlank()) {
            add(row);
          }
        }
      } catch (CharacterCodingException e) {
        throw new DataException(
            "%s: after line %d: not valid UTF-8; convert the file".formatted(file, line), e);
      } catch (IOException e) {
        throw FileErrors.cannotRead(file, e);
      }
      return new Csv(header, Arrays.copyOf(values, size), columns);
    }

    private void add(String row) {
      boolean first = columns == 0;
      if (separator == null) {
        separator = detect(row);
      }
      List<String> fields = separator == ' ' ? split(row.strip()) : split(row);
      if (first) {
        columns = fields.size();
        if (fields.stream().allMatch(f -> number(f) == null)) {
          header = List.copyOf(fields);
          return;
        }
      }
      if (fields.size() != columns) {
        throw problem(
            "expected %d fields, found %d; check the separator '%s'"
                .formatted(columns, fields.size(), separator));
      }
      for (int c = 0; c < columns; c++) {
        Double value = number(fields.get(c));
        if (value == null) {
          throw problem(
              "field %d: expected a finite number, found \"%s\"; fill it in or drop the row"
                  .formatted(c + 1, fields.get(c)));
        }
        append(value);
      }
    }

    private void append(double value) {
      if (size == values.length) {
        if (size > Integer.MAX_VALUE / 2) {
          throw problem("more than %d values; split the file".formatted(size));
        }
        values = Arrays.copyOf(values, 2 * size);
      }
      values[size++] = value;
    }

    private static char detect(String row) {
      String bare = row.replaceAll("\"[^\"]*\"", "");
      for (char candidate : new char[] {'\t', ';', ','}) {
        if (bare.indexOf(candidate) >= 0) {
          return candidate;
        }
      }
      return ' ';
    }

    private List<String> split(String row) {
      List<String> fields = new ArrayList<>();
      int at = 0;
      do {
        at = field(row, at, fields);
      } while (at <= row.length());
      return fields;
    }

    /** Adds the field that starts at a position; returns where the next one starts. */
    private int field(String row, int start, List<String> fields) {
      int at = start;
      while (at < row.length() && row.charAt(at) == ' ') {
        at++;
      }
      if (at < row.length() && row.charAt(at) == '"') {
        return quoted(row, at + 1, fields);
      }
      int end = at;
      while (end < row.length() && !separates(row.charAt(end))) {
        end++;
      }
      fields.add(row.substring(at, end).strip());
      return next(row, end);
    }

    private int quoted(String row, int start, List<String> fields) {
      StringBuilder text = new StringBuilder();
      int at = start;
      while (at < row.length()) {
        char c = row.charAt(at++);
        if (c != '"') {
          text.append(c);
        } else if (at < row.length() && row.charAt(at) == '"') {
          text.append(row.charAt(at++));
        } else {
          fields.add(text.toString());
          while (at < row.length() && !separates(row.charAt(at))) {
            if (!Character.isWhitespace(row.charAt(at++))) {
              throw problem("text after a closing quote; double quotes inside a field");
            }
          }
          return next(row, at);
        }
      }
      throw problem("a quote is not closed; end it on the same line");
    }

    private boolean separates(char c) {
      return separator == ' ' ? c == ' ' || c == '\t' : c == separator;
    }

    private int next(String row, int end) {
      int at = end + 1;
      while (separator == ' ' && at < row.length() && separates(row.charAt(at))) {
        at++;
      }
      return at;
    }

    /** The number a field spells, or null. Java's own suffixes and hexadecimal are not numbers. */
    private static Double number(String field) {
      String text = field.strip();
      if (text.isEmpty() || !text.chars().allMatch(c -> "+-.0123456789eE".indexOf(c) >= 0)) {
        return null;
      }
      try {
        double value = Double.parseDouble(text);
        return Double.isFinite(value) ? value : null;
      } catch (NumberFormatException e) {
        return null;
      }
    }

    private DataException problem(String what) {
      return new DataException("%s: line %d: %s".formatted(file, line, what));
    }
  }
}
