package org.bhn.bayes;

import org.apache.commons.numbers.gamma.Erfc;
import org.apache.commons.numbers.gamma.InverseErfc;

/** Φ((y − μ) / σ). */
final class GaussianTargets implements TargetDistribution {
  private static final double ROOT_2 = Math.sqrt(2);

  @Override
  public double cdf(double y, double mean, double scale) {
    double d = y - mean;
    if (d == 0) {
      return scale == 0 ? 1 : 0.5;
    }
    return Erfc.value(-d / scale / ROOT_2) / 2;
  }

  @Override
  public double quantile(double p, double mean, double scale) {
    return mean - scale * ROOT_2 * InverseErfc.value(2 * p);
  }
}
