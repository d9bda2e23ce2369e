package org.bhn.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** JavaCPP's bindings of PyTorch's C++ library. */
final class JavaCpp extends PyTorchModel<Tensor> {
  private final TensorVector vector;
  private final Adam adam;
  private List<Tensor> trained;

  /**
   * Loads the problem.
   *
   * @param firstStep whether Adam's epsilon shall be what ours comes to in the first step: PyTorch
   *     adds it after the bias correction
   */
  JavaCpp(Problem problem, int threads, boolean firstStep) {
    super(problem);
    torch.set_num_threads(threads);
    vector = new TensorVector(trained.toArray(Tensor[]::new));
    AdamOptions options = new AdamOptions(Problem.RATE);
    double correction = firstStep ? Math.sqrt(1 - Problem.BETA2) : 1;
    options.eps().put(Problem.EPSILON / correction);
    adam = new Adam(vector, options);
  }

  @Override
  Tensor tensor(float[] values, long... shape) {
    return Tensor.create(values, shape);
  }

  @Override
  Tensor indices(int[] values) {
    long[] wide = new long[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return Tensor.create(wide, wide.length);
  }

  @Override
  Tensor parameter(float[] values, long... shape) {
    Tensor tensor = tensor(values, shape);
    tensor.set_requires_grad(true);
    if (trained == null) {
      trained = new ArrayList<>();
    }
    trained.add(tensor);
    return tensor;
  }

  @Override
  Tensor add(Tensor a, Tensor b) {
    return a.add(b);
  }

  @Override
  Tensor add(Tensor a, double b) {
    return a.add(new Scalar(b));
  }

  @Override
  Tensor mul(Tensor a, Tensor b) {
    return a.mul(b);
  }

  @Override
  Tensor mul(Tensor a, double b) {
    return a.mul(new Scalar(b));
  }

  @Override
  Tensor product(Tensor a, Tensor b) {
    return torch.linear(a, b);
  }

  @Override
  Tensor relu(Tensor a) {
    return a.relu();
  }

  @Override
  Tensor exp(Tensor a) {
    return a.exp();
  }

  @Override
  Tensor log(Tensor a) {
    return a.log();
  }

  @Override
  Tensor square(Tensor a) {
    return a.square();
  }

  @Override
  Tensor power(Tensor a, double exponent) {
    return a.pow(new Scalar(exponent));
  }

  @Override
  Tensor sumRows(Tensor a) {
    return a.sum(1L);
  }

  @Override
  Tensor sum(Tensor a) {
    return a.sum();
  }

  @Override
  Tensor select(Tensor a, Tensor index) {
    return a.index_select(1, index);
  }

  @Override
  Tensor columns(Tensor a, int from, int to) {
    return a.narrow(1, from, to - from);
  }

  @Override
  Tensor column(Tensor values, int rows) {
    return values.unsqueeze(1);
  }

  @Override
  Tensor logSoftmax(Tensor a) {
    return a.log_softmax(1);
  }

  @Override
  Tensor crossEntropy(Tensor logits, Tensor labels) {
    return torch.cross_entropy_loss(logits, labels);
  }

  @Override
  void addTo(Tensor sum, Tensor value) {
    sum.add_(value);
  }

  @Override
  float[] values(Tensor a) {
    float[] out = new float[(int) a.numel()];
    try (PointerScope scope = new PointerScope()) {
      Tensor dense = a.detach().contiguous();
      dense.data_ptr_float().get(out);
    }
    return out;
  }

  @Override
  double train(Supplier<Tensor> loss) {
    try (PointerScope scope = new PointerScope()) {
      adam.zero_grad();
      Tensor value = loss.get();
      value.backward();
      torch.clip_grad_norm_(vector, Problem.MAX_NORM);
      torch.clip_grad_value_(vector, Problem.CLIP);
      adam.step();
      return value.item_float();
    }
  }

  @Override
  void infer(Runnable body) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      body.run();
    }
  }

  @Override
  public void close() {
    adam.close();
  }
}
