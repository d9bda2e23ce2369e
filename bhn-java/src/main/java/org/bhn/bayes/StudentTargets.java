package org.bhn.bayes;

import org.bhn.uncertainty.StudentTDistribution;

/** A Student-t distribution of (y − μ) / σ. */
final class StudentTargets implements TargetDistribution {
  private final StudentTDistribution t;
  private volatile Quantile last = new Quantile(0.5, 0); // all draws are asked for the same one

  private record Quantile(double p, double t) {}

  StudentTargets(double degreesOfFreedom) {
    this.t = new StudentTDistribution(degreesOfFreedom);
  }

  @Override
  public double cdf(double y, double mean, double scale) {
    double d = y - mean;
    if (d == 0) {
      return scale == 0 ? 1 : 0.5;
    }
    return t.cdf(d / scale);
  }

  @Override
  public double quantile(double p, double mean, double scale) {
    Quantile known = last;
    if (known.p() != p) {
      known = new Quantile(p, t.quantile(p));
      last = known;
    }
    return mean + scale * known.t();
  }
}
