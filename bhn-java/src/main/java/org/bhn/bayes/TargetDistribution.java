package org.bhn.bayes;

/**
 * How a target scatters around what one draw of the weights predicts: the distribution that a
 * likelihood is the density of.
 */
public interface TargetDistribution {
  /** Real targets with Gaussian noise; the scale is its standard deviation. */
  TargetDistribution GAUSSIAN = new GaussianTargets();

  /** Counts; there is no scale. */
  TargetDistribution POISSON = new PoissonTargets();

  /**
   * P(target ≤ y).
   *
   * @param mean what the draw predicts: the target's mean, or the median where it has no mean
   * @param scale of the noise, at least 0
   */
  double cdf(double y, double mean, double scale);

  /**
   * The least y with P(target ≤ y) ≥ p.
   *
   * @param p in (0, 1)
   * @param mean what the draw predicts: the target's mean, or the median where it has no mean
   * @param scale of the noise, at least 0
   */
  double quantile(double p, double mean, double scale);

  /** Whether targets are whole numbers. */
  default boolean isDiscrete() {
    return false;
  }
}
