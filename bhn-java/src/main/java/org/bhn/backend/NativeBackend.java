package org.bhn.backend;

import java.lang.foreign.MemorySegment;
import org.bhn.backend.ConvolutionKey.Kind;
import org.bhn.tensor.Tensor;

/**
 * What native devices do alike besides their ops: a library multiplies and convolves; reals are
 * f32.
 */
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

  // ---- convolutions ----

  /** Computes one of x, w and y from the other two; there are images. */
  abstract void convolve(String op, ConvolutionKey key, Tensor x, Tensor w, Tensor y);

  /** A copy of the weights of a convolution that is made ready. */
  abstract PackedMatrix packed(Tensor w, Convolution shape, Precision precision);

  @Override
  public final void conv(Tensor y, Tensor x, Tensor w, Convolution shape) {
    int n = CheckImages.conv(this, y, x, w, shape);
    convolve("conv", Kind.OUTPUTS, shape, n, 0, x, w, y);
  }

  @Override
  public final void convInputs(Tensor dX, Tensor dY, Tensor w, Convolution shape, double beta) {
    int n = CheckImages.convInputs(this, dX, dY, w, shape, beta);
    convolve("convInputs", Kind.INPUTS, shape, n, beta, dX, w, dY);
  }

  @Override
  public final void convWeights(Tensor dW, Tensor dY, Tensor x, Convolution shape, double beta) {
    int n = CheckImages.convWeights(this, dW, dY, x, shape, beta);
    if (n == 0 && beta == 0) {
      fill(dW, 0);
    }
    convolve("convWeights", Kind.WEIGHTS, shape, n, beta, x, dW, dY);
  }

  private void convolve(
      String op, Kind kind, Convolution shape, int n, double beta, Tensor x, Tensor w, Tensor y) {
    if (n > 0) {
      convolve(op, new ConvolutionKey(kind, shape, n, beta != 0, Precision.STRICT), x, w, y);
    }
  }

  @Override
  public final PackedMatrix pack(Tensor w, Convolution shape, Precision precision) {
    Check.present("pack: shape", shape);
    Check.present("pack: precision", precision);
    Check.denseMatrix(this, "pack: w", w, "[out, KH·KW·in]", shape.out(), shape.fanIn());
    return packed(w, shape, precision);
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
