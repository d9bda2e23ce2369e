package org.bhn.backend;

import org.bhn.tensor.Tensor;

/**
 * The weights of a convolution, left as they are.
 *
 * @param backend computes
 * @param w {@code [out, KH·KW·in]}
 * @param shape the sizes
 */
record PlainFilters(Backend backend, Tensor w, Convolution shape) implements PackedMatrix {
  @Override
  public void product(Tensor y, Tensor x) {
    backend.conv(y, x, w, shape);
  }

  @Override
  public void close() {}
}
