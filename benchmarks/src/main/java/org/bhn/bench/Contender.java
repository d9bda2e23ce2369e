package org.bhn.bench;

import java.util.Map;

/** A library that runs the same training step and the same prediction. */
interface Contender extends AutoCloseable {
  /**
   * One step of training on the problem's batch with its noise: forward, backward, clip, Adam.
   *
   * @return the loss before the step
   */
  double step();

  /** The trained parameters, by the names and in the layout of this library's files. */
  Map<String, float[]> parameters();

  /**
   * Mean class probabilities {@code [N, C]} over draws of the weights; computes their second
   * moments and mean entropies besides.
   *
   * @param images {@code [N, inputs]}
   * @param noise {@code [S, D]}
   * @param hoisted whether what is constant over the draws is computed once
   */
  float[] predict(float[] images, float[] noise, boolean hoisted);

  @Override
  void close();
}
