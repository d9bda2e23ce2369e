package org.bhn.backend;

import static org.bhn.backend.NativeBuffer.address;

import java.lang.foreign.MemorySegment;
import org.bhn.nativelib.gen.bhn.BhnC;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** Random numbers, elementwise ops, reductions and dropout, by libbhn. */
abstract class NativeElementwiseOps extends NativeContext {
  NativeElementwiseOps(NativeMemory memory, MemorySegment context) {
    super(memory, context);
  }

  // ---- rng ----

  @Override
  public final void uniform(Tensor out, Tensor counter, long first, long seed, long stream) {
    CheckElementwise.uniform(this, out, counter, first, seed, stream);
    MemorySegment o = address(out);
    MemorySegment c = address(counter);
    long n = out.size();
    submit("uniform", () -> check(BhnC.bhn_rng_uniform(context, o, c, n, first, seed, stream)));
  }

  @Override
  public final void normal(Tensor out, Tensor counter, long first, long seed, long stream) {
    CheckElementwise.normal(this, out, counter, first, seed, stream);
    MemorySegment o = address(out);
    MemorySegment c = address(counter);
    long n = out.size();
    submit("normal", () -> check(BhnC.bhn_rng_normal(context, o, c, n, first, seed, stream)));
  }

  @Override
  public final void advance(Tensor counter, long delta) {
    CheckElementwise.advance(this, counter, delta);
    MemorySegment c = address(counter);
    submit("advance", () -> check(BhnC.bhn_rng_advance(context, c, delta)));
  }

  // ---- elementwise ----

  @Override
  public final void fill(Tensor x, double value) {
    CheckElementwise.fill(this, x, value);
    MemorySegment px = address(x);
    long rows = x.rows();
    long cols = x.columns();
    long ld = x.ld();
    submit("fill", () -> check(BhnC.bhn_fill(context, px, rows, cols, ld, (float) value)));
  }

  @Override
  public final void copy(Tensor y, Tensor x) {
    CheckElementwise.copy(this, y, x);
    MemorySegment py = address(y);
    MemorySegment px = address(x);
    long rows = x.rows();
    long cols = x.columns();
    long ldY = y.ld();
    long ldX = x.ld();
    submit("copy", () -> check(BhnC.bhn_copy(context, py, px, rows, cols, ldY, ldX)));
  }

  @Override
  public final void axpy(Tensor y, Tensor x, double alpha) {
    CheckElementwise.axpy(this, y, x, alpha);
    MemorySegment py = address(y);
    MemorySegment px = address(x);
    long rows = x.rows();
    long cols = x.columns();
    long ldY = y.ld();
    long ldX = x.ld();
    submit(
        "axpy", () -> check(BhnC.bhn_axpy(context, py, px, rows, cols, ldY, ldX, (float) alpha)));
  }

  @Override
  public final void mul(Tensor y, Tensor a, Tensor b) {
    CheckElementwise.mul(this, y, a, b);
    MemorySegment py = address(y);
    MemorySegment pa = address(a);
    MemorySegment pb = address(b);
    long n = y.size();
    submit("mul", () -> check(BhnC.bhn_mul_fwd(context, py, pa, pb, n)));
  }

  @Override
  public final void mulBackward(Tensor dA, Tensor dB, Tensor dY, Tensor a, Tensor b) {
    CheckElementwise.mulBackward(this, dA, dB, dY, a, b);
    MemorySegment pda = address(dA);
    MemorySegment pdb = address(dB);
    MemorySegment pdy = address(dY);
    MemorySegment pa = address(a);
    MemorySegment pb = address(b);
    long n = a.size();
    submit("mulBackward", () -> check(BhnC.bhn_mul_bwd(context, pda, pdb, pdy, pa, pb, n)));
  }

  @Override
  public final void activation(Tensor y, Tensor x, Activation activation) {
    CheckElementwise.activation(this, y, x, activation);
    MemorySegment py = address(y);
    MemorySegment px = address(x);
    long n = x.size();
    int act = activation.ordinal();
    submit("activation", () -> check(BhnC.bhn_activation_fwd(context, py, px, n, act)));
  }

  @Override
  public final void activationBackward(Tensor dX, Tensor dY, Tensor x, Activation activation) {
    CheckElementwise.activationBackward(this, dX, dY, x, activation);
    MemorySegment pdx = address(dX);
    MemorySegment pdy = address(dY);
    MemorySegment px = address(x);
    long n = x.size();
    int act = activation.ordinal();
    submit(
        "activationBackward", () -> check(BhnC.bhn_activation_bwd(context, pdx, pdy, px, n, act)));
  }

  @Override
  public final void gather(Tensor y, Tensor x, Tensor order, Tensor cursor) {
    CheckElementwise.gather(this, y, x, order, cursor);
    MemorySegment py = address(y);
    MemorySegment px = address(x);
    MemorySegment po = address(order);
    MemorySegment pc = address(cursor);
    long orders = order.size();
    if (y.dtype() == DType.INT32) {
      long n = y.size();
      long rows = x.size();
      submit(
          "gather", () -> check(BhnC.bhn_gather_labels(context, py, px, po, pc, n, rows, orders)));
    } else {
      long n = y.rows();
      long cols = y.columns();
      long rows = x.rows();
      submit(
          "gather",
          () -> check(BhnC.bhn_gather_rows(context, py, px, po, pc, n, cols, rows, orders)));
    }
  }

  @Override
  public final void sumRows(Tensor out, Tensor x) {
    CheckElementwise.sumRows(this, out, x);
    MemorySegment po = address(out);
    MemorySegment px = address(x);
    long rows = x.rows();
    long cols = x.columns();
    long ld = x.ld();
    submit("sumRows", () -> check(BhnC.bhn_sum_rows_fwd(context, po, px, rows, cols, ld)));
  }

  @Override
  public final void sumRowsBackward(Tensor dX, Tensor dOut) {
    CheckElementwise.sumRowsBackward(this, dX, dOut);
    MemorySegment pdx = address(dX);
    MemorySegment pdo = address(dOut);
    long rows = dX == null ? 0 : dX.rows();
    long cols = dX == null ? 0 : dX.columns();
    long ld = dX == null ? 0 : dX.ld();
    submit(
        "sumRowsBackward", () -> check(BhnC.bhn_sum_rows_bwd(context, pdx, pdo, rows, cols, ld)));
  }

  // ---- dropout ----

  @Override
  public final void dropout(
      Tensor y,
      Tensor x,
      Tensor counter,
      int samples,
      long firstRow,
      long seed,
      long stream,
      double rate) {
    CheckElementwise.dropout(this, y, x, counter, samples, firstRow, seed, stream, rate);
    MemorySegment py = address(y);
    MemorySegment px = address(x);
    MemorySegment pc = address(counter);
    long batch = y.rows() / samples;
    long cols = y.columns();
    int shared = samples > 1 && x.rows() == batch ? 1 : 0;
    submit(
        "dropout",
        () ->
            check(
                BhnC.bhn_dropout_fwd(
                    context,
                    py,
                    px,
                    pc,
                    samples,
                    batch,
                    cols,
                    firstRow,
                    seed,
                    stream,
                    (float) rate,
                    shared)));
  }

  @Override
  public final void dropoutBackward(
      Tensor dX,
      Tensor dY,
      Tensor counter,
      int samples,
      long firstRow,
      long seed,
      long stream,
      double rate) {
    CheckElementwise.dropoutBackward(this, dX, dY, counter, samples, firstRow, seed, stream, rate);
    MemorySegment pdx = address(dX);
    MemorySegment pdy = address(dY);
    MemorySegment pc = address(counter);
    long batch = dY.rows() / samples;
    long cols = dY.columns();
    int shared = samples > 1 && dX != null && dX.rows() == batch ? 1 : 0;
    submit(
        "dropoutBackward",
        () ->
            check(
                BhnC.bhn_dropout_bwd(
                    context,
                    pdx,
                    pdy,
                    pc,
                    samples,
                    batch,
                    cols,
                    firstRow,
                    seed,
                    stream,
                    (float) rate,
                    shared)));
  }
}
