package org.bhn.paper;

import java.util.SplittableRandom;
import org.bhn.data.Dataset;

/**
 * The 1-D regression of Krueger et al. 2017, Fig. 1 (after Blundell et al. 2015): y = x + 0.3 sin
 * 2π(x + e) + 0.3 sin 4π(x + e) + e, e ~ N(0, 0.02²), x ~ U(0, 0.5).
 */
public final class ToyCurve {
  private static final double NOISE = 0.02;

  private ToyCurve() {}

  /** The curve at noise e, without the e that is added to y. */
  public static double mean(double x, double e) {
    return x + 0.3 * Math.sin(2 * Math.PI * (x + e)) + 0.3 * Math.sin(4 * Math.PI * (x + e));
  }

  /** Examples drawn from the seed. */
  public static Dataset data(int rows, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] x = new float[rows];
    float[] y = new float[rows];
    for (int i = 0; i < rows; i++) {
      double u = 0.5 * random.nextDouble();
      double e = NOISE * random.nextGaussian();
      x[i] = (float) u;
      y[i] = (float) (mean(u, e) + e);
    }
    return Dataset.regression(x, 1, y, 1);
  }
}
