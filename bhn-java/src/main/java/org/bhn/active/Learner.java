package org.bhn.active;

import org.bhn.data.Dataset;

/** A model that learns from what it asked for. */
public interface Learner {
  /** Trains on all examples labelled so far. */
  void train(Dataset labelled);

  /**
   * Class probabilities under weight samples of the trained model; the same ones, for all rows,
   * until it is trained again.
   *
   * @param inputs {@code [N, D]} row-major
   * @return {@code [S][N][C]}
   */
  float[][][] draws(float[] inputs);
}
