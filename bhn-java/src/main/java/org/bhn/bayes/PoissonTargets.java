package org.bhn.bayes;

import org.apache.commons.numbers.gamma.RegularizedGamma;

/** P(target ≤ k) = Γ(k + 1, λ) / k!. */
final class PoissonTargets implements TargetDistribution {
  /** Rates from which on a double does not tell k from k + 1. */
  private static final double MOST = 1L << 53;

  @Override
  public double cdf(double y, double mean, double scale) {
    return y < 0 ? 0 : RegularizedGamma.Q.value(Math.floor(y) + 1, mean);
  }

  @Override
  public double quantile(double p, double mean, double scale) {
    double near = GAUSSIAN.quantile(p, mean, Math.sqrt(mean));
    if (!(mean < MOST)) {
      return near;
    }
    double high = Math.max(0, Math.ceil(near));
    for (double step = 1; cdf(high, mean, scale) < p; step *= 2) {
      high += step;
    }
    double low = Math.max(0, high - 1);
    for (double step = 1; cdf(low, mean, scale) >= p; step *= 2) {
      high = low;
      if (low == 0) {
        return 0;
      }
      low = Math.max(0, low - step);
    }
    while (high - low > 1) {
      double middle = Math.floor((low + high) / 2);
      if (cdf(middle, mean, scale) < p) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return high;
  }

  @Override
  public boolean isDiscrete() {
    return true;
  }
}
