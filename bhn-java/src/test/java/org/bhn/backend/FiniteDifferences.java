package org.bhn.backend;

import java.util.Map;
import java.util.SplittableRandom;

/**
 * A backward against central differences of its forward, in double precision: for each input x, a
 * random direction v and the case's random incoming gradient u, {@code <v, Jᵀu>} must equal {@code
 * <u, f(x + hv) − f(x − hv)>/2h}.
 */
final class FiniteDifferences {
  /** A kink, such as ReLU's, may lie within a step; hardly ever within all of them. */
  private static final double[] STEPS = {1e-6, 1e-7, 1e-8};

  private static final double TOLERANCE = 1e-7;

  private FiniteDifferences() {}

  static void check(Backend backend, OpCase op, OpCase.Size size) {
    OpData data = OpData.random(op, size, 8).fromZero();
    SplittableRandom random = new SplittableRandom(9);
    try (OpCall call = new OpCall(backend, op, size, false)) {
      OpCall.Result at = call.run(data);
      for (Map.Entry<String, double[]> gradient : at.gradients().entrySet()) {
        String name = gradient.getKey();
        double[] v = OpCase.fill(gradient.getValue().length, random::nextGaussian);
        double analytic = 0;
        double scale = 0;
        for (int i = 0; i < v.length; i++) {
          double term = v[i] * gradient.getValue()[i];
          analytic += term;
          scale += term * term;
        }
        compare(call, data, name, v, analytic, TOLERANCE * Math.sqrt(scale));
      }
    }
  }

  private static void compare(
      OpCall call, OpData data, String name, double[] v, double analytic, double tolerance) {
    StringBuilder tried = new StringBuilder();
    for (double h : STEPS) {
      double[] noise = new double[1];
      double up = project(call, data, name, v, h, noise);
      double down = project(call, data, name, v, -h, noise);
      double numeric = (up - down) / (2 * h);
      double allowed = tolerance + noise[0] / h;
      if (Math.abs(numeric - analytic) <= allowed) {
        return;
      }
      tried.append(numeric).append(" ± ").append(allowed).append(" with step ").append(h);
      tried.append(", ");
    }
    throw new AssertionError(
        "gradient of "
            + name
            + " along a random direction is "
            + analytic
            + " but finite differences give "
            + tried);
  }

  /** {@code <u, f(x + step v)>}; adds its rounding error to noise. */
  private static double project(
      OpCall call, OpData data, String name, double[] v, double step, double[] noise) {
    double[] x = data.inputs().get(name).clone();
    for (int i = 0; i < x.length; i++) {
      x[i] += step * v[i];
    }
    Map<String, double[]> values = call.run(data.with(name, x)).values();
    double sum = 0;
    double squares = 0;
    for (Map.Entry<String, double[]> u : data.cotangents().entrySet()) {
      double[] out = values.get(u.getKey());
      for (int i = 0; i < u.getValue().length; i++) {
        double term = u.getValue()[i] * out[i];
        sum += term;
        squares += term * term;
      }
    }
    noise[0] += 16 * 0x1p-53 * (Math.abs(sum) + Math.sqrt(squares));
    return sum;
  }
}
