package org.bhn.predict;

/** The inverse of the standard normal distribution function. */
final class NormalQuantile {
  private NormalQuantile() {}

  /**
   * Φ⁻¹(p), by bisection on Φ; accurate to 1e-12 for p in [1e-15, 1/2]. Near 1 a double does not
   * say what p lacks: take −Φ⁻¹(1 − p).
   */
  static double of(double p) {
    double low = -9;
    double high = 9;
    for (int i = 0; i < 80; i++) {
      double mid = (low + high) / 2;
      if (cdf(mid) < p) {
        low = mid;
      } else {
        high = mid;
      }
    }
    return (low + high) / 2;
  }

  /** Φ(x) by its power series near 0 and the continued fraction of its tail elsewhere. */
  private static double cdf(double x) {
    double density = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    double a = Math.abs(x);
    if (a < 3) {
      double term = x;
      double sum = x;
      for (int k = 1; Math.abs(term) > 1e-18; k++) {
        term *= x * x / (2 * k + 1);
        sum += term;
      }
      return 0.5 + density * sum;
    }
    double fraction = a;
    for (int k = 60; k > 0; k--) {
      fraction = a + k / fraction;
    }
    double tail = density / fraction;
    return x > 0 ? 1 - tail : tail;
  }
}
