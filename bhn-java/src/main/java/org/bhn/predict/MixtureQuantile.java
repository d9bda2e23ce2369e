package org.bhn.predict;

import org.bhn.bayes.TargetDistribution;

/**
 * Quantiles of the equal mixture of S distributions of one target: the least y with F(y) ≥ p, F(y)
 * = 1/S Σ_s F_s(y). It lies between the least and the largest of the F_s' own.
 */
final class MixtureQuantile {
  /** Of min(p, 1 − p), by which F may miss p. */
  private static final double TOLERANCE = 1e-10;

  private final TargetDistribution distribution;
  private final double[] means;
  private final double[] scales;

  /**
   * A mixture; it keeps the arrays.
   *
   * @param means {@code [S]}
   * @param scales {@code [S]}
   */
  MixtureQuantile(TargetDistribution distribution, double[] means, double[] scales) {
    this.distribution = distribution;
    this.means = means;
    this.scales = scales;
  }

  private double cdf(double y) {
    double sum = 0;
    for (int s = 0; s < means.length; s++) {
      sum += distribution.cdf(y, means[s], scales[s]);
    }
    return sum / means.length;
  }

  double at(double p) {
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (int s = 0; s < means.length; s++) {
      double y = distribution.quantile(p, means[s], scales[s]);
      low = Math.min(low, y);
      high = Math.max(high, y);
    }
    if (low == high) {
      return low;
    }
    return distribution.isDiscrete() ? whole(p, low - 1, high) : real(p, low, high);
  }

  /** F(low) < p ≤ F(high). */
  private double whole(double p, double low, double high) {
    double below = low;
    double above = high;
    while (above - below > 1) {
      double middle = Math.floor(below + (above - below) / 2);
      if (middle <= below || middle >= above) {
        break; // neighbours, of numbers beyond 2^53
      }
      if (cdf(middle) < p) {
        below = middle;
      } else {
        above = middle;
      }
    }
    return above;
  }

  /** False position, and every third step a bisection: where F is flat the former only creeps. */
  private double real(double p, double low, double high) {
    double enough = TOLERANCE * Math.min(p, 1 - p);
    double missing = cdf(low) - p;
    if (missing >= 0) {
      return low; // a step: draws without noise
    }
    double beyond = cdf(high) - p;
    double from = low;
    double to = high;
    for (int step = 1; ; step++) {
      double middle = from + (to - from) / 2;
      double line = from - missing * ((to - from) / (beyond - missing));
      double y = step % 3 != 0 && line > from && line < to ? line : middle;
      if (y <= from || y >= to) {
        return to;
      }
      double miss = cdf(y) - p;
      if (Math.abs(miss) <= enough) {
        return y;
      }
      if (miss < 0) {
        from = y;
        missing = miss;
      } else {
        to = y;
        beyond = miss;
      }
    }
  }
}
