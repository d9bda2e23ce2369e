package org.bhn.flow;

import java.util.random.RandomGenerator;
import org.bhn.backend.Conditioner;
import org.bhn.tape.Param;

/** Initialisation of conditioner networks. */
final class Conditioners {
  private Conditioners() {}

  /**
   * Fills a parameter block so that the flow starts near the identity: gains N(0, gainStd²), biases
   * 0 (PAPER: 10⁻⁴). With weight norm the rows of U only give directions; their scale {@code
   * rowStd} sets how fast Adam turns them.
   *
   * @param random null: the block stays empty
   */
  static void initialise(
      Param params, Conditioner net, double rowStd, double gainStd, RandomGenerator random) {
    if (random == null) {
      return;
    }
    double[] values = new double[net.parameterCount()];
    double std = net.weightNorm() ? rowStd : gainStd;
    for (int i = 0; i < net.gains(); i++) {
      values[i] = std * random.nextGaussian();
    }
    for (int i = net.gains(); i < net.biases(); i++) {
      values[i] = net.weightNorm() ? gainStd * random.nextGaussian() : 1;
    }
    params.set(values);
  }
}
