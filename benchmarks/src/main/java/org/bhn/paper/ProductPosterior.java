package org.bhn.paper;

import java.util.SplittableRandom;
import org.bhn.data.Dataset;
import org.bhn.mcmc.LogDensity;

/**
 * The exact posterior of (a, b) in y = a·b·x + N(0, σ²) with N(0, 1) priors (Krueger et al. 2017,
 * Fig. 2): (a, b) and (−a, −b) explain the data equally well, so it has two modes. Cells are {@code
 * CELLS × CELLS} over [−EDGE, EDGE]².
 */
public final class ProductPosterior implements LogDensity {
  /** Cells on a side. */
  public static final int CELLS = 64;

  /** Half the side of the square that the cells cover. */
  public static final double EDGE = 3;

  private static final int POINTS = 5;
  private static final double WIDE = 6;
  private static final int FINE = 1200;

  private final Dataset data;
  private final double variance;
  private double xx;
  private double xy;
  private double yy;

  /** With examples of y = x + N(0, σ²), x ~ U(−1, 1), drawn from the seed. */
  public ProductPosterior(int rows, double sigma, long seed) {
    variance = sigma * sigma;
    SplittableRandom random = new SplittableRandom(seed);
    float[] x = new float[rows];
    float[] y = new float[rows];
    for (int i = 0; i < rows; i++) {
      x[i] = (float) random.nextDouble(-1, 1);
      y[i] = (float) (x[i] + sigma * random.nextGaussian());
      xx += (double) x[i] * x[i];
      xy += (double) x[i] * y[i];
      yy += (double) y[i] * y[i];
    }
    data = Dataset.regression(x, 1, y, 1);
  }

  /** The examples. */
  public Dataset data() {
    return data;
  }

  /** Standard deviation of the noise. */
  public double sigma() {
    return Math.sqrt(variance);
  }

  /** log p(y, a, b), normalised, in nats. */
  public double logJoint(double a, double b) {
    double c = a * b;
    double squares = yy - 2 * c * xy + c * c * xx;
    return -0.5 * squares / variance
        - 0.5 * data.rows() * Math.log(2 * Math.PI * variance)
        - Math.log(2 * Math.PI)
        - (a * a + b * b) / 2;
  }

  @Override
  public double at(double[] q, double[] gradient) {
    double pull = (xy - q[0] * q[1] * xx) / variance;
    gradient[0] = pull * q[1] - q[0];
    gradient[1] = pull * q[0] - q[1];
    return logJoint(q[0], q[1]);
  }

  /** Mass of each cell, by the density at 5×5 points in it; sums to 1. */
  public double[][] cells() {
    double[][] mass = new double[CELLS][CELLS];
    double total = 0;
    for (int i = 0; i < CELLS; i++) {
      for (int j = 0; j < CELLS; j++) {
        for (int k = 0; k < POINTS * POINTS; k++) {
          double a = -EDGE + 2 * EDGE * (i + (k / POINTS + 0.5) / POINTS) / CELLS;
          double b = -EDGE + 2 * EDGE * (j + (k % POINTS + 0.5) / POINTS) / CELLS;
          mass[i][j] += Math.exp(logJoint(a, b));
        }
        total += mass[i][j];
      }
    }
    for (double[] row : mass) {
      for (int j = 0; j < CELLS; j++) {
        row[j] /= total;
      }
    }
    return mass;
  }

  /** log ∫∫ p(y, a, b) over [−6, 6]², in nats. */
  public double evidence() {
    double sum = 0;
    double step = 2 * WIDE / FINE;
    for (int i = 0; i < FINE; i++) {
      for (int j = 0; j < FINE; j++) {
        sum += Math.exp(logJoint(-WIDE + (i + 0.5) * step, -WIDE + (j + 0.5) * step));
      }
    }
    return Math.log(sum * step * step);
  }

  /** Share of draws {@code [n][2]} in each cell; what falls outside the square is missing. */
  public static double[][] shares(double[][] draws) {
    double[][] share = new double[CELLS][CELLS];
    for (double[] w : draws) {
      int i = (int) Math.floor((w[0] + EDGE) / (2 * EDGE) * CELLS);
      int j = (int) Math.floor((w[1] + EDGE) / (2 * EDGE) * CELLS);
      if (i >= 0 && i < CELLS && j >= 0 && j < CELLS) {
        share[i][j] += 1.0 / draws.length;
      }
    }
    return share;
  }

  /** ½ Σ |p − q| over the cells; mass that either has outside the square counts in full. */
  public static double totalVariation(double[][] p, double[][] q) {
    double sum = 0;
    double outside = 2;
    for (int i = 0; i < p.length; i++) {
      for (int j = 0; j < p.length; j++) {
        sum += Math.abs(p[i][j] - q[i][j]);
        outside -= p[i][j] + q[i][j];
      }
    }
    return (sum + Math.max(0, outside)) / 2;
  }
}
