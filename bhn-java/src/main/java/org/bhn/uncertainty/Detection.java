package org.bhn.uncertainty;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How well an uncertainty score tells positives (out of distribution, adversarial, misclassified)
 * from negatives.
 *
 * <p>An example is flagged when its score is at least the threshold. Scores may be infinite but not
 * NaN. Examples with equal scores are flagged together, so no result depends on their order. With
 * no positives or no negatives every number is NaN. All methods throw {@link
 * IllegalArgumentException} on NaN scores and mismatched lengths.
 */
public final class Detection {
  /**
   * One point of a ROC curve.
   *
   * @param threshold smallest score that is flagged; +∞ at the first point, which flags nothing
   * @param fpr share of negatives flagged
   * @param tpr share of positives flagged
   */
  public record RocPoint(double threshold, double fpr, double tpr) {}

  private Detection() {}

  /**
   * Area under the ROC curve: the probability that a random positive scores above a random
   * negative, ties counting one half (the Mann-Whitney statistic with average ranks).
   *
   * @param scores {@code [n]}
   * @param positive {@code [n]}
   * @return a value in [0, 1], 0.5 for a constant score
   */
  public static double auroc(double[] scores, boolean[] positive) {
    return auroc(Counts.of(scores, positive));
  }

  /** As {@link #auroc(double[], boolean[])}, the two classes given apart. */
  public static double auroc(double[] negativeScores, double[] positiveScores) {
    return auroc(Counts.of(negativeScores, positiveScores));
  }

  /**
   * Area under the precision-recall curve with the positives as the class to find, as step-wise
   * average precision Σ_k (R_k − R_{k−1}) P_k over the distinct thresholds from the highest down.
   *
   * @param scores {@code [n]}
   * @param positive {@code [n]}
   * @return a value in (0, 1]; the share of positives for a constant score
   */
  public static double auprOut(double[] scores, boolean[] positive) {
    return averagePrecision(Counts.of(scores, positive));
  }

  /** As {@link #auprOut(double[], boolean[])}, the two classes given apart. */
  public static double auprOut(double[] negativeScores, double[] positiveScores) {
    return averagePrecision(Counts.of(negativeScores, positiveScores));
  }

  /**
   * Area under the precision-recall curve with the negatives (in distribution, correct) as the
   * class to find, ranked by certainty, the negated score.
   *
   * @param scores {@code [n]}
   * @param positive {@code [n]}
   * @return a value in (0, 1]; the share of negatives for a constant score
   */
  public static double auprIn(double[] scores, boolean[] positive) {
    return averagePrecision(Counts.of(scores, positive).mirrored());
  }

  /** As {@link #auprIn(double[], boolean[])}, the two classes given apart. */
  public static double auprIn(double[] negativeScores, double[] positiveScores) {
    return averagePrecision(Counts.of(negativeScores, positiveScores).mirrored());
  }

  /**
   * Share of negatives flagged at the highest threshold that flags at least 95 % of the positives.
   *
   * @param scores {@code [n]}
   * @param positive {@code [n]}
   * @return a value in [0, 1]; lower is better
   */
  public static double fpr95(double[] scores, boolean[] positive) {
    return fpr95(Counts.of(scores, positive));
  }

  /** As {@link #fpr95(double[], boolean[])}, the two classes given apart. */
  public static double fpr95(double[] negativeScores, double[] positiveScores) {
    return fpr95(Counts.of(negativeScores, positiveScores));
  }

  /**
   * The ROC curve, one point a distinct score, from (0, 0) to (1, 1).
   *
   * @param scores {@code [n]}
   * @param positive {@code [n]}
   * @return the points by falling threshold; a rate without examples is NaN
   */
  public static List<RocPoint> roc(double[] scores, boolean[] positive) {
    return roc(Counts.of(scores, positive));
  }

  /** As {@link #roc(double[], boolean[])}, the two classes given apart. */
  public static List<RocPoint> roc(double[] negativeScores, double[] positiveScores) {
    return roc(Counts.of(negativeScores, positiveScores));
  }

  private static double auroc(Counts c) {
    // Twice the area in units of one pair is an integer, so this sum is exact.
    long twice = 0;
    for (int k = 1; k < c.threshold.length; k++) {
      long width = c.negatives[k] - c.negatives[k - 1];
      twice += width * ((long) c.positives[k] + c.positives[k - 1]);
    }
    return twice / (2.0 * c.totalPositives() * c.totalNegatives());
  }

  private static double averagePrecision(Counts c) {
    if (c.totalPositives() == 0 || c.totalNegatives() == 0) {
      return Double.NaN;
    }
    double sum = 0;
    for (int k = 1; k < c.threshold.length; k++) {
      double precision = c.positives[k] / ((double) c.positives[k] + c.negatives[k]);
      sum += (c.positives[k] - c.positives[k - 1]) * precision;
    }
    return sum / c.totalPositives();
  }

  private static double fpr95(Counts c) {
    if (c.totalPositives() == 0 || c.totalNegatives() == 0) {
      return Double.NaN;
    }
    int k = 0;
    // In integers: 0.95 * n rounds, and rounding up would demand one positive too many.
    while (100L * c.positives[k] < 95L * c.totalPositives()) {
      k++;
    }
    return (double) c.negatives[k] / c.totalNegatives();
  }

  private static List<RocPoint> roc(Counts c) {
    List<RocPoint> points = new ArrayList<>(c.threshold.length);
    for (int k = 0; k < c.threshold.length; k++) {
      points.add(
          new RocPoint(
              c.threshold[k],
              (double) c.negatives[k] / c.totalNegatives(),
              (double) c.positives[k] / c.totalPositives()));
    }
    return List.copyOf(points);
  }

  /**
   * Examples flagged at each threshold: entry 0 flags nothing, then one entry for each distinct
   * score, descending.
   */
  private record Counts(double[] threshold, int[] positives, int[] negatives) {
    static Counts of(double[] scores, boolean[] positive) {
      Check.sameLength("scores", scores, "positive", positive);
      Check.notNaN("scores", scores);
      double[] in = new double[scores.length];
      double[] out = new double[scores.length];
      int ins = 0;
      int outs = 0;
      for (int i = 0; i < scores.length; i++) {
        if (positive[i]) {
          out[outs++] = scores[i];
        } else {
          in[ins++] = scores[i];
        }
      }
      return merge(Arrays.copyOf(in, ins), Arrays.copyOf(out, outs));
    }

    static Counts of(double[] negativeScores, double[] positiveScores) {
      Check.notNaN("negativeScores", negativeScores);
      Check.notNaN("positiveScores", positiveScores);
      return merge(negativeScores.clone(), positiveScores.clone());
    }

    private static Counts merge(double[] in, double[] out) {
      Arrays.sort(in);
      Arrays.sort(out);
      double[] threshold = new double[in.length + out.length + 1];
      int[] positives = new int[threshold.length];
      int[] negatives = new int[threshold.length];
      threshold[0] = Double.POSITIVE_INFINITY;
      int i = in.length;
      int o = out.length;
      int k = 0;
      while (i > 0 || o > 0) {
        double top = i == 0 ? out[o - 1] : o == 0 ? in[i - 1] : Math.max(in[i - 1], out[o - 1]);
        while (i > 0 && in[i - 1] == top) {
          i--;
        }
        while (o > 0 && out[o - 1] == top) {
          o--;
        }
        k++;
        threshold[k] = top;
        positives[k] = out.length - o;
        negatives[k] = in.length - i;
      }
      return new Counts(
          Arrays.copyOf(threshold, k + 1),
          Arrays.copyOf(positives, k + 1),
          Arrays.copyOf(negatives, k + 1));
    }

    int totalPositives() {
      return positives[positives.length - 1];
    }

    int totalNegatives() {
      return negatives[negatives.length - 1];
    }

    /** The same examples with the classes swapped and the scores negated. */
    Counts mirrored() {
      int last = threshold.length - 1;
      double[] t = new double[last + 1];
      int[] p = new int[last + 1];
      int[] n = new int[last + 1];
      t[0] = Double.POSITIVE_INFINITY;
      for (int k = 1; k <= last; k++) {
        t[k] = -threshold[last + 1 - k];
        p[k] = totalNegatives() - negatives[last - k];
        n[k] = totalPositives() - positives[last - k];
      }
      return new Counts(t, p, n);
    }
  }
}
