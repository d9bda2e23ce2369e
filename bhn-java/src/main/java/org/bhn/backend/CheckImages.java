package org.bhn.backend;

import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * Argument checks of convolutions and pooling. Images are counted by their elements, so that {@code
 * [n, H·W·C]} serves where {@code [n·H·W, C]} is asked. Each check returns the number of images.
 */
final class CheckImages {
  private CheckImages() {}

  static int conv(AbstractBackend owner, Tensor y, Tensor x, Tensor w, Convolution shape) {
    Check.present("conv: shape", shape);
    int n = images(owner, "conv: x", x, shape.inputs(), "[n·H·W, in]");
    outputs(owner, "conv: y", y, n, shape);
    weights(owner, "conv: w", w, shape);
    Check.distinct("conv: y", y, "x", x);
    Check.distinct("conv: y", y, "w", w);
    return n;
  }

  static int convInputs(
      AbstractBackend owner, Tensor dX, Tensor dY, Tensor w, Convolution shape, double beta) {
    Check.present("convInputs: shape", shape);
    int n = images(owner, "convInputs: dX", dX, shape.inputs(), "[n·H·W, in]");
    outputs(owner, "convInputs: dY", dY, n, shape);
    weights(owner, "convInputs: w", w, shape);
    CheckElementwise.beta("convInputs: beta", beta);
    Check.distinct("convInputs: dX", dX, "dY", dY);
    Check.distinct("convInputs: dX", dX, "w", w);
    return n;
  }

  static int convWeights(
      AbstractBackend owner, Tensor dW, Tensor dY, Tensor x, Convolution shape, double beta) {
    Check.present("convWeights: shape", shape);
    int n = images(owner, "convWeights: x", x, shape.inputs(), "[n·H·W, in]");
    outputs(owner, "convWeights: dY", dY, n, shape);
    weights(owner, "convWeights: dW", dW, shape);
    CheckElementwise.beta("convWeights: beta", beta);
    Check.distinct("convWeights: dW", dW, "dY", dY);
    Check.distinct("convWeights: dW", dW, "x", x);
    return n;
  }

  static int maxPool(AbstractBackend owner, Tensor y, Tensor x, Pooling shape) {
    Check.present("maxPool: shape", shape);
    int n = images(owner, "maxPool: x", x, shape.inputs(), "[n·H·W, C]");
    Check.vector(owner, "maxPool: y", y, "[n·OH·OW, C]", (long) n * shape.outputs());
    Check.distinct("maxPool: y", y, "x", x);
    return n;
  }

  static int maxPoolBackward(AbstractBackend owner, Tensor dX, Tensor dY, Tensor x, Pooling shape) {
    Check.present("maxPoolBackward: shape", shape);
    int n = images(owner, "maxPoolBackward: x", x, shape.inputs(), "[n·H·W, C]");
    Check.vector(owner, "maxPoolBackward: dY", dY, "[n·OH·OW, C]", (long) n * shape.outputs());
    Check.gradient(owner, "maxPoolBackward: dX", dX, x);
    return n;
  }

  private static int images(
      AbstractBackend owner, String name, Tensor t, int values, String layout) {
    Check.dense(owner, name, t, DType.REAL);
    if (t.size() % values != 0) {
      throw Check.fail(
          name, t, "must be " + layout + " for a whole number n of images of " + values);
    }
    return t.size() / values;
  }

  private static void outputs(
      AbstractBackend owner, String name, Tensor y, int n, Convolution shape) {
    Check.vector(owner, name, y, "[n·OH·OW, out]", (long) n * shape.outputs());
  }

  private static void weights(AbstractBackend owner, String name, Tensor w, Convolution shape) {
    Check.denseMatrix(owner, name, w, "[out, KH·KW·in]", shape.out(), shape.fanIn());
  }
}
