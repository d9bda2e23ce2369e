package org.bhn.mcmc;

/** A log-density, up to a constant, with its gradient. */
@FunctionalInterface
public interface LogDensity {
  /**
   * Evaluates both at one point.
   *
   * @param position {@code [D]}, not to be changed
   * @param gradient {@code [D]}, receives ∂ log p/∂position
   * @return log p in nats; −∞ outside the support, where the gradient does not matter
   */
  double at(double[] position, double[] gradient);
}
