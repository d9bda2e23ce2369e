package org.bhn.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.bhn.io.FileErrors;

/**
 * An array from a file in the idx format of MNIST, plain or gzipped (told by content, not name).
 *
 * <p>Two zero bytes, a type byte (8 = unsigned byte, 11 = signed 16-bit), the number of dimensions,
 * each dimension as a 32-bit big-endian integer, the big-endian values row-major.
 */
public final class Idx {
  private static final int UNSIGNED_BYTE = 8;
  private static final int SHORT = 11;

  // No deflate stream expands further, so a larger claim is a lie told before anything is read.
  private static final long MAX_INFLATION = 1032;

  private final int[] shape;
  private final int width;
  private final ByteBuffer values;

  private Idx(int[] shape, int width, byte[] values) {
    this.shape = shape;
    this.width = width;
    this.values = ByteBuffer.wrap(values);
  }

  /**
   * Reads a file.
   *
   * @param file the file
   * @return its array
   * @throws DataException when it is truncated, too long, or not of this format
   * @throws UncheckedIOException when it cannot be read
   */
  public static Idx read(Path file) {
    if (file == null) {
      throw new IllegalArgumentException("file is null; pass the path of an idx file");
    }
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      long available = Files.size(file);
      raw.mark(2);
      boolean zipped = raw.read() == 0x1f && raw.read() == 0x8b;
      raw.reset();
      try (InputStream in = zipped ? new GZIPInputStream(raw, 1 << 16) : raw) {
        return read(in, zipped ? available * MAX_INFLATION : available, file);
      }
    } catch (ZipException | EOFException e) {
      throw new DataException(
          "%s: damaged gzip data (%s); fetch the file again".formatted(file, e.getMessage()), e);
    } catch (IOException e) {
      throw FileErrors.cannotRead(file, e);
    }
  }

  private static Idx read(InputStream in, long available, Path file) throws IOException {
    byte[] magic = in.readNBytes(4);
    if (magic.length < 4 || magic[0] != 0 || magic[1] != 0) {
      throw problem(file, 0, "two zero bytes, a type and a rank", Arrays.toString(magic));
    }
    int width =
        switch (magic[2]) {
          case UNSIGNED_BYTE -> 1;
          case SHORT -> 2;
          default ->
              throw problem(
                  file, 2, "type 8 (unsigned byte) or 11 (short)", "type " + (magic[2] & 0xff));
        };
    int rank = magic[3] & 0xff;
    if (rank == 0) {
      throw problem(file, 3, "at least one dimension", "none");
    }
    byte[] dimensions = in.readNBytes(4 * rank);
    if (dimensions.length < 4 * rank) {
      throw problem(file, 4, rank + " dimensions", "the end of the file");
    }
    int[] shape = new int[rank];
    ByteBuffer.wrap(dimensions).asIntBuffer().get(shape);
    int start = 4 + 4 * rank;
    long bytes = bytes(shape, width, available - start);
    if (bytes < 0) {
      throw problem(
          file,
          4,
          "dimensions whose product fits the %d bytes of the file".formatted(available),
          Arrays.toString(shape));
    }
    byte[] values = in.readNBytes((int) bytes);
    if (values.length < bytes) {
      throw problem(
          file,
          start + values.length,
          bytes + " bytes of values",
          "the end of the file after " + values.length);
    }
    if (in.read() >= 0) {
      throw problem(file, start + bytes, "the end of the file", "more bytes");
    }
    return new Idx(shape, width, values);
  }

  /** Size of the values; −1 when a dimension is negative or they exceed the limit. */
  private static long bytes(int[] shape, int width, long limit) {
    long bytes = width;
    for (int dimension : shape) {
      if (dimension < 0) {
        return -1;
      }
      // Both factors are below 2^31, so the product cannot overflow before the check.
      bytes *= dimension;
      if (bytes > Math.min(limit, Integer.MAX_VALUE - 8)) {
        return -1;
      }
    }
    return bytes;
  }

  private static DataException problem(Path file, long offset, String expected, String found) {
    return new DataException(
        "%s: offset %d: expected %s, found %s; check that it is an idx file and whole"
            .formatted(file, offset, expected, found));
  }

  /** Returns the dimensions, a copy. */
  public int[] shape() {
    return shape.clone();
  }

  /** Returns the number of values, the product of the dimensions. */
  public int size() {
    return values.capacity() / width;
  }

  /**
   * Returns one value.
   *
   * @param i index in row-major order
   * @return 0 .. 255 for bytes, −32768 .. 32767 for shorts
   * @throws IndexOutOfBoundsException outside 0 .. size − 1
   */
  public int get(int i) {
    Objects.checkIndex(i, size());
    return width == 1 ? values.get(i) & 0xff : values.getShort(2 * i);
  }

  /** Returns all values in row-major order. */
  public int[] toInts() {
    int[] result = new int[size()];
    for (int i = 0; i < result.length; i++) {
      result[i] = get(i);
    }
    return result;
  }

  /**
   * Returns all values, each divided by a number.
   *
   * @param divisor 255 maps pixels to [0, 1]
   * @return the quotients, rounded once, in row-major order
   */
  public float[] toFloats(float divisor) {
    float[] result = new float[size()];
    for (int i = 0; i < result.length; i++) {
      result[i] = get(i) / divisor;
    }
    return result;
  }
}
