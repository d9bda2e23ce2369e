package org.bhn.nn;

import org.bhn.backend.Activation;

/**
 * A fully connected layer, act(W x + b), W {@code [outputs, inputs]}.
 *
 * @param inputs width of x
 * @param outputs number of units
 * @param activation applied to each unit
 * @param bias whether units have a bias
 */
public record Dense(int inputs, int outputs, Activation activation, boolean bias)
    implements WeightLayer {
  /** Checks the sizes. */
  public Dense {
    if (inputs < 1 || outputs < 1 || (long) inputs * outputs > 1 << 30) {
      throw new IllegalArgumentException(
          "a dense layer needs inputs >= 1, outputs >= 1 and at most 2^30 weights; got inputs = "
              + inputs
              + ", outputs = "
              + outputs);
    }
    if (activation == null) {
      throw new IllegalArgumentException("activation is null: use Activation.IDENTITY");
    }
  }

  @Override
  public Image image() {
    return null;
  }

  @Override
  public Image result() {
    return null;
  }

  @Override
  public int units() {
    return outputs;
  }

  @Override
  public int fanIn() {
    return inputs;
  }

  @Override
  public int places() {
    return 1;
  }
}
