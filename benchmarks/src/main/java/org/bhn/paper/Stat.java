package org.bhn.paper;

import java.util.Arrays;
import java.util.Locale;

/**
 * Mean and spread of a value over seeds or splits.
 *
 * @param n how many
 * @param mean of them
 * @param std sample standard deviation, divided by n − 1; NaN for one
 * @param halfWidth of the 95 % confidence interval of the mean, t std/√n; NaN for one
 */
public record Stat(int n, double mean, double std, double halfWidth) {
  /** 97.5 % quantiles of Student's t for 1 to 9 degrees of freedom. */
  private static final double[] T = {
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262
  };

  /** Of some values; none gives NaN. */
  public static Stat of(double... values) {
    int n = values.length;
    double mean = Arrays.stream(values).average().orElse(Double.NaN);
    double squares = 0;
    for (double v : values) {
      squares += (v - mean) * (v - mean);
    }
    double std = n < 2 ? Double.NaN : Math.sqrt(squares / (n - 1));
    return new Stat(n, mean, std, n < 2 ? Double.NaN : quantile(n - 1) * std / Math.sqrt(n));
  }

  /** From ten degrees of freedom on by its expansion about the normal quantile. */
  static double quantile(int degrees) {
    if (degrees <= T.length) {
      return T[degrees - 1];
    }
    double z = 1.959964;
    double cube = z * z * z;
    double fifth = cube * z * z;
    double seventh = fifth * z * z;
    double v = degrees;
    return z
        + (cube + z) / (4 * v)
        + (5 * fifth + 16 * cube + 3 * z) / (96 * v * v)
        + (3 * seventh + 19 * fifth + 17 * cube - 15 * z) / (384 * v * v * v);
  }

  /**
   * The mean and, from three values on, the half width of its interval, with so many decimals: that
   * of two is mostly Student's t.
   */
  public String text(int decimals) {
    if (n == 0) {
      return "–";
    }
    String mean = String.format(Locale.ROOT, "%." + decimals + "f", this.mean);
    String half = n < 3 ? "" : String.format(Locale.ROOT, " ± %." + decimals + "f", halfWidth);
    return mean.replace('-', '−') + half;
  }

  /** As {@link #text} of a hundred times the value. */
  public String percent(int decimals) {
    return new Stat(n, 100 * mean, 100 * std, 100 * halfWidth).text(decimals);
  }
}
