package org.bhn.paper;

import java.util.Arrays;
import org.bhn.data.Dataset;
import org.bhn.mcmc.LogDensity;

/**
 * Log posterior of a 1-H-1 ReLU network on 1-D data, with its gradient: N(0, 1) on all weights and
 * biases, a flat prior on the log of the noise variance, which is the last parameter. Parameters:
 * w, b of the hidden units, v of the output unit and its bias c, log σ².
 *
 * <p>A hidden unit is on for all examples on one side of −b/w. With sorted inputs that is a range,
 * so outputs and gradients come from running sums in O(N + H log N) instead of O(N H).
 */
final class CurveDensity implements LogDensity {
  private final int hidden;
  private final double[] x;
  private final double[] y;
  private final double[] slope;
  private final double[] offset;
  private final double[] pull;
  private final double[] pullX;
  private final int[] from;
  private final int[] to;

  CurveDensity(int hidden, Dataset data) {
    this.hidden = hidden;
    float[] inputs = data.inputs();
    float[] targets = data.targets();
    int n = inputs.length;
    x = new double[n];
    y = new double[n];
    Integer[] order = new Integer[n];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (i, j) -> Float.compare(inputs[i], inputs[j]));
    for (int i = 0; i < n; i++) {
      x[i] = inputs[order[i]];
      y[i] = targets[order[i]];
    }
    slope = new double[n + 1];
    offset = new double[n + 1];
    pull = new double[n + 1];
    pullX = new double[n + 1];
    from = new int[hidden];
    to = new int[hidden];
  }

  int dim() {
    return 3 * hidden + 2;
  }

  @Override
  public double at(double[] q, double[] gradient) {
    int h = hidden;
    int n = x.length;
    double logVar = q[3 * h + 1];
    double precision = Math.exp(-logVar);
    double sum = 0;
    for (int i = 0; i < 3 * h + 1; i++) {
      gradient[i] = -q[i];
      sum -= 0.5 * q[i] * q[i];
    }
    lines(q);
    double squares = 0;
    double k = 0;
    double m = q[3 * h];
    for (int i = 0; i < n; i++) {
      k += slope[i];
      m += offset[i];
      double error = y[i] - (k * x[i] + m);
      squares += error * error;
      pull[i + 1] = pull[i] + error * precision;
      pullX[i + 1] = pullX[i] + error * precision * x[i];
    }
    gradient[3 * h] += pull[n];
    for (int j = 0; j < h; j++) {
      double s = pull[to[j]] - pull[from[j]];
      double sx = pullX[to[j]] - pullX[from[j]];
      gradient[2 * h + j] += q[j] * sx + q[h + j] * s;
      gradient[j] += q[2 * h + j] * sx;
      gradient[h + j] += q[2 * h + j] * s;
    }
    gradient[3 * h + 1] = 0.5 * (squares * precision - n);
    return sum - 0.5 * squares * precision - 0.5 * n * logVar;
  }

  /** How the line through the outputs changes at each example, and where each unit is on. */
  private void lines(double[] q) {
    Arrays.fill(slope, 0);
    Arrays.fill(offset, 0);
    for (int j = 0; j < hidden; j++) {
      double w = q[j];
      double b = q[hidden + j];
      int cut = w == 0 ? 0 : Arrays.binarySearch(x, -b / w);
      cut = cut < 0 ? -cut - 1 : cut;
      boolean right = w > 0 || (w == 0 && b > 0);
      from[j] = right ? cut : 0;
      to[j] = right ? x.length : cut;
      double v = q[2 * hidden + j];
      slope[from[j]] += v * w;
      offset[from[j]] += v * b;
      slope[to[j]] -= v * w;
      offset[to[j]] -= v * b;
    }
  }

  /** The network's output at one input. */
  double mean(double[] q, double input) {
    double out = q[3 * hidden];
    for (int j = 0; j < hidden; j++) {
      out += q[2 * hidden + j] * Math.max(0, q[j] * input + q[hidden + j]);
    }
    return out;
  }

  /** Standard deviation of the noise. */
  double noise(double[] q) {
    return Math.exp(0.5 * q[3 * hidden + 1]);
  }
}
