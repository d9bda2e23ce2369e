package org.bhn.mcmc;

/**
 * Dual averaging of the log step size towards an acceptance rate (Hoffman and Gelman 2014, §3.2,
 * with their constants).
 */
final class StepSize {
  private static final double GAMMA = 0.05;
  private static final double T0 = 10;
  private static final double KAPPA = 0.75;

  private final double target;
  private double mu;
  private double error;
  private double logAverage;
  private double log;
  private int count;

  StepSize(double target, double start) {
    this.target = target;
    restart(start);
  }

  /** Forgets the past: the mass has changed. */
  void restart(double start) {
    mu = Math.log(10 * start);
    log = Math.log(start);
    logAverage = 0;
    error = 0;
    count = 0;
  }

  void update(double acceptance) {
    count++;
    double weight = 1 / (count + T0);
    error = (1 - weight) * error + weight * (target - acceptance);
    log = mu - Math.sqrt(count) / GAMMA * error;
    double power = Math.pow(count, -KAPPA);
    logAverage = power * log + (1 - power) * logAverage;
  }

  /** The step to explore with. */
  double current() {
    return Math.exp(log);
  }

  /** The step to keep. */
  double average() {
    return count == 0 ? current() : Math.exp(logAverage);
  }
}
