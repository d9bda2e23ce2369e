package org.bhn.nn;

import org.bhn.backend.Activation;

/** A layer whose weights a posterior provides: units, each applied at one place or at many. */
public sealed interface WeightLayer extends Layer permits Dense, Conv2d {
  /** Units: outputs of a dense layer, output channels of a convolution. Each may have a gain. */
  int units();

  /** Weights of one unit. */
  int fanIn();

  /** Places where a unit is applied: 1, or the pixels of a convolution's output. */
  int places();

  /** Applied to each output. */
  Activation activation();

  /** Whether units have a bias. */
  boolean bias();

  /** Number of weights without biases; those of a unit lie together. */
  default int weights() {
    return units() * fanIn();
  }

  /** Number of weights and biases. */
  default int parameters() {
    return weights() + (bias() ? units() : 0);
  }
}
