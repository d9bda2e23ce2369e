package org.bhn.uncertainty;

import org.apache.commons.numbers.gamma.LogBeta;
import org.apache.commons.numbers.gamma.RegularizedBeta;

/**
 * Student's t distribution of ν degrees of freedom, with the density (1 + t²/ν)^(−(ν + 1)/2) / (√ν
 * B(½, ν/2)) (Student, "The probable error of a mean", Biometrika 6 (1908), 1–25). Its tails fall
 * as |t|^(−ν − 1): it has a mean if ν &gt; 1, a variance ν/(ν − 2) if ν &gt; 2, and comes close to
 * the standard normal distribution as ν grows.
 */
public final class StudentTDistribution {
  private static final double FEWEST = 0.01;
  private static final double MOST = 1e6;

  /** Of t²/ν, below which 1 + t²/ν and its inverse are exact to a double's last digits. */
  private static final double FAR = 1e30;

  private final double nu;
  private final double logBeta;

  /**
   * With a median of 0 and a scale of 1.
   *
   * @param degreesOfFreedom ν in [0.01, 10⁶]
   */
  public StudentTDistribution(double degreesOfFreedom) {
    check("degreesOfFreedom", degreesOfFreedom);
    this.nu = degreesOfFreedom;
    this.logBeta = LogBeta.value(0.5, nu / 2);
  }

  /**
   * Whether there is such a distribution here.
   *
   * @throws IllegalArgumentException naming the argument, its value and the remedy
   */
  public static void check(String name, double degreesOfFreedom) {
    if (!(degreesOfFreedom >= FEWEST && degreesOfFreedom <= MOST)) {
      throw new IllegalArgumentException(
          "%s = %s must be in [0.01, 1e6]; 3 to 10 resist outliers, more are nearly a Gaussian"
              .formatted(name, degreesOfFreedom));
    }
  }

  /** log(1 + t²/ν), also where t² is beyond a double. */
  private double logTail(double t) {
    double square = t * t / nu;
    return square < FAR ? Math.log1p(square) : 2 * Math.log(Math.abs(t)) - Math.log(nu);
  }

  /** Log of the density at t. */
  public double logDensity(double t) {
    return -logBeta - 0.5 * Math.log(nu) - 0.5 * (nu + 1) * logTail(t);
  }

  /**
   * Probability of no more than t, in a lower tail to its own last digits: ½ I_x(ν/2, ½), x = ν/(ν
   * + t²), the regularised incomplete beta function (Abramowitz and Stegun, 26.7.1).
   */
  public double cdf(double t) {
    if (t != t) {
      return t;
    }
    double square = t * t / nu;
    double tail;
    if (square >= FAR) { // x^a / (a B(a, ½)): x itself may be 0
      tail = Math.exp(-nu / 2 * logTail(t) - logBeta) / nu;
    } else if (Math.abs(t) < 0.5 && square < 1) { // where nothing cancels
      tail = 0.5 - 0.5 * RegularizedBeta.value(square / (1 + square), 0.5, nu / 2);
    } else if (square < 1) { // 1 − x is known to more digits than x
      tail = 0.5 * RegularizedBeta.complement(square / (1 + square), 0.5, nu / 2);
    } else {
      tail = 0.5 * RegularizedBeta.value(1 / (1 + square), nu / 2, 0.5);
    }
    return t > 0 ? 1 - tail : tail;
  }

  /**
   * The t below which lies the given probability; an infinity where it is beyond a double, as of
   * very few degrees of freedom it may be.
   *
   * @param probability in (0, 1); near 1 a double does not say what it lacks: take the negative
   *     quantile of 1 − probability
   */
  public double quantile(double probability) {
    if (!(probability > 0 && probability < 1)) {
      throw new IllegalArgumentException("probability = " + probability + " must be in (0, 1)");
    }
    if (probability > 0.5) {
      return -quantile(1 - probability);
    }
    double low = -1;
    while (cdf(low) > probability) {
      low *= 2;
    }
    double high = low == -1 ? 0 : low / 2;
    double middle = low / 2 + high / 2;
    while (middle > low && middle < high) {
      if (cdf(middle) < probability) {
        low = middle;
      } else {
        high = middle;
      }
      middle = low / 2 + high / 2;
    }
    return high;
  }
}
