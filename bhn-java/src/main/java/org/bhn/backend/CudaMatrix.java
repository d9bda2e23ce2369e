package org.bhn.backend;

import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** A copy of a matrix on a CUDA device; fast products round both factors to TF32. */
final class CudaMatrix implements PackedMatrix {
  private final CudaBackend backend;
  private final Tensor copy;
  private final Precision precision;

  CudaMatrix(CudaBackend backend, Tensor v, Precision precision) {
    this.backend = backend;
    this.copy = backend.allocate(DType.REAL, v.rows(), v.columns());
    this.precision = precision;
    backend.copy(copy, v);
  }

  @Override
  public void product(Tensor y, Tensor x) {
    CheckElementwise.packedProduct(backend, y, x, copy.rows(), copy.columns());
    if (x.rows() > 0) {
      backend.packedProduct(y, x, copy, precision);
    }
  }

  @Override
  public void close() {
    if (!copy.isStale()) {
      backend.release(copy);
    }
  }
}
