package org.bhn.backend;

import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** Argument checks of the host transfers and of the rng, elementwise, product and dropout ops. */
final class CheckElementwise {
  private CheckElementwise() {}

  // ---- host transfers ----

  static void upload(AbstractBackend owner, Tensor to, float[] values) {
    host(owner, "upload: to", to, DType.REAL, values == null ? -1 : values.length);
  }

  static void upload(AbstractBackend owner, Tensor to, double[] values) {
    host(owner, "upload: to", to, DType.REAL, values == null ? -1 : values.length);
  }

  static void upload(AbstractBackend owner, Tensor to, int[] values) {
    host(owner, "upload: to", to, DType.INT32, values == null ? -1 : values.length);
  }

  static void upload(AbstractBackend owner, Tensor to, long value) {
    Check.dense(owner, "upload: to", to, DType.INT64);
  }

  static void download(AbstractBackend owner, Tensor from, float[] values) {
    host(owner, "download: from", from, DType.REAL, values == null ? -1 : values.length);
  }

  static void download(AbstractBackend owner, Tensor from, double[] values) {
    host(owner, "download: from", from, DType.REAL, values == null ? -1 : values.length);
  }

  static void download(AbstractBackend owner, Tensor from, int[] values) {
    host(owner, "download: from", from, DType.INT32, values == null ? -1 : values.length);
  }

  private static void host(
      AbstractBackend owner, String name, Tensor t, DType dtype, int hostLength) {
    if (dtype == DType.REAL) {
      Check.real(owner, name, t);
    } else {
      Check.dense(owner, name, t, dtype);
    }
    if (hostLength < 0) {
      throw Check.fail(name, t, "needs a host array, but values is null");
    }
    if (hostLength != t.size()) {
      throw Check.fail(
          name, t, "has " + t.size() + " elements but values has length " + hostLength);
    }
  }

  static void item(AbstractBackend owner, Tensor from, int index) {
    Check.dense(owner, "item: from", from, DType.REAL);
    if (index < 0 || index >= from.size()) {
      throw new IllegalArgumentException(
          "item: index = " + index + " is not an element of from = " + from);
    }
  }

  static void itemLong(AbstractBackend owner, Tensor from) {
    owner.own("itemLong: from", from, DType.INT64);
    if (from.size() == 0) {
      throw Check.fail("itemLong: from", from, "has no elements");
    }
  }

  // ---- rng ----

  static void uniform(
      AbstractBackend owner, Tensor out, Tensor counter, long first, long seed, long stream) {
    Check.dense(owner, "uniform: out", out, DType.REAL);
    Check.counter(owner, "uniform: counter", counter);
    Check.range("uniform: first", first, 0, Check.STREAM_ELEMENTS - out.size());
    stream("uniform: stream", stream);
  }

  static void normal(
      AbstractBackend owner, Tensor out, Tensor counter, long first, long seed, long stream) {
    Check.dense(owner, "normal: out", out, DType.REAL);
    Check.counter(owner, "normal: counter", counter);
    Check.range("normal: first", first, 0, Check.STREAM_ELEMENTS - out.size());
    stream("normal: stream", stream);
  }

  private static void stream(String name, long stream) {
    Check.range(name, stream, 0, (1L << 32) - 1);
  }

  static void advance(AbstractBackend owner, Tensor counter, long delta) {
    Check.counter(owner, "advance: counter", counter);
  }

  // ---- elementwise ----

  static void fill(AbstractBackend owner, Tensor x, double value) {
    Check.real(owner, "fill: x", x);
    Check.finite("fill: value", value);
  }

  static void copy(AbstractBackend owner, Tensor y, Tensor x) {
    Check.real(owner, "copy: x", x);
    Check.matrix(owner, "copy: y", y, "the shape of x", x.rows(), x.columns());
  }

  static void axpy(AbstractBackend owner, Tensor y, Tensor x, double alpha) {
    Check.real(owner, "axpy: x", x);
    Check.matrix(owner, "axpy: y", y, "the shape of x", x.rows(), x.columns());
    Check.finite("axpy: alpha", alpha);
  }

  static void mul(AbstractBackend owner, Tensor y, Tensor a, Tensor b) {
    Check.dense(owner, "mul: a", a, DType.REAL);
    Check.denseMatrix(owner, "mul: b", b, "the shape of a", a.rows(), a.columns());
    Check.denseMatrix(owner, "mul: y", y, "the shape of a", a.rows(), a.columns());
  }

  static void mulBackward(
      AbstractBackend owner, Tensor dA, Tensor dB, Tensor dY, Tensor a, Tensor b) {
    Check.dense(owner, "mulBackward: a", a, DType.REAL);
    Check.denseMatrix(owner, "mulBackward: b", b, "the shape of a", a.rows(), a.columns());
    Check.denseMatrix(owner, "mulBackward: dY", dY, "the shape of a", a.rows(), a.columns());
    Check.gradient(owner, "mulBackward: dA", dA, a);
    Check.gradient(owner, "mulBackward: dB", dB, b);
  }

  static void activation(AbstractBackend owner, Tensor y, Tensor x, Activation activation) {
    Check.dense(owner, "activation: x", x, DType.REAL);
    Check.denseMatrix(owner, "activation: y", y, "the shape of x", x.rows(), x.columns());
    Check.present("activation: activation", activation);
  }

  static void activationBackward(
      AbstractBackend owner, Tensor dX, Tensor dY, Tensor x, Activation activation) {
    Check.dense(owner, "activationBackward: x", x, DType.REAL);
    Check.denseMatrix(owner, "activationBackward: dY", dY, "the shape of x", x.rows(), x.columns());
    Check.gradient(owner, "activationBackward: dX", dX, x);
    Check.present("activationBackward: activation", activation);
  }

  static void gather(AbstractBackend owner, Tensor y, Tensor x, Tensor order, Tensor cursor) {
    owner.own("gather: x", x);
    DType dtype = x.dtype();
    int rank = dtype == DType.REAL ? 2 : 1;
    if (dtype == DType.INT64 || x.rank() != rank) {
      throw Check.fail("gather: x", x, "must be REAL [rows, columns] or INT32 [rows]");
    }
    Check.dense(owner, "gather: x", x, dtype);
    Check.dense(owner, "gather: y", y, dtype);
    if (y.rank() != rank || (rank == 2 && y.columns() != x.columns())) {
      throw Check.fail("gather: y", y, "must be rows of x = " + x);
    }
    Check.dense(owner, "gather: order", order, DType.INT32);
    if (y.dim(0) > order.size()) {
      throw Check.fail("gather: y", y, "has more rows than order = " + order + " has entries");
    }
    Check.counter(owner, "gather: cursor", cursor);
    Check.distinct("gather: y", y, "x", x);
  }

  static void sumRows(AbstractBackend owner, Tensor out, Tensor x) {
    Check.real(owner, "sumRows: x", x);
    Check.vector(owner, "sumRows: out", out, "rows of x", x.rows());
    Check.distinct("sumRows: out", out, "x", x);
  }

  static void sumRowsBackward(AbstractBackend owner, Tensor dX, Tensor dOut) {
    Check.dense(owner, "sumRowsBackward: dOut", dOut, DType.REAL);
    if (dX != null) {
      Check.real(owner, "sumRowsBackward: dX", dX);
      Check.vector(owner, "sumRowsBackward: dOut", dOut, "rows of dX", dX.rows());
      Check.distinct("sumRowsBackward: dX", dX, "dOut", dOut);
    }
  }

  // ---- products ----

  static void matmul(
      AbstractBackend owner,
      Tensor c,
      Tensor a,
      Tensor b,
      boolean transA,
      boolean transB,
      double beta) {
    Check.real(owner, "matmul: a", a);
    Check.real(owner, "matmul: b", b);
    int inner = transA ? a.rows() : a.columns();
    if (inner != (transB ? b.columns() : b.rows())) {
      throw Check.fail("matmul: b", b, "does not follow a = " + a + inner(transA, transB));
    }
    Check.matrix(
        owner,
        "matmul: c",
        c,
        "rows of op(a), columns of op(b)",
        transA ? a.columns() : a.rows(),
        transB ? b.rows() : b.columns());
    beta("matmul: beta", beta);
    Check.distinct("matmul: c", c, "a", a);
    Check.distinct("matmul: c", c, "b", b);
  }

  static void matmulBatched(
      AbstractBackend owner,
      Tensor c,
      Tensor a,
      Tensor b,
      boolean transA,
      boolean transB,
      double beta) {
    int samples = one("matmulBatched: a", a, owner, -1);
    samples = one("matmulBatched: b", b, owner, samples);
    samples = one("matmulBatched: c", c, owner, samples);
    if (samples < 0) {
      throw Check.fail("matmulBatched: c", c, "must be [S, rows, columns], or use matmul");
    }
    int r = a.rank() - 2;
    int inner = transA ? a.dim(r) : a.columns();
    int s = b.rank() - 2;
    if (inner != (transB ? b.columns() : b.dim(s))) {
      throw Check.fail("matmulBatched: b", b, "does not follow a = " + a + inner(transA, transB));
    }
    int rows = transA ? a.columns() : a.dim(r);
    int columns = transB ? b.dim(s) : b.columns();
    if (c.dim(c.rank() - 2) != rows || c.columns() != columns) {
      throw Check.fail(
          "matmulBatched: c", c, "must end in op(a) op(b) = [" + rows + ", " + columns + "]");
    }
    beta("matmulBatched: beta", beta);
    Check.distinct("matmulBatched: c", c, "a", a);
    Check.distinct("matmulBatched: c", c, "b", b);
  }

  /** Checks one operand against the samples so far; -1 is not known yet. */
  private static int one(String name, Tensor t, AbstractBackend owner, int samples) {
    Check.real(owner, name, t);
    if (t.rank() == 2) {
      return samples;
    }
    if (t.rank() != 3) {
      throw Check.fail(name, t, "must be [S, rows, columns] or [rows, columns]");
    }
    if (samples >= 0 && t.dim(0) != samples) {
      throw Check.fail(name, t, "must have S = " + samples + " like the operands before it");
    }
    return t.dim(0);
  }

  private static String inner(boolean transA, boolean transB) {
    return " in op(a) op(b) with transA = "
        + transA
        + ", transB = "
        + transB
        + ": inner sizes differ";
  }

  /** A batch of so many values for a tensor, when others wait. */
  static void staged(Tensor to, int count, int waiting) {
    if (count < 0 || count > to.size()) {
      throw new IllegalArgumentException(
          "put: count = " + count + " must be in [0, " + to.size() + "], the size of " + to);
    }
    if (waiting >= Staging.DEPTH) {
      throw new IllegalStateException("put: " + waiting + " batches wait: take one first");
    }
  }

  /** Whether there is a batch to take. */
  static void waits(int waiting) {
    if (waiting == 0) {
      throw new IllegalStateException("take: no batch waits: put one first");
    }
  }

  /** {@code y = x vᵀ} by a packed v {@code [outputs, inputs]}. */
  static void packedProduct(AbstractBackend owner, Tensor y, Tensor x, int outputs, int inputs) {
    Check.dense(owner, "product: y", y, DType.REAL);
    Check.dense(owner, "product: x", x, DType.REAL);
    if (x.columns() != inputs || y.columns() != outputs || x.rows() != y.rows()) {
      throw new IllegalArgumentException(
          "product: x = "
              + x
              + " and y = "
              + y
              + " must be [M, "
              + inputs
              + "] and [M, "
              + outputs
              + "]");
    }
  }

  static void beta(String name, double beta) {
    if (beta != 0 && beta != 1) {
      throw new IllegalArgumentException(name + " = " + beta + " must be 0 or 1");
    }
  }

  // ---- dropout ----

  static void dropout(
      AbstractBackend owner,
      Tensor y,
      Tensor x,
      Tensor counter,
      int samples,
      long firstRow,
      long seed,
      long stream,
      double rate) {
    Check.dense(owner, "dropout: y", y, DType.REAL);
    int batch = Check.rowsPerSample("dropout: samples", samples, "dropout: y", y);
    Check.dense(owner, "dropout: x", x, DType.REAL);
    Check.sharedOrNot("dropout: x", x, y, batch);
    Check.counter(owner, "dropout: counter", counter);
    long last = lastRow(y.columns()) - batch;
    Check.range("dropout: firstRow", firstRow, 0, last);
    stream("dropout: stream", stream);
    Check.rate("dropout: rate", rate);
    if (x.rows() != y.rows()) {
      Check.distinct("dropout: y", y, "x, which serves all samples", x);
    }
  }

  static void dropoutBackward(
      AbstractBackend owner,
      Tensor dX,
      Tensor dY,
      Tensor counter,
      int samples,
      long firstRow,
      long seed,
      long stream,
      double rate) {
    Check.dense(owner, "dropoutBackward: dY", dY, DType.REAL);
    int batch = Check.rowsPerSample("dropoutBackward: samples", samples, "dropoutBackward: dY", dY);
    if (dX != null) {
      Check.dense(owner, "dropoutBackward: dX", dX, DType.REAL);
      Check.sharedOrNot("dropoutBackward: dX", dX, dY, batch);
      Check.distinct("dropoutBackward: dX", dX, "dY", dY);
    }
    Check.counter(owner, "dropoutBackward: counter", counter);
    long last = lastRow(dY.columns()) - batch;
    Check.range("dropoutBackward: firstRow", firstRow, 0, last);
    stream("dropoutBackward: stream", stream);
    Check.rate("dropoutBackward: rate", rate);
  }

  /** Rows of so many columns that one Philox stream can number. */
  private static long lastRow(int columns) {
    return Check.STREAM_ELEMENTS / Math.max(4L * ((columns + 3L) / 4), 1);
  }
}
