package org.bhn.nn;

/** A layer of a network, from the values of one example to the values of one example. */
public sealed interface Layer permits WeightLayer, MaxPool {
  /** Values that it takes. */
  int inputs();

  /** Values that it gives. */
  int outputs();

  /** The image that it takes; null if it takes a plain vector. */
  Image image();

  /** The image that it gives; null if it gives a plain vector. */
  Image result();
}
