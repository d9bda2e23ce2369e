package org.bhn.paper;

import java.util.Arrays;

/** A Gaussian kernel density estimate in one dimension, and how many modes it has. */
final class Kde {
  private static final int GRID = 256;

  /** A mode counts if it is at least this high beside the highest. */
  private static final double HEIGHT = 0.05;

  /** Two modes are two if the valley between is below this share of the lower one. */
  private static final double VALLEY = 0.9;

  private Kde() {}

  /** The density at equally spaced points from three bandwidths below the least value to above. */
  static double[] density(double[] values) {
    double[] v = values.clone();
    Arrays.sort(v);
    double mean = Arrays.stream(v).average().orElseThrow();
    double variance = Arrays.stream(v).map(x -> (x - mean) * (x - mean)).sum() / v.length;
    // Silverman 1986, eq. 3.28.
    double h = 1.06 * Math.sqrt(variance) * Math.pow(v.length, -0.2);
    double low = v[0] - 3 * h;
    double step = (v[v.length - 1] + 3 * h - low) / (GRID - 1);
    double[] out = new double[GRID];
    for (int i = 0; i < GRID; i++) {
      double at = low + i * step;
      for (double x : v) {
        double z = (at - x) / h;
        out[i] += Math.abs(z) < 6 ? Math.exp(-0.5 * z * z) : 0;
      }
      out[i] /= v.length * h * Math.sqrt(2 * Math.PI);
    }
    return out;
  }

  /** Maxima of the density that are high enough and parted by a valley. */
  static int modes(double[] values) {
    double[] density = density(values);
    double highest = Arrays.stream(density).max().orElseThrow();
    int modes = 0;
    double peak = 0; // of the mode we are on, or a candidate for one
    double valley = Double.POSITIVE_INFINITY; // since the last mode
    for (int i = 1; i + 1 < GRID; i++) {
      valley = Math.min(valley, density[i]);
      boolean maximum = density[i] > density[i - 1] && density[i] >= density[i + 1];
      if (!maximum || density[i] < HEIGHT * highest) {
        continue;
      }
      if (modes == 0 || valley < VALLEY * Math.min(peak, density[i])) {
        modes++;
        peak = density[i];
        valley = density[i];
      } else if (density[i] > peak) {
        peak = density[i];
        valley = density[i];
      }
    }
    return modes;
  }
}
