package org.bhn.adversary;

/** What an attack must know of a model. */
@FunctionalInterface
public interface Gradients {
  /**
   * The direction of ∇_x log p̄(y|x) for each row, where p̄ is the mean over weight samples.
   *
   * @param inputs {@code [N, D]} row-major
   * @param labels {@code [N]}
   * @param samples weight samples to average over
   * @param seed of the weight samples
   * @return {@code [N, D]}; each row may be multiplied by any positive number
   */
  double[] of(float[] inputs, int[] labels, int samples, long seed);
}
