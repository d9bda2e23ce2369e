package org.bhn.predict;

import java.util.HashMap;
import java.util.Map;
import org.bhn.backend.Backend;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * Device memory that a predictor keeps between calls. Each slot grows to the largest request so far
 * and is handed out as a view, so that calls of a steady size allocate nothing on the device.
 */
final class Workspace implements AutoCloseable {
  /** Elements of a slot that is kept: to ask for that many again takes no time beside their use. */
  private static final int MOST_KEPT = 1 << 24;

  private final Backend backend;
  private final Map<String, Tensor> slots = new HashMap<>();

  Workspace(Backend backend) {
    this.backend = backend;
  }

  /** The slot's memory in the given shape; what it held before is undefined. */
  Tensor get(String slot, DType dtype, int... shape) {
    int size = (int) Tensor.size(shape);
    Tensor held = slots.get(slot);
    if (held == null || held.size() < size) {
      if (held != null) {
        backend.release(held);
        slots.remove(slot);
      }
      held = backend.allocate(dtype, size);
      slots.put(slot, held);
    }
    return held.view(0, shape);
  }

  /** Gives back what only a large request needs, but for one slot. */
  void trim(String kept) {
    slots
        .entrySet()
        .removeIf(
            slot -> {
              Tensor held = slot.getValue();
              boolean large = held.size() > MOST_KEPT && !slot.getKey().equals(kept);
              if (large) {
                backend.release(held);
              }
              return large;
            });
  }

  @Override
  public void close() {
    slots.values().forEach(backend::release);
    slots.clear();
  }
}
