package org.bhn.bayes;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.bhn.backend.Backend;
import org.bhn.backend.Device;
import org.bhn.io.FormatException;
import org.bhn.io.SafeTensors;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * Device tensors in safetensors files, with a checksum over all that they mean: metadata, names,
 * types, shapes and values. Reals are F64 on the plain Java backend and F32 elsewhere, so that a
 * reload on the same kind of device has the same bits; each reads the other's files.
 */
public final class TensorFiles {
  private static final String CHECKSUM = "crc32c";

  private TensorFiles() {}

  /** Collects tensors and writes them with their checksum. */
  public static final class Writer {
    private final SafeTensors.Writer file = new SafeTensors.Writer();
    private final SortedMap<String, String> metadata = new TreeMap<>();
    private final Map<String, Content> contents = new TreeMap<>();

    /** Nothing yet. */
    public Writer() {}

    private record Content(SafeTensors.DType type, long[] shape, byte[] bytes) {}

    /** Adds a device tensor. */
    public Writer add(Backend backend, String name, Tensor tensor) {
      long[] shape = LongStream.range(0, tensor.rank()).map(i -> tensor.dim((int) i)).toArray();
      int n = tensor.size();
      if (tensor.dtype() == DType.INT32) {
        int[] values = new int[n];
        backend.download(tensor, values);
        return add(name, SafeTensors.DType.I32, MemorySegment.ofArray(values), shape);
      }
      if (backend.device() == Device.JAVA) {
        double[] values = new double[n];
        backend.download(tensor, values);
        return add(name, SafeTensors.DType.F64, MemorySegment.ofArray(values), shape);
      }
      float[] values = new float[n];
      backend.download(tensor, values);
      return add(name, SafeTensors.DType.F32, MemorySegment.ofArray(values), shape);
    }

    /** Adds host values. */
    public Writer add(String name, double[] values, long... shape) {
      return add(name, SafeTensors.DType.F64, MemorySegment.ofArray(values), shape);
    }

    private Writer add(String name, SafeTensors.DType type, MemorySegment values, long[] shape) {
      byte[] bytes = new byte[Math.toIntExact(values.byteSize())];
      MemorySegment copy = MemorySegment.ofArray(bytes);
      copy.copyFrom(values);
      file.add(name, type, copy, shape);
      contents.put(name, new Content(type, shape.clone(), bytes));
      return this;
    }

    /** Adds a string to the header. */
    public Writer metadata(String key, String value) {
      file.metadata(key, value);
      metadata.put(key, value);
      return this;
    }

    /** Writes the file atomically. */
    public void write(Path path) {
      FileChecksum sum = new FileChecksum(metadata);
      contents.forEach(
          (name, c) -> sum.tensor(name, c.type, c.shape, MemorySegment.ofArray(c.bytes)));
      file.metadata(CHECKSUM, sum.hex());
      file.write(path);
    }
  }

  /**
   * Checks a file against its checksum: to be done before any of it is believed.
   *
   * @throws FormatException if the checksum is missing or differs
   */
  public static void verify(SafeTensors.File file, Path path) {
    SortedMap<String, String> metadata = new TreeMap<>(file.metadata());
    String expected = metadata.remove(CHECKSUM);
    if (expected == null) {
      throw new FormatException(
          path.toString(),
          "__metadata__",
          "no " + CHECKSUM + ": this file was not written by this library",
          "pass a file written by Bhn.save");
    }
    FileChecksum sum = new FileChecksum(metadata);
    new TreeMap<>(file.tensors())
        .forEach((name, info) -> sum.tensor(name, info.type(), info.dimensions(), file.map(name)));
    if (!expected.equals(sum.hex())) {
      throw new FormatException(
          path.toString(),
          "checksum",
          sum.hex() + " where " + expected + " was written",
          "the file is damaged: copy or save it again");
    }
  }

  /**
   * Reads a tensor onto the device.
   *
   * @throws FormatException if it is missing, of another shape, or not finite
   */
  public static void read(
      SafeTensors.File file, Path path, Backend backend, String name, Tensor to) {
    switch (values(file, path, name, to)) {
      case int[] values -> backend.upload(to, values);
      case double[] values -> backend.upload(to, values);
      case float[] values -> backend.upload(to, values);
      default -> throw new AssertionError(name);
    }
  }

  /**
   * Checks that {@link #read} would succeed, and leaves the tensor as it is.
   *
   * @throws FormatException if it would not
   */
  public static void check(SafeTensors.File file, Path path, String name, Tensor to) {
    values(file, path, name, to);
  }

  private static Object values(SafeTensors.File file, Path path, String name, Tensor to) {
    long[] shape = LongStream.range(0, to.rank()).map(i -> to.dim((int) i)).toArray();
    if (to.dtype() == DType.INT32) {
      file.require(name, SafeTensors.DType.I32, shape);
      return file.ints(name);
    }
    SafeTensors.DType type = file.info(name).type();
    if (type == SafeTensors.DType.F64) {
      file.require(name, type, shape);
      double[] values = file.doubles(name);
      for (double value : values) {
        finite(path, name, value);
      }
      return values;
    }
    file.require(name, SafeTensors.DType.F32, shape);
    float[] values = file.floats(name);
    for (float value : values) {
      finite(path, name, value);
    }
    return values;
  }

  private static void finite(Path path, String name, double value) {
    if (!Double.isFinite(value)) {
      throw new FormatException(
          path.toString(), name, "holds " + value, "the training that wrote it had failed");
    }
  }

  /**
   * Checks that a file holds the expected tensors and no others.
   *
   * @throws FormatException naming the first that is missing or unknown
   */
  public static void requireOnly(SafeTensors.File file, Path path, Collection<String> expected) {
    for (String name : expected) {
      file.info(name);
    }
    for (String name : file.tensors().keySet()) {
      if (!expected.contains(name)) {
        throw new FormatException(
            path.toString(), name, "unknown tensor", "use the version that wrote the file");
      }
    }
  }
}
