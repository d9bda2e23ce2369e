package org.bhn.backend;

import java.lang.foreign.MemorySegment;
import org.bhn.tensor.Tensor;

/** What native devices do alike besides their ops: who multiplies, and reals are f32. */
abstract class NativeBackend extends NativeTrainingOps {
  private final boolean first;

  /**
   * A context.
   *
   * @param first whether the memory is closed with it
   */
  NativeBackend(NativeMemory memory, MemorySegment context, boolean first) {
    super(memory, context);
    this.first = first;
  }

  @Override
  final boolean ownsMemory() {
    return first;
  }

  // ---- products ----

  /** {@code c = op(a) op(b) + beta c} with all addresses bound; no size is 0. */
  abstract Runnable product(
      Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta);

  /** As {@link #product}, for each sample; tensors of rank 2 serve all samples. */
  abstract Runnable batched(
      Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta);

  /** A copy of v that is made ready; v is not empty. */
  abstract PackedMatrix packed(Tensor v, Precision precision);

  @Override
  public final void matmul(
      Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta) {
    CheckElementwise.matmul(this, c, a, b, transA, transB, beta);
    if (!degenerate(c, transA ? a.rows() : a.columns(), beta)) {
      submit("matmul", product(c, a, b, transA, transB, beta));
    }
  }

  @Override
  public final void matmulBatched(
      Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta) {
    CheckElementwise.matmulBatched(this, c, a, b, transA, transB, beta);
    boolean noSamples = (a.rank() == 3 && a.dim(0) == 0) || (b.rank() == 3 && b.dim(0) == 0);
    int k = noSamples ? 0 : transA ? a.dim(a.rank() - 2) : a.columns();
    if (!degenerate(c, k, beta)) {
      submit("matmulBatched", batched(c, a, b, transA, transB, beta));
    }
  }

  @Override
  public final PackedMatrix pack(Tensor v, Precision precision) {
    Check.real(this, "pack: v", v);
    Check.present("pack: precision", precision);
    return v.size() == 0 ? new PlainMatrix(this, v) : packed(v, precision);
  }

  /** Products over nothing are zero; no library is asked. */
  private boolean degenerate(Tensor c, int k, double beta) {
    if (c.size() == 0) {
      return true;
    }
    if (k > 0) {
      return false;
    }
    if (beta == 0) {
      fill(c, 0);
    }
    return true;
  }

  // ---- doubles are rounded ----

  @Override
  public final void upload(Tensor to, double[] values) {
    CheckElementwise.upload(this, to, values);
    float[] rounded = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      rounded[i] = (float) values[i];
    }
    upload(to, rounded);
  }

  @Override
  public final void download(Tensor from, double[] values) {
    CheckElementwise.download(this, from, values);
    float[] floats = new float[values.length];
    download(from, floats);
    for (int i = 0; i < values.length; i++) {
      values[i] = floats[i];
    }
  }
}
