package org.bhn.tensor;

import java.util.Arrays;
import java.util.Objects;

/**
 * A view of a buffer: a shape, an offset and a leading dimension. Row-major; all dimensions but the
 * first-to-last boundary are contiguous: element {@code (i, j)} of the matrix view {@code [rows,
 * columns]} lies at {@code offset + i * ld + j}, where {@code columns} is the last dimension and
 * {@code rows} the product of the others.
 */
public final class Tensor {
  /** Most dimensions a tensor may have. */
  public static final int MAX_RANK = 4;

  private final Buffer buffer;
  private final int generation;
  private final long offset;
  private final int[] shape;
  private final int rows;
  private final int columns;
  private final int ld;

  private Tensor(Buffer buffer, int generation, long offset, int[] shape, int ld) {
    this.buffer = buffer;
    this.generation = generation;
    this.offset = offset;
    this.shape = shape;
    this.columns = shape.length == 0 ? 1 : shape[shape.length - 1];
    int product = 1;
    for (int i = 0; i < shape.length - 1; i++) {
      product = Math.multiplyExact(product, shape[i]);
    }
    this.rows = product;
    this.ld = ld;
  }

  /**
   * The tensor of this shape that starts at {@code offset} elements into the buffer, contiguous.
   *
   * @throws IllegalArgumentException if a dimension is negative, there are more than {@value
   *     #MAX_RANK}, or the tensor would reach past the buffer's end
   */
  public static Tensor on(Buffer buffer, long offset, int... shape) {
    Objects.requireNonNull(buffer, "buffer is null");
    long size = size(shape);
    if (offset < 0 || offset > buffer.length() - size) {
      throw new IllegalArgumentException(
          "shape "
              + Arrays.toString(shape)
              + " at offset "
              + offset
              + " does not fit a buffer of "
              + buffer.length()
              + " elements");
    }
    int[] copy = shape.clone();
    return new Tensor(
        buffer, buffer.generation(), offset, copy, copy.length == 0 ? 1 : copy[copy.length - 1]);
  }

  /**
   * Number of elements of a shape.
   *
   * @throws IllegalArgumentException if the shape is null, has too many or negative dimensions, or
   *     more than 2^31 - 1 elements
   */
  public static long size(int... shape) {
    if (shape == null) {
      throw new IllegalArgumentException("shape is null: pass the dimensions");
    }
    if (shape.length > MAX_RANK) {
      throw new IllegalArgumentException(
          "shape " + Arrays.toString(shape) + " has more than " + MAX_RANK + " dimensions");
    }
    long size = 1;
    for (int d : shape) {
      if (d < 0) {
        throw new IllegalArgumentException(
            "shape " + Arrays.toString(shape) + " has a negative dimension");
      }
      size *= d;
      if (size > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            "shape "
                + Arrays.toString(shape)
                + " has more than 2^31 - 1 elements: use smaller batches or fewer samples");
      }
    }
    return size;
  }

  /** The memory behind this view. */
  public Buffer buffer() {
    return buffer;
  }

  /** Offset of the first element in its buffer, in elements. */
  public long offset() {
    return offset;
  }

  /** What the elements are. */
  public DType dtype() {
    return buffer.dtype();
  }

  /** A copy of the dimensions. */
  public int[] shape() {
    return shape.clone();
  }

  /** Number of dimensions. */
  public int rank() {
    return shape.length;
  }

  /** Dimension {@code i}. */
  public int dim(int i) {
    return shape[i];
  }

  /** Rows of the matrix view: the product of all dimensions but the last. */
  public int rows() {
    return rows;
  }

  /** Columns of the matrix view: the last dimension, 1 for a scalar. */
  public int columns() {
    return columns;
  }

  /** Distance between rows, in elements. */
  public int ld() {
    return ld;
  }

  /** Number of elements. */
  public int size() {
    return rows * columns;
  }

  /** Whether the elements lie side by side. */
  public boolean isContiguous() {
    return ld == columns || rows <= 1;
  }

  /** Whether the memory has been freed or reused since this tensor was made. */
  public boolean isStale() {
    return generation != buffer.generation();
  }

  /**
   * Columns {@code from} (inclusive) to {@code to} (exclusive) of the matrix view, without copying.
   *
   * @throws IllegalArgumentException if the range is not within the columns
   */
  public Tensor columns(int from, int to) {
    checkRange("columns", from, to, columns);
    int[] s = shape.length == 0 ? new int[] {to - from} : shape.clone();
    s[s.length - 1] = to - from;
    return new Tensor(buffer, generation, offset + from, s, ld);
  }

  /**
   * Rows {@code from} (inclusive) to {@code to} (exclusive) of the matrix view, as a matrix,
   * without copying.
   *
   * @throws IllegalArgumentException if the range is not within the rows
   */
  public Tensor rows(int from, int to) {
    checkRange("rows", from, to, rows);
    return new Tensor(
        buffer, generation, offset + (long) from * ld, new int[] {to - from, columns}, ld);
  }

  /**
   * Elements {@code from} onwards of a contiguous tensor, in another shape, without copying.
   *
   * @throws IllegalArgumentException if the view leaves the tensor or it is not contiguous
   */
  public Tensor view(int from, int... dims) {
    long size = size(dims);
    if (!isContiguous()) {
      throw new IllegalArgumentException(this + " is not contiguous: copy it first");
    }
    if (from < 0 || from + size > size()) {
      throw new IllegalArgumentException(
          "view of "
              + Arrays.toString(dims)
              + " from element "
              + from
              + " leaves a tensor of "
              + size()
              + " elements");
    }
    int[] s = dims.clone();
    return new Tensor(buffer, generation, offset + from, s, s.length == 0 ? 1 : s[s.length - 1]);
  }

  /**
   * The same elements in another shape, without copying.
   *
   * @throws IllegalArgumentException if the sizes differ or the tensor is not contiguous
   */
  public Tensor reshape(int... dims) {
    if (size(dims) != size()) {
      throw new IllegalArgumentException(
          "cannot reshape " + this + " to " + Arrays.toString(dims) + ": sizes differ");
    }
    return view(0, dims);
  }

  private void checkRange(String what, int from, int to, int limit) {
    if (from < 0 || to < from || to > limit) {
      throw new IllegalArgumentException(
          what + " " + from + " to " + to + " are not within the " + limit + " of " + this);
    }
  }

  @Override
  public String toString() {
    return dtype() + Arrays.toString(shape) + (isContiguous() ? "" : "/ld=" + ld);
  }
}
