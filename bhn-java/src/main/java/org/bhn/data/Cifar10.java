package org.bhn.data;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.bhn.io.FileErrors;

/**
 * CIFAR-10 from the files of its binary version: records of one label byte and 3072 pixel bytes,
 * the red, green and blue planes of 32 x 32, row-major (A. Krizhevsky, "Learning Multiple Layers of
 * Features from Tiny Images", 2009). Convolutions want the channels last: {@code new Image(32, 32,
 * 3).channelsLast(inputs)}.
 *
 * @param train 50,000 images, {@code [50000][3072]}, pixels in [0, 1]
 * @param test 10,000 images, {@code [10000][3072]}
 */
public record Cifar10(Dataset train, Dataset test) {
  /** Names of the classes by label. */
  public static final List<String> CLASSES =
      List.of(
          "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");

  private static final int PIXELS = 3 * 32 * 32;
  private static final int RECORD = 1 + PIXELS;

  /**
   * Reads {@code data_batch_1.bin} to {@code data_batch_5.bin} and {@code test_batch.bin}.
   *
   * @param directory where they are
   * @return both parts in file order
   * @throws DataException when a file is missing or damaged
   * @throws UncheckedIOException when one cannot be read
   */
  public static Cifar10 load(Path directory) {
    Path[] train =
        IntStream.rangeClosed(1, 5)
            .mapToObj(i -> directory.resolve("data_batch_" + i + ".bin"))
            .toArray(Path[]::new);
    return new Cifar10(read(train), read(directory.resolve("test_batch.bin")));
  }

  /**
   * Reads any files of such records.
   *
   * @param files one or more, in the order wanted
   * @return all images, {@code [n][3072]} in [0, 1], with ten classes
   * @throws DataException when a file is missing, no whole number of records, or has a label above
   *     9
   * @throws UncheckedIOException when one cannot be read
   */
  public static Dataset read(Path... files) {
    long total = 0;
    for (Path file : files) {
      total += records(file);
    }
    if (total * PIXELS > Integer.MAX_VALUE - 8) {
      throw new DataException(
          "%d records do not fit an array of floats; read fewer files at once".formatted(total));
    }
    float[] inputs = new float[(int) total * PIXELS];
    int[] labels = new int[(int) total];
    int row = 0;
    for (Path file : files) {
      row = read(file, inputs, labels, row);
    }
    return Dataset.owning(inputs, PIXELS, labels, CLASSES.size());
  }

  private static long records(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new DataException(
          file + ": missing; unpack the binary version of CIFAR-10 into " + file.getParent());
    }
    try {
      long size = Files.size(file);
      if (size == 0 || size % RECORD != 0) {
        throw new DataException(
            "%s: offset %d: expected records of %d bytes, found a rest of %d; fetch the file again"
                .formatted(file, size - size % RECORD, RECORD, size % RECORD));
      }
      return size / RECORD;
    } catch (IOException e) {
      throw FileErrors.cannotRead(file, e);
    }
  }

  private static int read(Path file, float[] inputs, int[] labels, int row) {
    long end = row + records(file);
    byte[] record = new byte[RECORD];
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      for (long offset = 0; row < end && row < labels.length; offset += RECORD, row++) {
        if (in.readNBytes(record, 0, RECORD) < RECORD) {
          throw new DataException(
              "%s: offset %d: the file shrank while it was read".formatted(file, offset));
        }
        labels[row] = record[0] & 0xff;
        if (labels[row] >= CLASSES.size()) {
          throw new DataException(
              "%s: offset %d: expected a label of 0..9, found %d; check that it is the binary"
                      .formatted(file, offset, labels[row])
                  + " version of CIFAR-10");
        }
        for (int i = 0; i < PIXELS; i++) {
          inputs[row * PIXELS + i] = (record[1 + i] & 0xff) / 255f;
        }
      }
      return row;
    } catch (IOException e) {
      throw FileErrors.cannotRead(file, e);
    }
  }
}
