package org.bhn.backend;

import org.bhn.tensor.Buffer;
import org.bhn.tensor.DType;

/** A buffer that knows which family of contexts (a backend and its forks) it belongs to. */
abstract class DeviceBuffer extends Buffer {
  private final Object family;

  DeviceBuffer(Object family, DType dtype, long length) {
    super(dtype, length);
    this.family = family;
  }

  final Object family() {
    return family;
  }

  /** Makes all present tensors on this memory stale, keeping the memory. */
  final void recycle() {
    retire();
  }

  /** Frees the memory. */
  abstract void free();
}
