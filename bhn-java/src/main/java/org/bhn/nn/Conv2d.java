package org.bhn.nn;

import org.bhn.backend.Activation;
import org.bhn.backend.Convolution;

/**
 * A convolution, act(W * x + b) with channels last, W {@code [out, KH·KW·in]}: a unit for each
 * output channel.
 *
 * @param shape the sizes
 * @param activation applied to each output
 * @param bias whether output channels have a bias
 */
public record Conv2d(Convolution shape, Activation activation, boolean bias)
    implements WeightLayer {
  /** Checks for null. */
  public Conv2d {
    if (shape == null || activation == null) {
      throw new IllegalArgumentException(
          (shape == null ? "shape" : "activation")
              + " is null: pass the sizes and, for no nonlinearity, Activation.IDENTITY");
    }
  }

  @Override
  public int inputs() {
    return shape.inputs();
  }

  @Override
  public int outputs() {
    return shape.outputs();
  }

  @Override
  public Image image() {
    return new Image(shape.height(), shape.width(), shape.in());
  }

  @Override
  public Image result() {
    return new Image(shape.outHeight(), shape.outWidth(), shape.out());
  }

  @Override
  public int units() {
    return shape.out();
  }

  @Override
  public int fanIn() {
    return shape.fanIn();
  }

  @Override
  public int places() {
    return shape.places();
  }
}
