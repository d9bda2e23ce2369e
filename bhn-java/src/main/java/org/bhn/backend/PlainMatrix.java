package org.bhn.backend;

import org.bhn.tensor.Tensor;

/**
 * A matrix that is left as it is.
 *
 * @param backend multiplies
 * @param v {@code [N, K]}
 */
record PlainMatrix(Backend backend, Tensor v) implements PackedMatrix {
  @Override
  public void product(Tensor y, Tensor x) {
    backend.matmul(y, x, v, false, true, 0);
  }

  @Override
  public void close() {}
}
