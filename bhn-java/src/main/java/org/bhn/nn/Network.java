package org.bhn.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bhn.backend.Activation;

/**
 * The primary network: layers whose weights a posterior provides.
 *
 * @param layers first to last; sizes must fit, and the first and the last must have weights
 */
public record Network(List<Layer> layers) {
  /** Checks that the layers fit together. */
  public Network {
    layers = List.copyOf(layers);
    if (layers.isEmpty()) {
      throw new IllegalArgumentException("layers is empty: a network needs at least one layer");
    }
    for (int i = 1; i < layers.size(); i++) {
      checkFit(i, layers.get(i - 1), layers.get(i));
    }
    if (!(layers.getFirst() instanceof WeightLayer && layers.getLast() instanceof WeightLayer)) {
      throw new IllegalArgumentException(
          "layers begins or ends with a pooling: the first and the last layer must have weights");
    }
  }

  private static void checkFit(int i, Layer before, Layer layer) {
    boolean images = layer.image() != null && before.result() != null;
    if (layer.inputs() == before.outputs() && !(images && !layer.image().equals(before.result()))) {
      return;
    }
    throw new IllegalArgumentException(
        "layer "
            + i
            + " takes "
            + (images ? "images of " + layer.image() : layer.inputs() + " inputs")
            + " but layer "
            + (i - 1)
            + (images ? " gives " + before.result() : " has " + before.outputs() + " outputs"));
  }

  /** Dense layers with a linear last one, to follow others. */
  public static List<Layer> dense(
      int inputs, int[] hidden, int outputs, Activation activation, boolean bias) {
    List<Layer> layers = new ArrayList<>();
    int width = inputs;
    for (int units : hidden) {
      layers.add(new Dense(width, units, activation, bias));
      width = units;
    }
    layers.add(new Dense(width, outputs, Activation.IDENTITY, bias));
    return layers;
  }

  /** Width of the input. */
  public int inputs() {
    return layers.getFirst().inputs();
  }

  /** Width of the output. */
  public int outputs() {
    return layers.getLast().outputs();
  }

  /** The layers that have weights, first to last. */
  public Stream<WeightLayer> weightLayers() {
    return layers.stream().filter(WeightLayer.class::isInstance).map(WeightLayer.class::cast);
  }

  /** Number of units over all layers: the dimension of a weight-norm posterior. */
  public int units() {
    return weightLayers().mapToInt(WeightLayer::units).reduce(0, Math::addExact);
  }

  /** Number of weights and biases: the dimension of a full posterior. */
  public int parameters() {
    return weightLayers().mapToInt(WeightLayer::parameters).reduce(0, Math::addExact);
  }

  /** The most values between two layers, input included. */
  public int maxWidth() {
    return Math.max(inputs(), layers.stream().mapToInt(Layer::outputs).max().orElse(0));
  }
}
