package org.bhn.backend;

import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * The weights of a convolution for a library that pads both ends of an image alike. Where {@link
 * Padding#SAME} puts one zero more after the image, a kernel with a row or column of zeros in front
 * and one zero more before the image sees the same: {@code w'[o, p + 1, q + 1, c] = w[o, p, q, c]},
 * {@code w'[o, 0, q, c] = w'[o, p, 0, c] = 0}, and image and output stay where they are.
 */
final class WideKernel implements AutoCloseable {
  private final CudaBackend backend;
  private final Convolution shape;
  private final boolean higher;
  private final Tensor weights; // [out, KH'·KW'·in], zeros stay where no weight is put
  private final Tensor rows; // as high as w and as wide as weights; null where w or weights serves

  WideKernel(CudaBackend backend, Convolution shape) {
    this.backend = backend;
    this.shape = shape;
    this.higher = height(shape) > shape.kernelHeight();
    int row = width(shape) * shape.in();
    this.weights = backend.allocate(DType.REAL, shape.out(), height(shape) * row);
    this.rows =
        !wider()
            ? null
            : higher
                ? backend.allocate(DType.REAL, shape.out(), shape.kernelHeight() * row)
                : weights;
  }

  /** Whether one end of an image needs more zeros than the other. */
  static boolean isNeeded(Convolution c) {
    return height(c) > c.kernelHeight() || width(c) > c.kernelWidth();
  }

  /** KH', the rows of the wide kernel. */
  static int height(Convolution c) {
    return c.kernelHeight() + c.bottom() - c.top();
  }

  /** KW', the columns of the wide kernel. */
  static int width(Convolution c) {
    return c.kernelWidth() + c.right() - c.left();
  }

  private boolean wider() {
    return width(shape) > shape.kernelWidth();
  }

  /** w', {@code [out, KH'·KW'·in]}. */
  Tensor weights() {
    return weights;
  }

  /** {@code w' = w} within its zeros. */
  void put(Tensor w) {
    if (wider()) {
      backend.copy(right(rows), each(w));
    }
    if (higher) {
      backend.copy(below(), wider() ? rows : w);
    }
  }

  /** {@code w = w'} without the zeros, or {@code w += w'}. */
  void take(Tensor w, boolean add) {
    if (higher && wider()) {
      backend.copy(rows, below());
    }
    Tensor from = wider() ? right(rows) : below();
    Tensor to = wider() ? each(w) : w;
    if (add) {
      backend.axpy(to, from, 1);
    } else {
      backend.copy(to, from);
    }
  }

  /** The rows of all kernels, one below the other. */
  private Tensor each(Tensor kernels) {
    int row = kernels.size() / (shape.out() * shape.kernelHeight());
    return kernels.reshape(shape.out() * shape.kernelHeight(), row);
  }

  /** All but the first column of each kernel. */
  private Tensor right(Tensor kernels) {
    Tensor each = each(kernels);
    return each.columns(shape.in(), each.columns());
  }

  /** All but the first row of each wide kernel. */
  private Tensor below() {
    return weights.columns(width(shape) * shape.in(), weights.columns());
  }

  @Override
  public void close() {
    release(weights);
    if (rows != null && rows != weights) {
      release(rows);
    }
  }

  private void release(Tensor t) {
    if (!t.isStale()) {
      backend.release(t);
    }
  }
}
