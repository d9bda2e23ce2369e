package org.bhn.posterior;

import java.util.random.RandomGenerator;
import org.bhn.nn.Network;
import org.bhn.nn.WeightLayer;

/** Random initial values; none, null, without random numbers. */
final class Gaussians {
  private Gaussians() {}

  static double[] draw(int n, double std, RandomGenerator random) {
    if (random == null) {
      return null;
    }
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = std * random.nextGaussian();
    }
    return values;
  }

  /** Weights of variance 2/fanIn (He et al. 2015). */
  static double[] he(WeightLayer layer, RandomGenerator random) {
    return draw(layer.weights(), Math.sqrt(2.0 / layer.fanIn()), random);
  }

  /** He-initialised weights and zero biases of all layers, in the order of a full posterior. */
  static double[] he(Network network, RandomGenerator random) {
    double[] all = new double[network.parameters()];
    int at = 0;
    for (WeightLayer layer : network.weightLayers().toList()) {
      System.arraycopy(he(layer, random), 0, all, at, layer.weights());
      at += layer.parameters();
    }
    return all;
  }
}
