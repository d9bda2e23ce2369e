package org.bhn.train;

import java.util.ArrayList;
import java.util.List;
import org.bhn.backend.Backend;
import org.bhn.tape.Param;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** A copy of all parameters, on the device. */
final class Snapshot {
  private final Backend backend;
  private final List<Param> params;
  private final List<Tensor> copies = new ArrayList<>();

  Snapshot(TrainingMemory memory, List<Param> params) {
    this.backend = memory.backend();
    this.params = params;
    for (Param param : params) {
      copies.add(memory.allocate(DType.REAL, param.value().shape()));
    }
  }

  void take() {
    for (int i = 0; i < params.size(); i++) {
      backend.copy(copies.get(i), params.get(i).value());
    }
  }

  void restore() {
    for (int i = 0; i < params.size(); i++) {
      backend.copy(params.get(i).value(), copies.get(i));
    }
  }

  /** The copy of parameter {@code i}. */
  Tensor copy(int i) {
    return copies.get(i);
  }
}
