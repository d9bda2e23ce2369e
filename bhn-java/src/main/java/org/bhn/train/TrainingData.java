package org.bhn.train;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.bhn.backend.Backend;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Dataset;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** Where a training's minibatches come from, in an order that each epoch shuffles. */
abstract class TrainingData {
  final Backend backend;
  final int[] permutation;

  TrainingData(Backend backend, int rows) {
    this.backend = backend;
    this.permutation = new int[rows];
  }

  /** On the device, if the data take no more than half of what is free there. */
  static TrainingData of(TrainingMemory memory, Dataset data, Likelihood likelihood, int batch) {
    long width = data.columns() + (likelihood.classes() > 0 ? 1L : likelihood.targets());
    boolean fits = data.rows() * width * Float.BYTES <= memory.backend().freeMemory() / 2;
    return fits
        ? new ResidentData(memory, data, likelihood)
        : new StagedData(memory, data, likelihood, batch);
  }

  /** Room for the labels or targets of so many rows. */
  static Tensor allocateTargets(TrainingMemory memory, Likelihood likelihood, int rows) {
    return likelihood.classes() > 0
        ? memory.allocate(DType.INT32, rows)
        : memory.allocate(DType.REAL, rows, likelihood.targets());
  }

  /**
   * Shuffles by seed and progress alone, so that a resumed training sees the same batches.
   *
   * @param progress another number for each epoch, also of a training that follows another
   */
  final void shuffle(long seed, long progress) {
    // A SplittableRandom's seed is a place in one long sequence: mixed first, places lie far apart.
    long place = new SplittableRandom(seed).nextLong() + progress;
    SplittableRandom random = new SplittableRandom(place);
    Arrays.setAll(permutation, i -> i);
    for (int i = permutation.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swap = permutation[i];
      permutation[i] = permutation[j];
      permutation[j] = swap;
    }
    begin();
  }

  /** Goes to the first minibatch of the present order, which is new. */
  abstract void begin();

  /** Has the next minibatch ready for a step; not recorded with it. */
  abstract void prepare(int batch);

  /** The prepared minibatch's inputs. */
  abstract Tensor nextInputs(int batch);

  /** The prepared minibatch's labels or targets. */
  abstract Tensor nextTargets(int batch);

  /** Goes to the next minibatch; recorded as the end of a step. */
  abstract void advance(int batch);

  /** Goes back by so many rows, before anything is prepared again. */
  abstract void back(int rows);
}
