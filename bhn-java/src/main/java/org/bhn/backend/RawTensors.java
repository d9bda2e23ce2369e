package org.bhn.backend;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.bhn.tensor.Tensor;

/**
 * Tensors whose addresses lie inside a table of a native call. Their arenas do not guard such
 * addresses, so their liveness is checked here.
 */
final class RawTensors {
  private final List<Tensor> tensors;
  private final MemorySegment[] memory;

  RawTensors(List<Tensor> tensors) {
    this.tensors = tensors;
    this.memory = tensors.stream().map(NativeBuffer::address).toArray(MemorySegment[]::new);
  }

  /**
   * Checks that all are still there.
   *
   * @throws IllegalStateException if one was released
   */
  void requireLive(String op) {
    for (int i = 0; i < memory.length; i++) {
      if (!memory[i].scope().isAlive()) {
        throw new IllegalStateException(op + ": " + tensors.get(i) + " was released");
      }
    }
  }
}
