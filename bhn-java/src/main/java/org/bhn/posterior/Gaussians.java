package org.bhn.posterior;

import java.util.random.RandomGenerator;
import org.bhn.nn.Dense;
import org.bhn.nn.Network;

/** Random initial values. */
final class Gaussians {
  private Gaussians() {}

  static double[] draw(int n, double std, RandomGenerator random) {
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = std * random.nextGaussian();
    }
    return values;
  }

  /** Weights of variance 2/inputs (He et al. 2015). */
  static double[] he(Dense layer, RandomGenerator random) {
    return draw(layer.weights(), Math.sqrt(2.0 / layer.inputs()), random);
  }

  /** He-initialised weights and zero biases of all layers, in the order of a full posterior. */
  static double[] he(Network network, RandomGenerator random) {
    double[] all = new double[network.parameters()];
    int at = 0;
    for (Dense layer : network.layers()) {
      System.arraycopy(he(layer, random), 0, all, at, layer.weights());
      at += layer.parameters();
    }
    return all;
  }
}
