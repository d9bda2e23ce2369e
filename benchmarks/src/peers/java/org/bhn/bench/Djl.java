package org.bhn.bench;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import ai.djl.training.GradientCollector;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Deep Java Library on PyTorch. Its Adam is written as ours is: epsilon beside the plain root. */
final class Djl extends PyTorchModel<NDArray> {
  private static final NDManager MANAGER = NDManager.newBaseManager();

  private final Optimizer adam =
      Optimizer.adam()
          .optLearningRateTracker(Tracker.fixed((float) Problem.RATE))
          .optEpsilon((float) Problem.EPSILON)
          .optClipGrad((float) Problem.CLIP)
          .build();
  private List<NDArray> trained;

  Djl(Problem problem) {
    super(problem);
  }

  @Override
  NDArray tensor(float[] values, long... shape) {
    return MANAGER.create(values, new Shape(shape));
  }

  @Override
  NDArray indices(int[] values) {
    return MANAGER.create(values).toType(DataType.INT64, true);
  }

  @Override
  NDArray parameter(float[] values, long... shape) {
    NDArray array = tensor(values, shape);
    array.setRequiresGradient(true);
    if (trained == null) {
      trained = new ArrayList<>();
    }
    trained.add(array);
    return array;
  }

  @Override
  NDArray add(NDArray a, NDArray b) {
    return a.add(b);
  }

  @Override
  NDArray add(NDArray a, double b) {
    return a.add((float) b); // a double would turn scalars into doubles
  }

  @Override
  NDArray mul(NDArray a, NDArray b) {
    return a.mul(b);
  }

  @Override
  NDArray mul(NDArray a, double b) {
    return a.mul((float) b);
  }

  @Override
  NDArray product(NDArray a, NDArray b) {
    return Linear.linear(a, b).singletonOrThrow();
  }

  @Override
  NDArray relu(NDArray a) {
    return Activation.relu(a);
  }

  @Override
  NDArray exp(NDArray a) {
    return a.exp();
  }

  @Override
  NDArray log(NDArray a) {
    return a.log();
  }

  @Override
  NDArray square(NDArray a) {
    return a.square();
  }

  @Override
  NDArray power(NDArray a, double exponent) {
    return a.pow((float) exponent);
  }

  @Override
  NDArray sumRows(NDArray a) {
    return a.sum(new int[] {1});
  }

  @Override
  NDArray sum(NDArray a) {
    return a.sum();
  }

  @Override
  NDArray select(NDArray a, NDArray index) {
    return a.gather(index.expandDims(0), 1);
  }

  @Override
  NDArray columns(NDArray a, int from, int to) {
    return a.get(":, " + from + ":" + to);
  }

  @Override
  NDArray column(NDArray vector, int rows) {
    return vector.reshape(rows, 1);
  }

  @Override
  NDArray logSoftmax(NDArray a) {
    return a.logSoftmax(1);
  }

  @Override
  NDArray crossEntropy(NDArray logits, NDArray labels) {
    return logits.logSoftmax(1).gather(labels.expandDims(1), 1).mean().neg();
  }

  @Override
  void addTo(NDArray sum, NDArray value) {
    sum.addi(value);
  }

  @Override
  float[] values(NDArray a) {
    return a.toFloatArray();
  }

  @Override
  double train(Supplier<NDArray> loss) {
    double value;
    try (NDScope scope = new NDScope();
        GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray out = loss.get();
      collector.backward(out);
      value = out.getFloat();
    }
    List<NDArray> gradients = new ArrayList<>();
    double squares = 0;
    for (NDArray parameter : trained) {
      NDArray gradient = parameter.getGradient();
      gradients.add(gradient);
      try (NDScope scope = new NDScope()) {
        squares += gradient.square().sum().getFloat();
      }
    }
    double norm = Math.sqrt(squares);
    for (int i = 0; i < gradients.size(); i++) {
      try (NDArray gradient = gradients.get(i)) {
        if (norm > Problem.MAX_NORM) {
          gradient.muli((float) (Problem.MAX_NORM / norm));
        }
        adam.update(Integer.toString(i), trained.get(i), gradient);
      }
    }
    return value;
  }

  @Override
  void infer(Runnable body) {
    try (NDScope scope = new NDScope()) {
      body.run();
    }
  }

  @Override
  public void close() {
    MANAGER.close();
  }
}
