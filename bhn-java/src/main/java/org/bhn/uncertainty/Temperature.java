package org.bhn.uncertainty;

import java.util.Arrays;

/**
 * Temperature scaling: one number that makes a classifier as sure as it is right (Guo et al. 2017).
 *
 * <pre>p'[c] = p[c]^(1/T) / Σ_k p[k]^(1/T)</pre>
 *
 * <p>T above 1 takes certainty away, below 1 adds to it; the most probable class stays. Fit it on
 * examples that the model was not trained on.
 *
 * @param value T, above 0
 */
public record Temperature(double value) {
  private static final double LEAST = 0.01;
  private static final double MOST = 100;

  /**
   * @throws IllegalArgumentException if the value is not above 0 and finite
   */
  public Temperature {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "value = %s; pass a finite temperature above 0, or fit one".formatted(value));
    }
  }

  /**
   * The T in [0.01, 100] with the least negative log-likelihood of the labels, which is convex in
   * 1/T. An end of that range means that the examples ask for more: T = 0.01 where every label is a
   * most probable class, T = 100 where the probabilities are no better than guessing. Where all
   * classes are equally probable everywhere T = 1.
   *
   * @param probabilities {@code [n][classes]}, n ≥ 1, not 0 at a label
   * @param labels {@code [n]}
   * @return the temperature
   * @throws IllegalArgumentException if there are no examples, lengths differ, a label is out of
   *     range, a row is not a distribution, or a label has probability 0
   */
  public static Temperature fit(double[][] probabilities, int[] labels) {
    Check.sameLength("probabilities", probabilities, "labels", labels);
    Check.labels("labels", labels, Check.probabilities("probabilities", probabilities));
    Check.positive("the number of examples", labels.length);
    double[][] log = logarithms(probabilities);
    for (int i = 0; i < labels.length; i++) {
      if (log[i][labels[i]] == Double.NEGATIVE_INFINITY) {
        throw new IllegalArgumentException(
            "probabilities[%d][%d] = 0 at the label, which no temperature mends; mix in a little"
                    .formatted(i, labels[i])
                + " of the uniform distribution, or drop the example");
      }
    }
    double low = Math.log(1 / MOST);
    double high = Math.log(1 / LEAST);
    if (Arrays.stream(log).allMatch(Temperature::isUniform)) {
      return new Temperature(1);
    }
    if (areModal(log, labels)) { // where the slope underflows before it vanishes
      return new Temperature(LEAST);
    }
    if (slope(log, labels, 1 / MOST) >= 0) {
      return new Temperature(MOST);
    }
    while (high - low > 1e-12) {
      double middle = (low + high) / 2;
      if (slope(log, labels, Math.exp(middle)) < 0) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return new Temperature(Math.clamp(Math.exp(-(low + high) / 2), LEAST, MOST));
  }

  /** As {@link #fit(double[][], int[])}, for single precision. */
  public static Temperature fit(float[][] probabilities, int[] labels) {
    return fit(Check.widen("probabilities", probabilities), labels);
  }

  /**
   * The probabilities at this temperature.
   *
   * @param probabilities {@code [n][classes]}
   * @return {@code [n][classes]}
   * @throws IllegalArgumentException if a row is not a distribution
   */
  public double[][] apply(double[][] probabilities) {
    Check.probabilities("probabilities", probabilities);
    double[][] scaled = logarithms(probabilities);
    for (double[] row : scaled) {
      soften(row, row, 1 / value);
    }
    return scaled;
  }

  /** As {@link #apply(double[][])}, for single precision. */
  public double[][] apply(float[][] probabilities) {
    return apply(Check.widen("probabilities", probabilities));
  }

  private static double[][] logarithms(double[][] probabilities) {
    double[][] log = new double[probabilities.length][];
    for (int i = 0; i < log.length; i++) {
      log[i] = Arrays.stream(probabilities[i]).map(p -> Math.log(Math.max(p, 0))).toArray();
    }
    return log;
  }

  private static boolean isUniform(double[] log) {
    return Arrays.stream(log).allMatch(l -> l == log[0]);
  }

  private static boolean areModal(double[][] log, int[] labels) {
    for (int i = 0; i < labels.length; i++) {
      if (log[i][labels[i]] < log[i][Check.argmax(log[i])]) {
        return false;
      }
    }
    return true;
  }

  /** d/dβ of the summed negative log-likelihood at β = 1/T: Σ_n E_p'[log p_n] − log p_n[label]. */
  private static double slope(double[][] log, int[] labels, double beta) {
    double sum = 0;
    for (int i = 0; i < labels.length; i++) {
      double[] p = new double[log[i].length];
      soften(log[i], p, beta);
      for (int c = 0; c < p.length; c++) {
        sum += p[c] > 0 ? p[c] * (log[i][c] - log[i][labels[i]]) : 0;
      }
    }
    return sum;
  }

  private static void soften(double[] log, double[] to, double beta) {
    double most = log[Check.argmax(log)];
    double sum = 0;
    for (int c = 0; c < to.length; c++) {
      to[c] = Math.exp(beta * (log[c] - most));
      sum += to[c];
    }
    for (int c = 0; c < to.length; c++) {
      to[c] /= sum;
    }
  }
}
