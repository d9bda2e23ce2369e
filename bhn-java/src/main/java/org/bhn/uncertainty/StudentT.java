package org.bhn.uncertainty;

import java.util.Arrays;

/**
 * Student's t distribution of ν degrees of freedom, with the density Γ((ν + 1)/2) / (Γ(ν/2) √(νπ))
 * (1 + t²/ν)^(−(ν + 1)/2) (Student, "The probable error of a mean", Biometrika 6 (1908), 1–25). Its
 * tails fall as |t|^(−ν − 1): it has a mean if ν &gt; 1, a variance ν/(ν − 2) if ν &gt; 2, and
 * comes close to the standard normal distribution as ν grows.
 */
public final class StudentT {
  private static final double FEWEST = 0.01;
  private static final double MOST = 1e6;

  /** Relative accuracy of the continued fraction. */
  private static final double EPSILON = 1e-15;

  /** Of a solution; bisection alone would have all digits after some 60. */
  private static final int MOST_STEPS = 200;

  private final double nu;
  private final double logPeak;

  /**
   * With a median of 0 and a scale of 1.
   *
   * @param degreesOfFreedom ν in [0.01, 10⁶]
   */
  public StudentT(double degreesOfFreedom) {
    check("degreesOfFreedom", degreesOfFreedom);
    this.nu = degreesOfFreedom;
    this.logPeak = logHalfStep(nu / 2) - 0.5 * Math.log(nu * Math.PI);
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

  /** log Γ(x + ½) − log Γ(x): the quotient's own series, as the logarithms cancel for large x. */
  private static double logHalfStep(double x) {
    double factors = 1;
    double raised = x;
    for (; raised < 16; raised++) {
      factors *= raised / (raised + 0.5);
    }
    double z = 1 / (raised * raised);
    double series = (1.0 / 8 - z * (1.0 / 192 - z * (1.0 / 640 - z * (17.0 / 14336)))) / raised;
    return Math.log(factors) + 0.5 * Math.log(raised) - series;
  }

  /** log(1 + t²/ν), also where t² is beyond a double. */
  private double logTail(double t) {
    double square = t * t / nu;
    return square < 1e30 ? Math.log1p(square) : 2 * Math.log(Math.abs(t)) - Math.log(nu);
  }

  /** Log of the density at t. */
  public double logDensity(double t) {
    return logPeak - 0.5 * (nu + 1) * logTail(t);
  }

  /**
   * Probability of no more than t, of a negative t accurate to 1e-13 of itself, of a million
   * degrees of freedom 1e-10: ½ I_x(ν/2, ½), x = ν/(ν + t²), by the continued fraction of the
   * regularised incomplete beta function (Abramowitz and Stegun, 26.7.1, 26.5.8).
   */
  public double cdf(double t) {
    if (t != t) {
      return t;
    }
    double a = nu / 2;
    double x = 1 / (1 + t * t / nu);
    double rest = 1 / (1 + nu / (t * t)); // 1 − x
    // x^a (1 − x)^½ / B(a, ½)
    double factor = Math.exp(logPeak + 0.5 * Math.log(nu) - a * logTail(t)) * Math.sqrt(rest);
    double tail =
        x < (a + 1) / (a + 2.5)
            ? 0.5 * factor * fraction(a, 0.5, x) / a
            : 0.5 - factor * fraction(0.5, a, rest);
    return t > 0 ? 1 - tail : tail;
  }

  /** The continued fraction of I_x(a, b) a B(a, b) / (x^a (1 − x)^b), by Lentz's method. */
  private static double fraction(double a, double b, double x) {
    double c = 1;
    double d = 1 / (1 - (a + b) * x / (a + 1));
    double value = d;
    double change = 0;
    for (int m = 1; Math.abs(change - 1) > EPSILON && m < 10_000; m++) {
      double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
      c = 1 + even / c;
      d = 1 / (1 + even * d);
      value *= c * d;
      double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
      c = 1 + odd / c;
      d = 1 / (1 + odd * d);
      change = c * d;
      value *= change;
    }
    return value;
  }

  /**
   * The t below which lies the given probability.
   *
   * @param probability in (0, 1)
   */
  public double quantile(double probability) {
    return mixtureQuantile(probability, new double[1], 1);
  }

  /**
   * The y below which lies the given probability of an equal mixture of such distributions, of one
   * scale; an infinity where it is beyond a double, as of very few degrees of freedom it may be.
   *
   * @param probability in (0, 1); near 1 a double does not say what it lacks: take the negative
   *     quantile of 1 − probability and negative locations
   * @param locations of the components, at least one
   * @param scale of all, positive
   */
  public double mixtureQuantile(double probability, double[] locations, double scale) {
    if (!(probability > 0 && probability < 1)) {
      throw new IllegalArgumentException("probability = " + probability + " must be in (0, 1)");
    }
    Check.finite("locations", locations);
    Check.positive("locations.length", locations.length);
    if (!(scale > 0 && scale <= Double.MAX_VALUE)) {
      throw new IllegalArgumentException("scale = " + scale + "; pass a positive, finite number");
    }
    if (probability > 0.5) {
      double[] mirrored = Arrays.stream(locations).map(y -> -y).toArray();
      return -lowerQuantile(1 - probability, mirrored, scale);
    }
    return lowerQuantile(probability, locations, scale);
  }

  /** Between the quantiles of the least component and of the greatest. */
  private double lowerQuantile(double p, double[] locations, double scale) {
    double low = -1;
    while (cdf(low) > p) {
      low *= 2;
    }
    double high = low == -1 ? 0 : low / 2;
    double from = Arrays.stream(locations).min().orElseThrow() + scale * low;
    double to = Arrays.stream(locations).max().orElseThrow() + scale * high;
    return from > Double.NEGATIVE_INFINITY ? solve(p, locations, scale, from, to) : from;
  }

  /**
   * Newton's method on the log of the distribution function, which is nearly straight in the log of
   * a far y, within a bracket that every step narrows.
   */
  private double solve(double p, double[] locations, double scale, double from, double to) {
    double low = from;
    double high = to;
    double y = low + (high - low) / 2;
    for (int i = 0; i < MOST_STEPS; i++) {
      double below = 0;
      double density = 0;
      for (double location : locations) {
        double t = (y - location) / scale;
        below += cdf(t) / locations.length;
        density += Math.exp(logDensity(t)) / scale / locations.length;
      }
      if (below < p) {
        low = y;
      } else {
        high = y;
      }
      double next = y - Math.log(below / p) * below / density;
      double last = y;
      y = next >= low && next <= high ? next : low + (high - low) / 2;
      if (Math.abs(y - last) <= 1e-14 * (Math.abs(y) + scale)) {
        break;
      }
    }
    return y;
  }
}
