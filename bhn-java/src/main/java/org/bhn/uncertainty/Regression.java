package org.bhn.uncertainty;

import java.util.Arrays;

/**
 * Metrics of predicted real values.
 *
 * <p>Everything is in the units of the targets it is given: undo the standardisation first.
 * Log-likelihoods are in nats per example. Every metric is a mean over the n examples and NaN when
 * n = 0. All methods throw {@link IllegalArgumentException} on mismatched lengths and on values
 * that are not finite where finite ones are needed.
 */
public final class Regression {
  private static final double HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

  private Regression() {}

  /**
   * Root mean squared error √(mean_n (ŷ_n − y_n)²).
   *
   * @param predicted {@code [n]}
   * @param targets {@code [n]}
   * @return a value of at least 0
   */
  public static double rmse(double[] predicted, double[] targets) {
    check("predicted", predicted, targets);
    double sum = 0;
    for (int i = 0; i < targets.length; i++) {
      double d = predicted[i] - targets[i];
      sum += d * d;
    }
    return Math.sqrt(sum / targets.length);
  }

  /**
   * Mean absolute error mean_n |ŷ_n − y_n|.
   *
   * @param predicted {@code [n]}
   * @param targets {@code [n]}
   * @return a value of at least 0
   */
  public static double mae(double[] predicted, double[] targets) {
    check("predicted", predicted, targets);
    double sum = 0;
    for (int i = 0; i < targets.length; i++) {
      sum += Math.abs(predicted[i] - targets[i]);
    }
    return sum / targets.length;
  }

  /**
   * Mean log-density of the targets under one Gaussian an example, mean_n log N(y_n; μ_n, σ_n²).
   *
   * @param mean {@code [n]}
   * @param std {@code [n]}, each above 0
   * @param targets {@code [n]}
   * @return nats per example
   */
  public static double gaussianLogLikelihood(double[] mean, double[] std, double[] targets) {
    Check.notNull("mean", mean);
    Check.notNull("std", std);
    return mixtureGaussianLogLikelihood(new double[][] {mean}, new double[][] {std}, targets);
  }

  /**
   * As {@link #gaussianLogLikelihood(double[], double[], double[])} with one σ for all examples.
   */
  public static double gaussianLogLikelihood(double[] mean, double std, double[] targets) {
    Check.notNull("mean", mean);
    return mixtureGaussianLogLikelihood(new double[][] {mean}, std, targets);
  }

  /**
   * Test log-likelihood of a Bayesian prediction: the mean log-density of the equal mixture of S
   * sampled predictions, mean_n [logsumexp_s log p_s(y_n) − log S] (Gal and Ghahramani 2016, eq.
   * 8).
   *
   * @param logDensities log p_s(y_n), {@code [samples][n]}; −∞ is density 0
   * @return nats per example; −∞ when some example has density 0 under every sample
   */
  public static double mixtureLogLikelihood(double[][] logDensities) {
    Check.notNull("logDensities", logDensities);
    int samples = logDensities.length;
    Check.positive("samples", samples);
    Check.notNull("logDensities[0]", logDensities[0]);
    int n = logDensities[0].length;
    for (int s = 0; s < samples; s++) {
      String name = "logDensities[" + s + "]";
      Check.sameLength(name, logDensities[s], "logDensities[0]", logDensities[0]);
      for (int i = 0; i < n; i++) {
        if (!(logDensities[s][i] < Double.POSITIVE_INFINITY)) {
          throw new IllegalArgumentException(
              "%s[%d] = %s is not a log-density; check the predicted scale"
                  .formatted(name, i, logDensities[s][i]));
        }
      }
    }
    double sum = 0;
    for (int i = 0; i < n; i++) {
      double max = Double.NEGATIVE_INFINITY;
      for (double[] row : logDensities) {
        max = Math.max(max, row[i]);
      }
      if (max == Double.NEGATIVE_INFINITY) {
        return Double.NEGATIVE_INFINITY;
      }
      double scaled = 0;
      for (double[] row : logDensities) {
        scaled += Math.exp(row[i] - max);
      }
      sum += max + Math.log(scaled / samples);
    }
    return sum / n;
  }

  /**
   * {@link #mixtureLogLikelihood} of Gaussian predictions that each have their own σ.
   *
   * @param means μ, {@code [samples][n]}
   * @param stds σ, {@code [samples][n]}, each above 0
   * @param targets {@code [n]}
   * @return nats per example
   */
  public static double mixtureGaussianLogLikelihood(
      double[][] means, double[][] stds, double[] targets) {
    Check.sameLength("means", means, "stds", stds);
    double[][] log = new double[means.length][];
    for (int s = 0; s < means.length; s++) {
      log[s] = logDensity("means[" + s + "]", means[s], "stds[" + s + "]", stds[s], targets);
    }
    return mixtureLogLikelihood(log);
  }

  /**
   * {@link #mixtureLogLikelihood} of Gaussian predictions with a common σ = 1/√τ.
   *
   * @param means μ, {@code [samples][n]}
   * @param std σ, above 0
   * @param targets {@code [n]}
   * @return nats per example
   */
  public static double mixtureGaussianLogLikelihood(
      double[][] means, double std, double[] targets) {
    Check.notNull("means", means);
    Check.notNull("targets", targets);
    double[] stds = new double[targets.length];
    Arrays.fill(stds, std);
    double[][] log = new double[means.length][];
    for (int s = 0; s < means.length; s++) {
      log[s] = logDensity("means[" + s + "]", means[s], "std", stds, targets);
    }
    return mixtureLogLikelihood(log);
  }

  /**
   * Prediction interval coverage probability: share of targets in [lower, upper], edges included.
   *
   * @param lower {@code [n]}; −∞ allowed
   * @param upper {@code [n]}, each at least {@code lower}; +∞ allowed
   * @param targets {@code [n]}
   * @return a value in [0, 1], to be compared with the nominal level
   */
  public static double picp(double[] lower, double[] upper, double[] targets) {
    Check.interval(lower, upper);
    Check.sameLength("lower", lower, "targets", targets);
    Check.finite("targets", targets);
    int inside = 0;
    for (int i = 0; i < targets.length; i++) {
      inside += lower[i] <= targets[i] && targets[i] <= upper[i] ? 1 : 0;
    }
    return (double) inside / targets.length;
  }

  /**
   * Mean prediction interval width mean_n (upper_n − lower_n); coverage means little without it.
   *
   * @param lower {@code [n]}
   * @param upper {@code [n]}, each at least {@code lower}
   * @return a value of at least 0, in the units of the targets
   */
  public static double mpiw(double[] lower, double[] upper) {
    Check.interval(lower, upper);
    double sum = 0;
    for (int i = 0; i < lower.length; i++) {
      sum += upper[i] == lower[i] ? 0 : upper[i] - lower[i]; // both may be infinite
    }
    return sum / lower.length;
  }

  private static double[] logDensity(
      String meanName, double[] mean, String stdName, double[] std, double[] targets) {
    check(meanName, mean, targets);
    Check.sameLength(stdName, std, "targets", targets);
    double[] log = new double[mean.length];
    for (int i = 0; i < mean.length; i++) {
      Check.std(stdName, i, std[i]);
      double z = (targets[i] - mean[i]) / std[i];
      log[i] = -0.5 * z * z - Math.log(std[i]) - HALF_LOG_TWO_PI;
    }
    return log;
  }

  private static void check(String name, double[] predicted, double[] targets) {
    Check.sameLength(name, predicted, "targets", targets);
    Check.finite(name, predicted);
    Check.finite("targets", targets);
  }
}
