package org.bhn.train;

import org.bhn.bayes.Likelihood;
import org.bhn.data.Dataset;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * A data set on the device, and the order of the present epoch. A step gathers its minibatch from
 * the rows {@code order[cursor ..]} and moves the cursor, all on the device.
 */
final class ResidentData extends TrainingData {
  private final Tensor inputs;
  private final Tensor targets;
  private final Tensor order;
  private final Tensor cursor;

  ResidentData(TrainingMemory memory, Dataset data, Likelihood likelihood) {
    super(memory.backend(), data.rows());
    int rows = data.rows();
    this.inputs = memory.allocate(DType.REAL, rows, data.columns());
    backend.upload(inputs, data.inputs());
    this.targets = allocateTargets(memory, likelihood, rows);
    if (likelihood.classes() > 0) {
      backend.upload(targets, data.labels());
    } else {
      backend.upload(targets, data.targets());
    }
    this.order = memory.allocate(DType.INT32, rows);
    this.cursor = memory.allocate(DType.INT64, 1);
  }

  @Override
  void begin() {
    backend.upload(order, permutation);
    backend.upload(cursor, 0L);
  }

  @Override
  void prepare(int batch) {} // the step gathers it

  @Override
  Tensor nextInputs(int batch) {
    Tensor x = backend.pool().take(batch, inputs.columns());
    backend.gather(x, inputs, order, cursor);
    return x;
  }

  @Override
  Tensor nextTargets(int batch) {
    Tensor y =
        targets.dtype() == DType.INT32
            ? backend.pool().take(DType.INT32, batch)
            : backend.pool().take(batch, targets.columns());
    backend.gather(y, targets, order, cursor);
    return y;
  }

  @Override
  void advance(int batch) {
    backend.advance(cursor, batch);
  }

  @Override
  void back(int rows) {
    backend.advance(cursor, -rows);
  }
}
