package org.bhn.paper;

import org.bhn.data.Dataset;
import org.bhn.mcmc.LogDensity;

/**
 * Log posterior of a 1-H-1 ReLU network on 1-D data, with its gradient: N(0, 1) on all weights and
 * biases, a flat prior on the log of the noise variance, which is the last parameter. Parameters:
 * w, b of the hidden units, v of the output unit and its bias c, log σ².
 */
final class CurveDensity implements LogDensity {
  private final int hidden;
  private final float[] x;
  private final float[] y;

  CurveDensity(int hidden, Dataset data) {
    this.hidden = hidden;
    this.x = data.inputs();
    this.y = data.targets();
  }

  int dim() {
    return 3 * hidden + 2;
  }

  @Override
  public double at(double[] q, double[] gradient) {
    int h = hidden;
    double logVar = q[3 * h + 1];
    double precision = Math.exp(-logVar);
    double sum = 0;
    for (int i = 0; i < 3 * h + 1; i++) {
      gradient[i] = -q[i];
      sum -= 0.5 * q[i] * q[i];
    }
    double squares = 0;
    for (int n = 0; n < x.length; n++) {
      double error = y[n] - mean(q, x[n]);
      squares += error * error;
      double pull = error * precision;
      gradient[3 * h] += pull;
      for (int j = 0; j < h; j++) {
        double t = q[j] * x[n] + q[h + j];
        if (t > 0) {
          gradient[2 * h + j] += pull * t;
          gradient[j] += pull * q[2 * h + j] * x[n];
          gradient[h + j] += pull * q[2 * h + j];
        }
      }
    }
    gradient[3 * h + 1] = 0.5 * (squares * precision - x.length);
    return sum - 0.5 * squares * precision - 0.5 * x.length * logVar;
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
