package org.bhn.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.bhn.io.FileErrors;

/** Reads one table. */
final class CsvReader {
  /** What stands for a number that is none; no column is named so, and no class. */
  private static final Pattern MISSING =
      Pattern.compile("[+-]?(nan|inf|infinity)|na|n/a|none|null|\\?", Pattern.CASE_INSENSITIVE);

  private final Path file;
  private Character separator;
  private int line;
  private List<String> header = List.of();
  private final List<Map<String, Integer>> texts = new ArrayList<>(); // null of numbers
  private double[] values = new double[1024];
  private int size;
  private int columns;

  CsvReader(Path file, Character separator) {
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
    double[] all = Arrays.copyOf(values, size);
    List<List<String>> categories = new ArrayList<>();
    for (int c = 0; c < columns; c++) {
      Map<String, Integer> found = size == 0 ? null : texts.get(c);
      categories.add(found == null ? List.of() : sorted(found, all, c));
    }
    return new Csv(header, List.copyOf(categories), all, columns);
  }

  /** Numbers the texts of a column in alphabetical order instead of that of the file. */
  private List<String> sorted(Map<String, Integer> found, double[] all, int column) {
    List<String> ordered = found.keySet().stream().sorted().toList();
    double[] places = new double[ordered.size()];
    for (int i = 0; i < places.length; i++) {
      places[found.get(ordered.get(i))] = i;
    }
    for (int i = column; i < all.length; i += columns) {
      all[i] = places[(int) all[i]];
    }
    return ordered;
  }

  private void add(String row) {
    boolean first = columns == 0;
    if (separator == null) {
      separator = detect(row);
    }
    List<String> fields = separator == ' ' ? split(row.strip()) : split(row);
    if (first) {
      columns = fields.size();
      if (fields.stream().allMatch(f -> number(f) == null && !isMissing(f))) {
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
      String field = fields.get(c);
      if (texts.size() == c) {
        boolean text = number(field) == null && !field.isEmpty();
        texts.add(text && !isMissing(field) ? new HashMap<>() : null);
      }
      append(texts.get(c) == null ? finite(c, field) : category(c, field));
    }
  }

  private static boolean isMissing(String field) {
    return MISSING.matcher(field).matches();
  }

  private double finite(int column, String field) {
    Double value = number(field);
    if (value == null) {
      throw problem(
          "field %d: expected a finite number, found \"%s\"; fill it in or drop the row"
              .formatted(column + 1, field));
    }
    return value;
  }

  private double category(int column, String field) {
    if (field.isEmpty() || isMissing(field)) {
      throw problem(
          "field %d: expected a text, found \"%s\"; fill it in or drop the row"
              .formatted(column + 1, field));
    }
    Map<String, Integer> known = texts.get(column);
    Integer before = known.putIfAbsent(field, known.size());
    return before == null ? known.size() - 1 : before;
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
