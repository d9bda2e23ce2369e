package org.bhn.uncertainty;

import java.lang.reflect.Array;

/**
 * Uncertainty scores of sampled class probabilities.
 *
 * <p>Each score comes in two forms: from all S samples {@code [S][B][C]}, and from moments that
 * were accumulated while sampling ({@link Moments}, or a kernel that streams over samples). Every
 * score is {@code [B]}, higher = more uncertain; entropies are in nats ({@link #inBits} converts).
 * All methods throw {@link IllegalArgumentException} on mismatched shapes and on rows that are not
 * distributions.
 */
public final class Scores {
  private Scores() {}

  /**
   * Predictive entropy H[E_s p_s], the total uncertainty.
   *
   * @param mean probabilities averaged over the samples, {@code [B][C]}
   * @return {@code [B]}, in [0, log C]
   */
  public static double[] predictiveEntropy(double[][] mean) {
    Check.probabilities("mean", mean);
    double[] score = new double[mean.length];
    for (int b = 0; b < score.length; b++) {
      score[b] = entropy(mean[b]);
    }
    return score;
  }

  /** As {@link #predictiveEntropy(double[][])}, from samples {@code [S][B][C]}. */
  public static double[] predictiveEntropy(double[][][] samples) {
    return predictiveEntropy(moments(samples).mean());
  }

  /** As {@link #predictiveEntropy(double[][])}, from samples {@code [S][B][C]}. */
  public static double[] predictiveEntropy(float[][][] samples) {
    return predictiveEntropy(moments(samples).mean());
  }

  /**
   * Expected entropy E_s H[p_s], the uncertainty that more knowledge of the weights would not
   * remove.
   *
   * @param samples {@code [S][B][C]}
   * @return {@code [B]}, in [0, log C]
   */
  public static double[] expectedEntropy(double[][][] samples) {
    return moments(samples).expectedEntropy();
  }

  /** As {@link #expectedEntropy(double[][][])}, for single precision. */
  public static double[] expectedEntropy(float[][][] samples) {
    return moments(samples).expectedEntropy();
  }

  /**
   * Mutual information of the label and the weights, H[E_s p_s] − E_s H[p_s] (BALD; Houlsby et al.
   * 2011). Jensen's inequality makes it non-negative; rounding is clamped to 0.
   *
   * @param mean probabilities averaged over the samples, {@code [B][C]}
   * @param expectedEntropy {@code [B]}, in nats
   * @return {@code [B]}, at least 0
   */
  public static double[] mutualInformation(double[][] mean, double[] expectedEntropy) {
    Check.sameLength("mean", mean, "expectedEntropy", expectedEntropy);
    Check.finite("expectedEntropy", expectedEntropy);
    double[] score = predictiveEntropy(mean);
    for (int b = 0; b < score.length; b++) {
      score[b] = Math.max(score[b] - expectedEntropy[b], 0);
    }
    return score;
  }

  /** As {@link #mutualInformation(double[][], double[])}, from samples {@code [S][B][C]}. */
  public static double[] mutualInformation(double[][][] samples) {
    Moments m = moments(samples);
    return mutualInformation(m.mean(), m.expectedEntropy());
  }

  /** As {@link #mutualInformation(double[][], double[])}, from samples {@code [S][B][C]}. */
  public static double[] mutualInformation(float[][][] samples) {
    Moments m = moments(samples);
    return mutualInformation(m.mean(), m.expectedEntropy());
  }

  /**
   * Variation ratio by votes, 1 − (share of samples that rank the modal class first): the
   * definition of Freeman (1965), used in active learning. Not {@link #variationRatioMean}.
   *
   * @param votes how many samples rank each class first, {@code [B][C]}; every row has one vote or
   *     more
   * @return {@code [B]}, in [0, 1 − 1/C]
   */
  public static double[] variationRatioVotes(int[][] votes) {
    Check.notNull("votes", votes);
    double[] score = new double[votes.length];
    for (int b = 0; b < score.length; b++) {
      Check.notNull("votes[" + b + "]", votes[b]);
      long total = 0;
      int modal = 0;
      for (int c = 0; c < votes[b].length; c++) {
        if (votes[b][c] < 0) {
          throw new IllegalArgumentException(
              "votes[%d][%d] = %d; pass counts".formatted(b, c, votes[b][c]));
        }
        total += votes[b][c];
        modal = Math.max(modal, votes[b][c]);
      }
      if (total == 0) {
        throw new IllegalArgumentException(
            "votes[%d] holds no vote; add at least one sample".formatted(b));
      }
      score[b] = (double) (total - modal) / total;
    }
    return score;
  }

  /** As {@link #variationRatioVotes(int[][])}, from samples {@code [S][B][C]}. */
  public static double[] variationRatioVotes(double[][][] samples) {
    return variationRatioVotes(moments(samples).votes());
  }

  /** As {@link #variationRatioVotes(int[][])}, from samples {@code [S][B][C]}. */
  public static double[] variationRatioVotes(float[][][] samples) {
    return variationRatioVotes(moments(samples).votes());
  }

  /**
   * Variation ratio by mean, 1 − max_c E_s p_s[c]: one minus the confidence, used in anomaly
   * detection. Not {@link #variationRatioVotes}.
   *
   * @param mean probabilities averaged over the samples, {@code [B][C]}
   * @return {@code [B]}, in [0, 1 − 1/C]
   */
  public static double[] variationRatioMean(double[][] mean) {
    Check.probabilities("mean", mean);
    double[] score = new double[mean.length];
    for (int b = 0; b < score.length; b++) {
      score[b] = Math.max(1 - mean[b][Check.argmax(mean[b])], 0);
    }
    return score;
  }

  /** As {@link #variationRatioMean(double[][])}, from samples {@code [S][B][C]}. */
  public static double[] variationRatioMean(double[][][] samples) {
    return variationRatioMean(moments(samples).mean());
  }

  /** As {@link #variationRatioMean(double[][])}, from samples {@code [S][B][C]}. */
  public static double[] variationRatioMean(float[][][] samples) {
    return variationRatioMean(moments(samples).mean());
  }

  /**
   * Standard deviation of each class's probability over the samples, from raw moments: √max(E_s p²
   * − (E_s p)², 0), dividing by S, not S − 1.
   *
   * @param mean E_s p, {@code [B][C]}
   * @param meanSquare E_s p², {@code [B][C]}
   * @return {@code [B][C]}, in [0, 1/2]; {@link #meanOverClasses} makes a score of it
   */
  public static double[][] std(double[][] mean, double[][] meanSquare) {
    Check.probabilities("mean", mean);
    Check.sameLength("mean", mean, "meanSquare", meanSquare);
    double[][] std = new double[mean.length][];
    for (int b = 0; b < std.length; b++) {
      String row = "[" + b + "]";
      Check.sameLength("mean" + row, mean[b], "meanSquare" + row, meanSquare[b]);
      Check.finite("meanSquare" + row, meanSquare[b]);
      std[b] = new double[mean[b].length];
      for (int c = 0; c < std[b].length; c++) {
        std[b][c] = Math.sqrt(Math.max(meanSquare[b][c] - mean[b][c] * mean[b][c], 0));
      }
    }
    return std;
  }

  /**
   * As {@link #std(double[][], double[][])}, from samples {@code [S][B][C]}, without cancellation.
   */
  public static double[][] std(double[][][] samples) {
    return moments(samples).std();
  }

  /**
   * As {@link #std(double[][], double[][])}, from samples {@code [S][B][C]}, without cancellation.
   */
  public static double[][] std(float[][][] samples) {
    return moments(samples).std();
  }

  /**
   * Mean over the classes, which turns a per-class deviation into a score.
   *
   * @param perClass {@code [B][C]}
   * @return {@code [B]}
   */
  public static double[] meanOverClasses(double[][] perClass) {
    Check.notNull("perClass", perClass);
    double[] score = new double[perClass.length];
    for (int b = 0; b < score.length; b++) {
      Check.notNaN("perClass[" + b + "]", perClass[b]);
      for (double v : perClass[b]) {
        score[b] += v;
      }
      score[b] /= perClass[b].length;
    }
    return score;
  }

  /** Returns the values divided by log 2: bits from nats. */
  public static double[] inBits(double[] nats) {
    Check.notNull("nats", nats);
    double[] bits = nats.clone();
    for (int i = 0; i < bits.length; i++) {
      bits[i] /= Math.log(2);
    }
    return bits;
  }

  /**
   * Accumulates all samples.
   *
   * @param samples {@code [S][B][C]} with S at least 1
   * @return their moments
   */
  public static Moments moments(double[][][] samples) {
    Moments m = like(samples);
    for (int s = 0; s < samples.length; s++) {
      m.add("samples[" + s + "]", samples[s], "samples[0]");
    }
    return m;
  }

  /** As {@link #moments(double[][][])}, for single precision. */
  public static Moments moments(float[][][] samples) {
    Moments m = like(samples);
    for (int s = 0; s < samples.length; s++) {
      m.add("samples[" + s + "]", Check.widen("samples[" + s + "]", samples[s]), "samples[0]");
    }
    return m;
  }

  /** No samples yet, of the shape of the first. */
  private static Moments like(Object[][] samples) {
    Check.notNull("samples", samples);
    Check.positive("samples", samples.length);
    Check.notNull("samples[0]", samples[0]);
    if (samples[0].length == 0) {
      return new Moments(0, 1);
    }
    Check.notNull("samples[0][0]", samples[0][0]);
    return new Moments(samples[0].length, Array.getLength(samples[0][0]));
  }

  /** −Σ p log p with 0 log 0 = 0. */
  static double entropy(double[] p) {
    double sum = 0;
    for (double v : p) {
      // A tiny negative entry, as rounding leaves it, has no logarithm either.
      sum -= v > 0 ? v * Math.log(v) : 0;
    }
    return Math.max(sum, 0);
  }
}
