package org.bhn.backend;

import org.bhn.tensor.Tensor;

/**
 * A constant matrix v {@code [N, K]} made ready to be multiplied many times. It holds the values
 * that v had when it was packed.
 */
public interface PackedMatrix extends AutoCloseable {
  /**
   * {@code y = x vᵀ}.
   *
   * @param y {@code [M, N]}, contiguous
   * @param x {@code [M, K]}, contiguous
   */
  void product(Tensor y, Tensor x);

  @Override
  void close();
}
