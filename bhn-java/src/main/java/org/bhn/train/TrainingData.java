package org.bhn.train;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.bhn.backend.Backend;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Dataset;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * A data set on the device, and the order of the present epoch. A step gathers its minibatch from
 * the rows {@code order[cursor ..]} and moves the cursor, all on the device.
 */
final class TrainingData implements AutoCloseable {
  private final Backend backend;
  private final Tensor inputs;
  private final Tensor targets;
  private final Tensor order;
  private final Tensor cursor;
  private final int[] permutation;

  TrainingData(Backend backend, Dataset data, Likelihood likelihood) {
    this.backend = backend;
    int rows = data.rows();
    this.inputs = backend.allocate(DType.REAL, rows, data.columns());
    backend.upload(inputs, data.inputs());
    if (likelihood.classes() > 0) {
      this.targets = backend.allocate(DType.INT32, rows);
      backend.upload(targets, data.labels());
    } else {
      this.targets = backend.allocate(DType.REAL, rows, likelihood.targets());
      backend.upload(targets, data.targets());
    }
    this.order = backend.allocate(DType.INT32, rows);
    this.cursor = backend.allocate(DType.INT64, 1);
    this.permutation = new int[rows];
  }

  Tensor inputs() {
    return inputs;
  }

  Tensor targets() {
    return targets;
  }

  /** Shuffles by seed and epoch alone, so that a resumed training sees the same batches. */
  void shuffle(long seed, int epoch) {
    SplittableRandom random = new SplittableRandom(seed ^ (0x9E3779B97F4A7C15L * (epoch + 1)));
    Arrays.setAll(permutation, i -> i);
    for (int i = permutation.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swap = permutation[i];
      permutation[i] = permutation[j];
      permutation[j] = swap;
    }
    backend.upload(order, permutation);
    rewind();
  }

  /** Goes back to the first minibatch of the present order. */
  void rewind() {
    backend.upload(cursor, 0L);
  }

  /** The next minibatch's inputs, in the step pool. */
  Tensor nextInputs(int batch) {
    Tensor x = backend.pool().take(batch, inputs.columns());
    backend.gather(x, inputs, order, cursor);
    return x;
  }

  /** The next minibatch's labels or targets, in the step pool. */
  Tensor nextTargets(int batch) {
    Tensor y =
        targets.dtype() == DType.INT32
            ? backend.pool().take(DType.INT32, batch)
            : backend.pool().take(batch, targets.columns());
    backend.gather(y, targets, order, cursor);
    return y;
  }

  void advance(long rows) {
    backend.advance(cursor, rows);
  }

  @Override
  public void close() {
    for (Tensor tensor : new Tensor[] {inputs, targets, order, cursor}) {
      backend.release(tensor);
    }
  }
}
