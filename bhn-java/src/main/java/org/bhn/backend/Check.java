package org.bhn.backend;

import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * The vocabulary of the argument checks. A {@code name} is "op: argument"; every failure is that
 * name, the offending value and what it must be. Nothing is allocated when a check passes.
 *
 * <p>Matrices are compared by their matrix view (rows and columns), so {@code [S, B, n]} serves
 * where {@code [S·B, n]} is asked. Vectors are compared by size and must be contiguous.
 */
final class Check {
  /** Element indices of a random stream are below this: block indices have 32 bits. */
  static final long STREAM_ELEMENTS = 1L << 34;

  private Check() {}

  // ---- tensors ----

  /** A REAL tensor of any shape and leading dimension. */
  static void real(AbstractBackend owner, String name, Tensor t) {
    owner.own(name, t, DType.REAL);
  }

  /** A contiguous tensor of any shape. */
  static void dense(AbstractBackend owner, String name, Tensor t, DType dtype) {
    owner.own(name, t, dtype);
    if (!t.isContiguous() && t.size() > 0) {
      throw fail(name, t, "must be contiguous: copy it first");
    }
  }

  /** A REAL matrix of the given size and any leading dimension. */
  static void matrix(
      AbstractBackend owner, String name, Tensor t, String what, long rows, long columns) {
    real(owner, name, t);
    extent(name, t, what, rows, columns);
  }

  /** A contiguous matrix of the given size. */
  static void denseMatrix(
      AbstractBackend owner,
      String name,
      Tensor t,
      DType dtype,
      String what,
      long rows,
      long columns) {
    owner.own(name, t, dtype);
    extent(name, t, what, rows, columns);
    dense(owner, name, t, dtype);
  }

  /** As {@link #denseMatrix} of REAL. */
  static void denseMatrix(
      AbstractBackend owner, String name, Tensor t, String what, long rows, long columns) {
    denseMatrix(owner, name, t, DType.REAL, what, rows, columns);
  }

  /** A contiguous REAL tensor of the given number of elements. */
  static void vector(AbstractBackend owner, String name, Tensor t, String what, long size) {
    vector(owner, name, t, DType.REAL, what, size);
  }

  /** A contiguous tensor of the given type and number of elements. */
  static void vector(
      AbstractBackend owner, String name, Tensor t, DType dtype, String what, long size) {
    owner.own(name, t, dtype);
    if (t.size() != size) {
      throw fail(name, t, "must have the elements of " + what + " = [" + size + "]");
    }
    dense(owner, name, t, dtype);
  }

  /** A contiguous REAL tensor with as many elements as rows of its source; null is accepted. */
  static void optionalVector(AbstractBackend owner, String name, Tensor t, String what, long size) {
    if (t != null) {
      vector(owner, name, t, what, size);
    }
  }

  /** One 64-bit counter. */
  static void counter(AbstractBackend owner, String name, Tensor t) {
    vector(owner, name, t, DType.INT64, "one counter", 1);
  }

  /** A gradient to add into: absent, or of the shape and leading dimension of its value. */
  static void gradient(AbstractBackend owner, String name, Tensor gradient, Tensor value) {
    if (gradient == null) {
      return;
    }
    if (value == null) {
      throw fail(name, gradient, "must be null because its value is null");
    }
    real(owner, name, gradient);
    if (gradient.rows() != value.rows() || gradient.columns() != value.columns()) {
      throw fail(name, gradient, "must have the shape of its value " + value);
    }
    if (gradient.ld() != value.ld() && gradient.rows() > 1) {
      throw fail(
          name,
          gradient,
          "has leading dimension " + gradient.ld() + " but its value has " + value.ld());
    }
    distinct(name, gradient, "its value", value);
  }

  /** Two tensors that must not be the same memory: the op would read what it has overwritten. */
  static void distinct(String name, Tensor out, String otherName, Tensor other) {
    if (out != null
        && other != null
        && out.buffer() == other.buffer()
        && out.offset() == other.offset()
        && out.size() > 0
        && other.size() > 0) {
      throw fail(name, out, "is the same memory as " + otherName + ": use another tensor");
    }
  }

  /** {@code [S·B, n]} like y, or {@code [B, n]} to serve all samples. */
  static void sharedOrNot(String name, Tensor x, Tensor y, int batch) {
    if (x.columns() != y.columns() || (x.rows() != y.rows() && x.rows() != batch)) {
      throw fail(
          name,
          x,
          "must be [S·B, n] = ["
              + y.rows()
              + ", "
              + y.columns()
              + "], or [B, n] with B = "
              + batch
              + " to serve all samples");
    }
  }

  private static void extent(String name, Tensor t, String what, long rows, long columns) {
    if (t.rows() != rows || t.columns() != columns) {
      throw fail(name, t, "must be " + what + " = [" + rows + ", " + columns + "]");
    }
  }

  // ---- numbers ----

  /** A choice of an enum. */
  static void present(String name, Object choice) {
    if (choice == null) {
      throw new IllegalArgumentException(name + " is null");
    }
  }

  /** Finite, also after rounding to single precision. */
  static void finite(String name, double value) {
    if (!(Math.abs(value) <= Float.MAX_VALUE)) {
      throw fail(name, value, "must be finite in single precision");
    }
  }

  /** What a scale has at least: 0, or a normal number in single precision too. */
  static void delta(String name, double value) {
    if (value != 0 && !((float) value >= Float.MIN_NORMAL && value <= 1e30)) {
      throw fail(name, value, "must be 0 or in [" + Float.MIN_NORMAL + ", 1e30]");
    }
  }

  /** Finite and positive, also after rounding to single precision. */
  static void positive(String name, double value) {
    if (!((float) value > 0 && value <= Float.MAX_VALUE)) {
      throw fail(name, value, "must be finite and positive in single precision");
    }
  }

  /** A probability below 1, also after rounding to single precision. */
  static void rate(String name, double value) {
    if (!(value >= 0 && (float) value < 1)) {
      throw fail(name, value, "must be in [0, 1)");
    }
  }

  /** The weight of a mixture's first component. */
  static void weight(String name, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw fail(name, value, "must be in [0, 1]");
    }
  }

  /** {@code low <= value <= high}. */
  static void range(String name, long value, long low, long high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(
          name + " = " + value + " must be from " + low + " to " + high);
    }
  }

  /** The rows of each of {@code samples} pieces of a tensor. */
  static int rowsPerSample(String samplesName, int samples, String name, Tensor t) {
    if (samples < 1) {
      throw new IllegalArgumentException(samplesName + " = " + samples + " must be at least 1");
    }
    if (t.rows() % samples != 0) {
      throw fail(name, t, "must have rows divisible by samples = " + samples);
    }
    return t.rows() / samples;
  }

  /** The number of samples in {@code rows} rows over {@code batch} examples. */
  static int samples(String name, Tensor t, int rows, String batchName, int batch) {
    if (batch == 0 ? rows != 0 : rows % batch != 0) {
      throw fail(
          name, t, "must have rows divisible by the examples of " + batchName + ", " + batch);
    }
    return batch == 0 ? 1 : rows / batch;
  }

  static IllegalArgumentException fail(String name, Tensor t, String remedy) {
    return new IllegalArgumentException(name + " = " + t + " " + remedy);
  }

  private static IllegalArgumentException fail(String name, double value, String remedy) {
    return new IllegalArgumentException(name + " = " + value + " " + remedy);
  }
}
