package org.bhn.backend;

import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** Memory of the plain Java backend: one array, reals in double precision. */
final class HeapBuffer extends DeviceBuffer {
  private double[] reals;
  private int[] ints;
  private long[] longs;

  HeapBuffer(Object family, DType dtype, int length) {
    super(family, dtype, length);
    switch (dtype) {
      case REAL -> reals = new double[length];
      case INT32 -> ints = new int[length];
      case INT64 -> longs = new long[length];
    }
  }

  double real(int index) {
    return reals[index];
  }

  long integer(int index) {
    return longs[index];
  }

  @Override
  void free() {
    recycle();
    reals = null;
    ints = null;
    longs = null;
  }

  /**
   * A REAL tensor's elements, bound once when an op is submitted: element (i, j) is {@code a[at + i
   * ld + j]}. A contiguous one of n elements is also {@code a[at .. at + n)}.
   */
  record Reals(double[] a, int at, int ld, int rows, int columns) {
    /** Null for an absent tensor. */
    static Reals of(Tensor t) {
      return t == null
          ? null
          : new Reals(
              ((HeapBuffer) t.buffer()).reals,
              Math.toIntExact(t.offset()),
              t.ld(),
              t.rows(),
              t.columns());
    }

    /** Index of the first element of row i. */
    int row(int i) {
      return at + i * ld;
    }

    int size() {
      return rows * columns;
    }

    /** Element i of a contiguous tensor. */
    double get(int i) {
      return a[at + i];
    }

    /** Adds to element i of a contiguous tensor. */
    void add(int i, double value) {
      a[at + i] += value;
    }

    /** Sets element i of a contiguous tensor. */
    void set(int i, double value) {
      a[at + i] = value;
    }
  }

  /** A contiguous INT32 tensor's elements. */
  record Ints(int[] a, int at, int size) {
    /** Null for an absent tensor. */
    static Ints of(Tensor t) {
      return t == null
          ? null
          : new Ints(((HeapBuffer) t.buffer()).ints, Math.toIntExact(t.offset()), t.size());
    }

    int get(int i) {
      return a[at + i];
    }
  }

  /** A contiguous INT64 tensor's elements. */
  record Longs(long[] a, int at, int size) {
    static Longs of(Tensor t) {
      return new Longs(((HeapBuffer) t.buffer()).longs, Math.toIntExact(t.offset()), t.size());
    }

    long get() {
      return a[at];
    }
  }
}
