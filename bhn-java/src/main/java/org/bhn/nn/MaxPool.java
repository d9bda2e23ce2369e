package org.bhn.nn;

import org.bhn.backend.Pooling;

/**
 * The largest of each window of an image, channel by channel.
 *
 * @param shape the sizes
 */
public record MaxPool(Pooling shape) implements Layer {
  /** Checks for null. */
  public MaxPool {
    if (shape == null) {
      throw new IllegalArgumentException("shape is null: pass the sizes");
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
    return new Image(shape.height(), shape.width(), shape.channels());
  }

  @Override
  public Image result() {
    return new Image(shape.outHeight(), shape.outWidth(), shape.channels());
  }
}
