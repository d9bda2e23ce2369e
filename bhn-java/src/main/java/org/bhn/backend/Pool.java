package org.bhn.backend;

import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * Memory of one step, taken in order and given back all at once. The same sequence of requests
 * after a {@link #reset} gets the same addresses, which is what lets a recorded step run again.
 */
public interface Pool {
  /** Uninitialised memory, valid until the next {@link #reset}. */
  Tensor take(DType dtype, int... shape);

  /** Uninitialised reals, valid until the next {@link #reset}. */
  default Tensor take(int... shape) {
    return take(DType.REAL, shape);
  }

  /** Gives everything back; all tensors taken so far are stale. */
  void reset();

  /** Bytes held from the device, used or not. */
  long bytes();
}
