package org.bhn.uncertainty;

import java.util.List;

/**
 * A reliability diagram: how often predictions made with a given confidence are right.
 *
 * <p>With M bins, bin m (from 0) holds the confidences in {@code (m/M, (m+1)/M]}; the first also
 * holds 0. This is the binning of Guo et al., "On Calibration of Modern Neural Networks" (2017).
 *
 * @param bins the bins in ascending order of confidence
 */
public record Reliability(List<Bin> bins) {
  /**
   * One bin.
   *
   * @param lower lower edge, exclusive except in the first bin
   * @param upper upper edge, inclusive
   * @param count number of predictions in the bin
   * @param confidence mean confidence of the predictions in the bin; NaN when there are none
   * @param accuracy share of the predictions in the bin that are right; NaN when there are none
   */
  public record Bin(double lower, double upper, int count, double confidence, double accuracy) {
    /** Returns |accuracy − confidence|, NaN for an empty bin. */
    public double gap() {
      return Math.abs(accuracy - confidence);
    }
  }

  /** Copies the list. */
  public Reliability {
    Check.notNull("bins", bins, "call Reliability.of");
    bins = List.copyOf(bins);
  }

  /**
   * Bins predictions by confidence.
   *
   * @param confidence probability given to each predicted class, in [0, 1]
   * @param correct whether each prediction is right; same length
   * @param bins number of bins of equal width, at least 1
   * @return the diagram
   * @throws IllegalArgumentException on NaN, values outside [0, 1] or mismatched lengths
   */
  public static Reliability of(double[] confidence, boolean[] correct, int bins) {
    Check.positive("bins", bins);
    Check.sameLength("confidence", confidence, "correct", correct);
    int[] count = new int[bins];
    double[] sum = new double[bins];
    int[] right = new int[bins];
    for (int i = 0; i < confidence.length; i++) {
      double c = confidence[i];
      if (!(c >= 0 && c <= 1)) {
        throw new IllegalArgumentException(
            "confidence[%d] = %s; pass a probability in [0, 1]".formatted(i, c));
      }
      int m = bin(c, bins);
      count[m]++;
      sum[m] += c;
      right[m] += correct[i] ? 1 : 0;
    }
    Bin[] result = new Bin[bins];
    for (int m = 0; m < bins; m++) {
      result[m] =
          new Bin(
              edge(m, bins),
              edge(m + 1, bins),
              count[m],
              sum[m] / count[m],
              (double) right[m] / count[m]);
    }
    return new Reliability(List.of(result));
  }

  private static double edge(int m, int bins) {
    return (double) m / bins;
  }

  private static int bin(double confidence, int bins) {
    int m = Math.clamp((long) Math.ceil(confidence * bins) - 1, 0, bins - 1);
    // The product rounds (0.7 * 10 > 7), so the edges have the last word.
    if (m > 0 && confidence <= edge(m, bins)) {
      return m - 1;
    }
    if (m < bins - 1 && confidence > edge(m + 1, bins)) {
      return m + 1;
    }
    return m;
  }

  /** Returns the number of binned predictions. */
  public int total() {
    return bins.stream().mapToInt(Bin::count).sum();
  }

  /**
   * Expected calibration error Σ_m n_m/n |accuracy_m − confidence_m| (Guo et al. 2017, eq. 3).
   *
   * @return a value in [0, 1]; NaN when nothing was binned
   */
  public double ece() {
    double sum = 0;
    for (Bin bin : bins) {
      sum += bin.count() == 0 ? 0 : bin.count() * bin.gap();
    }
    return sum / total();
  }

  /**
   * Maximum calibration error, the largest gap of a bin that is not empty (Guo et al. 2017, eq. 5).
   *
   * @return a value in [0, 1]; NaN when nothing was binned
   */
  public double mce() {
    return bins.stream().filter(b -> b.count() > 0).mapToDouble(Bin::gap).max().orElse(Double.NaN);
  }
}
