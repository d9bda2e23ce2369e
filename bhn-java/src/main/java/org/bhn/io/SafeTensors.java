package org.bhn.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;

/**
 * Named arrays in one file, in the safetensors format (https://github.com/huggingface/safetensors):
 * the header's length as a 64-bit little-endian integer, a JSON header, then the little-endian
 * values without gaps.
 *
 * <p>Files may exceed 2 GB. Values keep their bits, NaN payloads included.
 */
public final class SafeTensors {
  /**
   * Longest header that is read or written, in bytes; the limit of the reference implementation.
   */
  public static final long MAX_HEADER = 100_000_000;

  /** Largest number of dimensions. */
  public static final int MAX_RANK = 64;

  static final String METADATA = "__metadata__";

  private static final int ALIGNMENT = 64;

  private SafeTensors() {}

  /** Element types. */
  public enum DType {
    /** 32-bit float, {@code float[]}. */
    F32(ValueLayout.JAVA_FLOAT_UNALIGNED),
    /** 64-bit float, {@code double[]}. */
    F64(ValueLayout.JAVA_DOUBLE_UNALIGNED),
    /** 32-bit signed integer, {@code int[]}. */
    I32(ValueLayout.JAVA_INT_UNALIGNED),
    /** 64-bit signed integer, {@code long[]}. */
    I64(ValueLayout.JAVA_LONG_UNALIGNED),
    /** 8-bit unsigned integer, {@code byte[]}: widen with {@code & 0xff}. */
    U8(ValueLayout.JAVA_BYTE);

    private final ValueLayout layout;

    DType(ValueLayout layout) {
      this.layout = layout.withOrder(ByteOrder.LITTLE_ENDIAN);
    }

    /** Returns the size of one element in bytes. */
    public int bytes() {
      return (int) layout.byteSize();
    }

    /** Returns the layout of one element in a file: little-endian, at any address. */
    public ValueLayout layout() {
      return layout;
    }
  }

  /**
   * What the header says of one tensor.
   *
   * @param name its name, unique in the file
   * @param type element type
   * @param shape dimensions, row-major; empty for a scalar
   * @param begin first byte, counted from the start of the data
   * @param end one past the last byte
   */
  public record TensorInfo(String name, DType type, List<Long> shape, long begin, long end) {
    /** Copies the shape. */
    public TensorInfo {
      shape = List.copyOf(shape);
    }

    /** Returns the number of elements, the product of the shape. */
    public long elements() {
      return (end - begin) / type.bytes();
    }

    /** Returns the shape as a fresh array. */
    public long[] dimensions() {
      return shape.stream().mapToLong(Long::longValue).toArray();
    }
  }

  /**
   * Opens a file and checks its whole header; values are read when asked for.
   *
   * @param path the file
   * @return the open file, to be closed by the caller
   * @throws FormatException when it is not a valid safetensors file
   * @throws UncheckedIOException when it cannot be read
   */
  public static File open(Path path) {
    try {
      FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
      try {
        return new File(path, channel, SafeTensorsHeader.read(channel, path));
      } catch (Throwable t) {
        closeQuietly(channel);
        throw t;
      }
    } catch (IOException e) {
      throw FileErrors.cannotRead(path, e);
    }
  }

  /** An open file. Reading is safe from several threads; closing while others read is not. */
  public static final class File implements AutoCloseable {
    private final Path path;
    private final String source;
    private final FileChannel channel;
    private final SafeTensorsHeader header;
    // Shared, so that a mapped tensor can be uploaded by another thread than the one that opened
    // it.
    private final Arena arena = Arena.ofShared();

    private File(Path path, FileChannel channel, SafeTensorsHeader header) {
      this.path = path;
      this.source = path.toString();
      this.channel = channel;
      this.header = header;
    }

    /** Returns the free-form strings of the header, in file order. */
    public Map<String, String> metadata() {
      return header.metadata();
    }

    /** Returns what the file holds by name, in the order of the data. */
    public Map<String, TensorInfo> tensors() {
      return header.tensors();
    }

    /**
     * Returns what the header says of a tensor.
     *
     * @throws FormatException when there is no such tensor
     */
    public TensorInfo info(String name) {
      TensorInfo info = header.tensors().get(name);
      if (info == null) {
        throw new FormatException(
            source,
            name,
            "no such tensor; the file holds " + SafeTensorsHeader.some(header.tensors().keySet()),
            "check the name, or use the version that wrote the file");
      }
      return info;
    }

    /**
     * Checks a tensor's type and shape.
     *
     * @param name tensor
     * @param type type it must have
     * @param shape dimensions it must have
     * @return what the header says of it
     * @throws FormatException when it is missing or of another type or shape
     */
    public TensorInfo require(String name, DType type, long... shape) {
      TensorInfo info = info(name);
      List<Long> expected = LongStream.of(shape).boxed().toList();
      if (info.type() != type || !info.shape().equals(expected)) {
        throw new FormatException(
            source,
            name,
            "%s%s where %s%s is expected".formatted(info.type(), info.shape(), type, expected),
            "use a file written by a model of the same shape");
      }
      return info;
    }

    /**
     * Reads an F32 tensor.
     *
     * @param name tensor
     * @return its values, row-major
     * @throws FormatException when it is missing, of another type or too large for an array
     */
    public float[] floats(String name) {
      return (float[]) array(name, DType.F32);
    }

    /** As {@link #floats}, for an F64 tensor. */
    public double[] doubles(String name) {
      return (double[]) array(name, DType.F64);
    }

    /** As {@link #floats}, for an I32 tensor. */
    public int[] ints(String name) {
      return (int[]) array(name, DType.I32);
    }

    /** As {@link #floats}, for an I64 tensor. */
    public long[] longs(String name) {
      return (long[]) array(name, DType.I64);
    }

    /** As {@link #floats}, for a U8 tensor; widen each value with {@code & 0xff}. */
    public byte[] bytes(String name) {
      return (byte[]) array(name, DType.U8);
    }

    /**
     * Maps a tensor into memory, which copies nothing and has no size limit. The segment is
     * read-only, little-endian, readable from any thread and gone when this file is closed.
     * Elements of files written here are aligned to their size, those of others perhaps not: use
     * {@link DType#layout}.
     *
     * <p>Shortening the file while it is mapped makes reads fail with an {@link InternalError}.
     *
     * @param name tensor
     * @return its bytes
     * @throws FormatException when it is missing
     */
    public MemorySegment map(String name) {
      TensorInfo info = info(name);
      try {
        return mapped(info);
      } catch (IOException e) {
        throw FileErrors.cannotRead(path, e);
      }
    }

    private MemorySegment mapped(TensorInfo info) throws IOException {
      long begin = header.dataStart() + info.begin();
      try {
        return channel.map(FileChannel.MapMode.READ_ONLY, begin, info.end() - info.begin(), arena);
      } catch (UnsupportedOperationException e) {
        // Of a file system that has no pages to map, as that of a zip file.
        MemorySegment copy = arena.allocate(info.end() - info.begin(), ALIGNMENT);
        SafeTensorsData.read(channel, begin, copy, source, info.name());
        return copy.asReadOnly();
      }
    }

    /** Closes the file and unmaps what was mapped. */
    @Override
    public void close() {
      if (arena.scope().isAlive()) {
        arena.close();
      }
      closeQuietly(channel);
    }

    private Object array(String name, DType type) {
      TensorInfo info = info(name);
      if (info.type() != type) {
        throw new FormatException(
            source, name, "holds " + info.type() + ", not " + type, "read it as what it is");
      }
      if (info.elements() > Integer.MAX_VALUE - 8) {
        throw new FormatException(
            source, name, info.elements() + " elements do not fit a Java array", "call map");
      }
      try {
        return SafeTensorsData.read(channel, header.dataStart(), info, source);
      } catch (IOException e) {
        throw FileErrors.cannotRead(path, e);
      }
    }
  }

  private static void closeQuietly(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // Nothing was written through it, so nothing can be lost.
      System.getLogger(SafeTensors.class.getName())
          .log(System.Logger.Level.DEBUG, "cannot close", e);
    }
  }

  /**
   * Collects tensors and writes them in one go. The bytes depend on the content alone: wide types
   * first, then by name, whatever the order of the calls, so every element is aligned to its size.
   * The data starts at a multiple of {@value #ALIGNMENT} bytes.
   *
   * <p>Arrays and segments are not copied: they must stay as they are until {@link #write}.
   */
  public static final class Writer {
    private final Map<String, String> metadata = new TreeMap<>();
    private final Map<String, SafeTensorsData.Entry> entries = new TreeMap<>();

    /** Starts with no tensors and no metadata. */
    public Writer() {}

    /**
     * Adds a free-form string to the header.
     *
     * @param key unique name
     * @param value any text
     * @return this
     * @throws IllegalArgumentException on a duplicate key, unpaired surrogates or excessive length
     */
    public Writer metadata(String key, String value) {
      if (value.length() > Json.MAX_STRING) {
        throw new IllegalArgumentException(
            "metadata %s has %d characters, more than %d; store it as a tensor"
                .formatted(key, value.length(), Json.MAX_STRING));
      }
      SafeTensorsHeader.requireName("metadata key", key, metadata);
      metadata.put(key, Json.requireText(value));
      return this;
    }

    /**
     * Adds an F32 tensor.
     *
     * @param name unique name
     * @param values row-major
     * @param shape dimensions; none for a scalar
     * @return this
     * @throws IllegalArgumentException on a bad or duplicate name, or when the product of the shape
     *     is not the number of values
     */
    public Writer add(String name, float[] values, long... shape) {
      return add(name, DType.F32, shape, values, values.length);
    }

    /** As {@link #add(String, float[], long...)}, an F64 tensor. */
    public Writer add(String name, double[] values, long... shape) {
      return add(name, DType.F64, shape, values, values.length);
    }

    /** As {@link #add(String, float[], long...)}, an I32 tensor. */
    public Writer add(String name, int[] values, long... shape) {
      return add(name, DType.I32, shape, values, values.length);
    }

    /** As {@link #add(String, float[], long...)}, an I64 tensor. */
    public Writer add(String name, long[] values, long... shape) {
      return add(name, DType.I64, shape, values, values.length);
    }

    /** As {@link #add(String, float[], long...)}, a U8 tensor. */
    public Writer add(String name, byte[] values, long... shape) {
      return add(name, DType.U8, shape, values, values.length);
    }

    /** As {@link #add(String, float[], long...)}, from little-endian memory of any size. */
    public Writer add(String name, DType type, MemorySegment values, long... shape) {
      if (values.byteSize() % type.bytes() != 0) {
        throw new IllegalArgumentException(
            "%s: %d bytes are no whole number of %s; pass a multiple of %d"
                .formatted(name, values.byteSize(), type, type.bytes()));
      }
      return add(name, type, shape, values, values.byteSize() / type.bytes());
    }

    private Writer add(String name, DType type, long[] shape, Object values, long elements) {
      SafeTensorsHeader.requireName("tensor name", name, entries);
      if (name.equals(METADATA)) {
        throw new IllegalArgumentException(METADATA + " is reserved; call metadata");
      }
      if (shape.length > MAX_RANK || SafeTensorsHeader.product(shape) != elements) {
        throw new IllegalArgumentException(
            "%s: shape %s does not hold %d values; pass one whose product is that, of at most %d"
                    .formatted(name, LongStream.of(shape).boxed().toList(), elements, MAX_RANK)
                + " dimensions");
      }
      entries.put(name, new SafeTensorsData.Entry(name, type, shape.clone(), values, elements));
      return this;
    }

    /**
     * Writes the file atomically: see {@link AtomicFiles}.
     *
     * @param path file to create or replace; its directory must exist
     * @throws UncheckedIOException when that fails; an existing file is then as it was before
     */
    public void write(Path path) {
      List<SafeTensorsData.Entry> order = new ArrayList<>(entries.values());
      // The sort is stable, so equally wide types stay sorted by name.
      order.sort(Comparator.comparing(e -> -e.type().bytes()));
      byte[] header = SafeTensorsHeader.render(metadata, SafeTensorsData.layOut(order), ALIGNMENT);
      try {
        AtomicFiles.write(
            path,
            channel -> {
              ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
              AtomicFiles.writeFully(channel, length.putLong(header.length).flip());
              AtomicFiles.writeFully(channel, ByteBuffer.wrap(header));
              for (SafeTensorsData.Entry entry : order) {
                SafeTensorsData.write(channel, entry);
              }
            });
      } catch (IOException e) {
        throw new UncheckedIOException(e.getMessage(), e);
      }
    }
  }
}
