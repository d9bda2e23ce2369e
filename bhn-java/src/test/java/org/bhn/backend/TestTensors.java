package org.bhn.backend;

import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** Tensors from and to host arrays; they live until their backend is closed. */
final class TestTensors {
  private final Backend backend;

  TestTensors(Backend backend) {
    this.backend = backend;
  }

  /** A vector. */
  Tensor real(double... values) {
    return shaped(values, values.length);
  }

  Tensor shaped(double[] values, int... shape) {
    Tensor t = backend.allocate(DType.REAL, shape);
    backend.upload(t, values);
    return t;
  }

  Tensor zeros(int... shape) {
    return backend.allocate(DType.REAL, shape);
  }

  Tensor ints(int... values) {
    Tensor t = backend.allocate(DType.INT32, values.length);
    backend.upload(t, values);
    return t;
  }

  Tensor counter(long value) {
    Tensor t = backend.allocate(DType.INT64, 1);
    backend.upload(t, value);
    return t;
  }

  double[] read(Tensor t) {
    double[] values = new double[t.size()];
    backend.download(t, values);
    return values;
  }

  int[] readInts(Tensor t) {
    int[] values = new int[t.size()];
    backend.download(t, values);
    return values;
  }
}
