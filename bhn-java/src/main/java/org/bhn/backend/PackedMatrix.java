package org.bhn.backend;

import org.bhn.tensor.Tensor;

/**
 * A constant matrix v {@code [N, K]}, or the weights of a convolution, made ready to be multiplied
 * many times. It holds the values that v had when it was packed.
 */
public interface PackedMatrix extends AutoCloseable {
  /**
   * {@code y = x vᵀ}; of a convolution {@code y = x * v}, the images of {@link Backend#conv}.
   *
   * @param y {@code [M, N]}, contiguous
   * @param x {@code [M, K]}, contiguous
   */
  void product(Tensor y, Tensor x);

  @Override
  void close();
}
