package org.bhn.predict;

/** Sums of what is known by its logarithm. */
final class LogSum {
  private LogSum() {}

  /** log Σ exp of {@code count} values from {@code at}. */
  static double of(double[] values, int at, int count) {
    double most = Double.NEGATIVE_INFINITY;
    for (int i = at; i < at + count; i++) {
      most = Math.max(most, values[i]);
    }
    if (most == Double.NEGATIVE_INFINITY) {
      return most;
    }
    double sum = 0;
    for (int i = at; i < at + count; i++) {
      sum += Math.exp(values[i] - most);
    }
    return most + Math.log(sum);
  }

  /** log(exp a + exp b). */
  static double of(double a, double b) {
    double most = Math.max(a, b);
    return most == Double.NEGATIVE_INFINITY
        ? most
        : most + Math.log1p(Math.exp(Math.min(a, b) - most));
  }
}
