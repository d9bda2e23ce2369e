package org.bhn.backend;

import org.bhn.backend.ConvolutionKey.Kind;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** A copy of a convolution's weights on a CUDA device; fast products round both factors to TF32. */
final class CudnnFilters implements PackedMatrix {
  private final CudaBackend backend;
  private final Convolution shape;
  private final Precision precision;
  private final Tensor copy;

  CudnnFilters(CudaBackend backend, Tensor w, Convolution shape, Precision precision) {
    this.backend = backend;
    this.shape = shape;
    this.precision = precision;
    this.copy = backend.allocate(DType.REAL, w.rows(), w.columns());
    backend.copy(copy, w);
  }

  @Override
  public void product(Tensor y, Tensor x) {
    int images = CheckImages.conv(backend, y, x, copy, shape);
    if (images > 0) {
      ConvolutionKey key = new ConvolutionKey(Kind.OUTPUTS, shape, images, false, precision);
      backend.convolve("packedConv", key, x, copy, y);
    }
  }

  @Override
  public void close() {
    if (!copy.isStale()) {
      backend.release(copy);
    }
  }
}
