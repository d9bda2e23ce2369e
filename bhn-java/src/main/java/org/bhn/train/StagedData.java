package org.bhn.train;

import org.bhn.backend.Staging;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Dataset;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * A data set that stays on the host. While the device works on a minibatch, the next one is
 * gathered and copied; a step finds its own always in the same place.
 */
final class StagedData extends TrainingData {
  private final Dataset data;
  private final int batch;
  private final Tensor inputs;
  private final Tensor targets;
  private final Staging inputStaging;
  private final Staging targetStaging;
  private final float[] hostInputs;
  private final float[] hostTargets; // null for labels
  private final int[] hostLabels; // null for targets
  private int put;
  private int taken;

  StagedData(TrainingMemory memory, Dataset data, Likelihood likelihood, int batch) {
    super(memory.backend(), data.rows());
    this.data = data;
    this.batch = Math.min(batch, data.rows());
    this.inputs = memory.allocate(DType.REAL, this.batch, data.columns());
    this.targets = allocateTargets(memory, likelihood, this.batch);
    this.inputStaging = memory.keep(backend.staging(inputs));
    this.targetStaging = memory.keep(backend.staging(targets));
    boolean labels = likelihood.classes() > 0;
    this.hostInputs = new float[inputs.size()];
    this.hostTargets = labels ? null : new float[targets.size()];
    this.hostLabels = labels ? new int[targets.size()] : null;
  }

  @Override
  void begin() {
    goTo(0);
  }

  private void goTo(int row) {
    inputStaging.clear();
    targetStaging.clear();
    put = row;
    taken = row;
  }

  @Override
  void prepare(int rows) {
    if (put == taken) {
      put(rows);
    }
    inputStaging.take();
    targetStaging.take();
    taken += rows;
    put(Math.min(batch, data.rows() - put));
  }

  private void put(int rows) {
    if (rows == 0) {
      return;
    }
    int columns = data.columns();
    for (int i = 0; i < rows; i++) {
      int row = permutation[put + i];
      data.copyInputs(row, row + 1, hostInputs, i * columns);
      if (hostLabels != null) {
        data.copyLabels(row, row + 1, hostLabels, i);
      } else {
        data.copyTargets(row, row + 1, hostTargets, i * targets.columns());
      }
    }
    inputStaging.put(hostInputs, rows * columns);
    if (hostLabels != null) {
      targetStaging.put(hostLabels, rows);
    } else {
      targetStaging.put(hostTargets, rows * targets.columns());
    }
    put += rows;
  }

  @Override
  Tensor nextInputs(int rows) {
    return inputs.rows(0, rows);
  }

  @Override
  Tensor nextTargets(int rows) {
    return targets.rank() == 1 ? targets.view(0, rows) : targets.rows(0, rows);
  }

  @Override
  void advance(int rows) {} // prepare does

  @Override
  void back(int rows) {
    goTo(taken - rows);
  }
}
