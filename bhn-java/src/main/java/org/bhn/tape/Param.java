package org.bhn.tape;

import org.bhn.backend.Backend;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * A trained tensor: a name, a value, and its gradient once something asks for that. It outlives
 * tapes and is freed with its model.
 */
public final class Param implements AutoCloseable {
  private final String name;
  private final Backend backend;
  private final Tensor value;
  private Tensor gradient; // null before the first backward: who only predicts needs none

  /**
   * A parameter of zeros.
   *
   * @param name unique within its model; it names the tensor in saved files and in errors
   */
  public Param(Backend backend, String name, int... shape) {
    this.backend = backend;
    this.name = name;
    this.value = backend.allocate(DType.REAL, shape);
  }

  /** The name within its model. */
  public String name() {
    return name;
  }

  /** The present value. */
  public Tensor value() {
    return value;
  }

  /** The gradient of the last backward, before the first of zeros. */
  public Tensor gradient() {
    if (gradient == null) {
      gradient = backend.allocate(DType.REAL, value.shape());
    }
    return gradient;
  }

  /** Number of elements. */
  public int size() {
    return value.size();
  }

  /** Sets the value from the host, row by row. */
  public void set(double[] values) {
    backend.upload(value, values);
  }

  /** The value on the host, row by row. */
  public double[] get() {
    double[] values = new double[size()];
    backend.download(value, values);
    return values;
  }

  @Override
  public void close() {
    for (Tensor tensor : new Tensor[] {value, gradient}) {
      if (tensor != null && !tensor.isStale()) {
        backend.release(tensor);
      }
    }
  }

  @Override
  public String toString() {
    return name + ": " + value;
  }
}
