package org.bhn.backend;

import org.bhn.tensor.Tensor;

/** A packed matrix until it is closed; then its room serves another. */
final class LentMatrix implements PackedMatrix {
  private final CpuBackend backend;
  private OneDnnMatrix room;

  LentMatrix(CpuBackend backend, OneDnnMatrix room) {
    this.backend = backend;
    this.room = room;
  }

  @Override
  public void product(Tensor y, Tensor x) {
    if (room == null) {
      throw new IllegalStateException("the packed matrix is closed: pack it again");
    }
    room.product(y, x);
  }

  @Override
  public void close() {
    if (room != null) {
      backend.alone(() -> backend.giveBack(room));
      room = null;
    }
  }
}
