package org.bhn.paper;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bhn.data.DataException;
import org.bhn.data.Dataset;

/**
 * A regression set with its fixed splits (Hernández-Lobato and Adams 2015): {@code
 * uci/<name>.tar.gz} holds {@code data.txt}, the columns of features and target, and the rows of
 * each split's training and test part.
 */
final class UciSet {
  private final Dataset data;
  private final Map<String, byte[]> files;

  private UciSet(Dataset data, Map<String, byte[]> files) {
    this.data = data;
    this.files = files;
  }

  /**
   * One split.
   *
   * @param train 90 % of the rows
   * @param test the others
   */
  record Split(Dataset train, Dataset test) {}

  /**
   * Reads a set.
   *
   * @param directory holds {@code name.tar.gz}, itself or in its folder {@code uci}
   * @throws DataException if it is not there or damaged
   */
  static UciSet read(Path directory, String name) throws IOException {
    Path file =
        Stream.of(directory.resolve("uci"), directory)
            .map(d -> d.resolve(name + ".tar.gz"))
            .filter(Files::exists)
            .findFirst()
            .orElseThrow(
                () ->
                    new DataException(
                        "%s: no uci/%s.tar.gz; pass -Ddata=DIR, the directory of the data sets"
                            .formatted(directory, name)));
    Map<String, byte[]> files = TarGz.read(file);
    double[][] rows =
        text(files, "data.txt")
            .lines()
            .map(line -> numbers(line))
            .filter(row -> row.length > 0)
            .toArray(double[][]::new);
    double[] features = numbers(text(files, "index_features.txt"));
    int target = (int) numbers(text(files, "index_target.txt"))[0];
    float[] x = new float[rows.length * features.length];
    float[] y = new float[rows.length];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < features.length; j++) {
        x[i * features.length + j] = (float) rows[i][(int) features[j]];
      }
      y[i] = (float) rows[i][target];
    }
    return new UciSet(Dataset.regression(x, features.length, y, 1), files);
  }

  /** Three noisy features and a smooth target, with no file behind it. */
  static Split drawn(int rows, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] x = new float[rows * 3];
    float[] y = new float[rows];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < 3; j++) {
        x[3 * i + j] = (float) random.nextGaussian();
      }
      y[i] = (float) (5 + Math.sin(x[3 * i]) * x[3 * i + 1] + 0.2 * random.nextGaussian());
    }
    Dataset all = Dataset.regression(x, 3, y, 1);
    int cut = rows * 9 / 10;
    return new Split(all.slice(0, cut), all.slice(cut, rows));
  }

  /** A split, from 0. */
  Split split(int index) {
    return new Split(
        data.select(rows("index_train_" + index)), data.select(rows("index_test_" + index)));
  }

  private int[] rows(String name) {
    double[] values = numbers(text(files, name + ".txt"));
    int[] rows = new int[values.length];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = (int) values[i];
    }
    return rows;
  }

  private static String text(Map<String, byte[]> files, String name) {
    byte[] content = files.get(name);
    if (content == null) {
      throw new DataException("no " + name + " in the archive; it has " + files.keySet());
    }
    return new String(content, StandardCharsets.US_ASCII);
  }

  private static double[] numbers(String text) {
    return Stream.of(text.strip().split("\\s+"))
        .filter(word -> !word.isEmpty())
        .mapToDouble(Double::parseDouble)
        .toArray();
  }
}
