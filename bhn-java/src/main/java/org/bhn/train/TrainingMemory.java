package org.bhn.train;

import java.util.ArrayDeque;
import java.util.Deque;
import org.bhn.backend.Backend;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * What a training holds on its device. All of it is freed at once: at the end, or when some part
 * finds no room, so that the device is as it was.
 */
final class TrainingMemory implements AutoCloseable {
  private final Backend backend;
  private final Deque<AutoCloseable> parts = new ArrayDeque<>(); // the latest first

  TrainingMemory(Backend backend) {
    this.backend = backend;
  }

  Backend backend() {
    return backend;
  }

  /** A tensor of zeros. */
  Tensor allocate(DType dtype, int... shape) {
    Tensor tensor = backend.allocate(dtype, shape);
    parts.push(() -> backend.release(tensor));
    return tensor;
  }

  /** Closes a part with the rest. */
  <T extends AutoCloseable> T keep(T part) {
    parts.push(part);
    return part;
  }

  @Override
  public void close() {
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (Exception e) {
        throw new IllegalStateException("could not free the training's memory", e);
      }
    }
  }
}
