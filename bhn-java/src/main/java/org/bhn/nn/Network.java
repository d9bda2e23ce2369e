package org.bhn.nn;

import java.util.ArrayList;
import java.util.List;
import org.bhn.backend.Activation;

/**
 * The primary network: layers whose weights a posterior provides.
 *
 * @param layers first to last; widths must fit
 */
public record Network(List<Dense> layers) {
  /** Checks that the layers fit together. */
  public Network {
    layers = List.copyOf(layers);
    if (layers.isEmpty()) {
      throw new IllegalArgumentException("layers is empty: a network needs at least one layer");
    }
    for (int i = 1; i < layers.size(); i++) {
      if (layers.get(i).inputs() != layers.get(i - 1).outputs()) {
        throw new IllegalArgumentException(
            "layer "
                + i
                + " takes "
                + layers.get(i).inputs()
                + " inputs but layer "
                + (i - 1)
                + " has "
                + layers.get(i - 1).outputs()
                + " outputs");
      }
    }
  }

  /** A multilayer perceptron with a linear last layer. */
  public static Network mlp(
      int inputs, int[] hidden, int outputs, Activation activation, boolean bias) {
    List<Dense> layers = new ArrayList<>();
    int width = inputs;
    for (int units : hidden) {
      layers.add(new Dense(width, units, activation, bias));
      width = units;
    }
    layers.add(new Dense(width, outputs, Activation.IDENTITY, bias));
    return new Network(layers);
  }

  /** Width of the input. */
  public int inputs() {
    return layers.get(0).inputs();
  }

  /** Width of the output. */
  public int outputs() {
    return layers.get(layers.size() - 1).outputs();
  }

  /** Number of units over all layers: the dimension of a weight-norm posterior. */
  public int units() {
    return layers.stream().mapToInt(Dense::outputs).sum();
  }

  /** Number of weights and biases: the dimension of a full posterior. */
  public int parameters() {
    return layers.stream().mapToInt(Dense::parameters).reduce(0, Math::addExact);
  }

  /** The widest layer, input included. */
  public int maxWidth() {
    return Math.max(inputs(), layers.stream().mapToInt(Dense::outputs).max().orElse(0));
  }
}
