package org.bhn.tape;

import org.bhn.backend.Backend;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * A trained tensor: a name, a value, its gradient and Adam's two moments. It outlives tapes and is
 * freed with its model.
 */
public final class Param implements AutoCloseable {
  private final String name;
  private final Backend backend;
  private final Tensor value;
  private final Tensor gradient;
  private final Tensor firstMoment;
  private final Tensor secondMoment;

  /**
   * A parameter of zeros.
   *
   * @param name unique within its model; it names the tensor in saved files and in errors
   */
  public Param(Backend backend, String name, int... shape) {
    this.backend = backend;
    this.name = name;
    this.value = backend.allocate(DType.REAL, shape);
    this.gradient = backend.allocate(DType.REAL, shape);
    this.firstMoment = backend.allocate(DType.REAL, shape);
    this.secondMoment = backend.allocate(DType.REAL, shape);
  }

  /** The name within its model. */
  public String name() {
    return name;
  }

  /** The present value. */
  public Tensor value() {
    return value;
  }

  /** The gradient of the last backward. */
  public Tensor gradient() {
    return gradient;
  }

  /** Adam's running mean of gradients. */
  public Tensor firstMoment() {
    return firstMoment;
  }

  /** Adam's running mean of squared gradients. */
  public Tensor secondMoment() {
    return secondMoment;
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
    for (Tensor tensor : new Tensor[] {value, gradient, firstMoment, secondMoment}) {
      if (!tensor.isStale()) {
        backend.release(tensor);
      }
    }
  }

  @Override
  public String toString() {
    return name + ": " + value;
  }
}
