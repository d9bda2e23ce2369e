package org.bhn.uncertainty;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Split conformal prediction: intervals and sets of labels that hold the truth with a probability
 * of at least 1 − α, whatever the model and however wrong it is.
 *
 * <p>Take examples the model was not trained on, score how badly each was predicted, and take the
 * {@link #threshold} of the scores; what a new example may be is everything that would have scored
 * no more. If those examples and the new one are exchangeable, then (Vovk, Gammerman and Shafer
 * 2005; Lei et al. 2018)
 *
 * <pre>1 − α ≤ P(truth in set) ≤ 1 − α + 1/(n + 1)    (right-hand side: scores without ties)</pre>
 *
 * <p>The probability is over calibration and test examples together: not for one input, and not for
 * inputs unlike those of calibration. How small the sets are is the model's doing: a good posterior
 * gives narrow ones where it knows.
 *
 * <table>
 *   <caption>Scores and what is made of their threshold</caption>
 *   <tr><th>score of an example</th><th>set of a new one</th></tr>
 *   <tr><td>{@link #residuals(double[], double[])}</td><td>{@link #intervals(double[], double)}</td></tr>
 *   <tr><td>{@link #residuals(double[], double[], double[])}</td>
 *       <td>{@link #intervals(double[], double[], double)}</td></tr>
 *   <tr><td>{@link #excess}</td><td>{@link #widen}</td></tr>
 *   <tr><td>{@link #labelScores}</td><td>{@link #labelSets}</td></tr>
 *   <tr><td>{@link #adaptiveScores}</td><td>{@link #adaptiveSets}</td></tr>
 * </table>
 *
 * <p>All methods throw {@link IllegalArgumentException} when lengths differ, a label is out of
 * range, a row is not a distribution, or a value is NaN or not finite where it must be.
 */
public final class Conformal {
  private Conformal() {}

  /**
   * The k-th smallest score, k = ⌈(n + 1)(1 − α)⌉, and +∞ where k &gt; n: fewer than 1/α − 1
   * examples say nothing at this level.
   *
   * @param scores {@code [n]} of calibration examples
   * @param alpha the share of truths that may be missed, in (0, 1)
   * @return what a member of the set scores at most
   */
  public static double threshold(double[] scores, double alpha) {
    Check.notNaN("scores", scores);
    if (!(alpha > 0 && alpha < 1)) {
      throw new IllegalArgumentException(
          "alpha = %s must be in (0, 1): the share of truths that may be missed, for example 0.1"
              .formatted(alpha));
    }
    // (n + 1)(1 - alpha) may be a whole number that rounding has put just above itself.
    double k = Math.ceil((scores.length + 1) * (1 - alpha) - 1e-9);
    if (k > scores.length) {
      return Double.POSITIVE_INFINITY;
    }
    double[] sorted = scores.clone();
    Arrays.sort(sorted);
    return sorted[Math.max((int) k, 1) - 1];
  }

  // ---- real targets ----

  /**
   * |y_n − μ_n|.
   *
   * @param mean {@code [n]} predictions
   * @param targets {@code [n]}
   * @return {@code [n]} scores, in the units of the targets
   */
  public static double[] residuals(double[] mean, double[] targets) {
    return residuals(mean, ones(mean), targets);
  }

  /**
   * |y_n − μ_n| / σ_n: intervals then are as wide as the model is unsure.
   *
   * @param mean {@code [n]} predictions
   * @param std {@code [n]}, each above 0, for example {@code Predictive.predictiveStd()}
   * @param targets {@code [n]}
   * @return {@code [n]} scores, in standard deviations
   */
  public static double[] residuals(double[] mean, double[] std, double[] targets) {
    checkMean(mean, std);
    Check.sameLength("mean", mean, "targets", targets);
    Check.finite("targets", targets);
    double[] scores = new double[targets.length];
    Arrays.setAll(scores, i -> Math.abs(targets[i] - mean[i]) / std[i]);
    return scores;
  }

  /**
   * μ_n ± threshold.
   *
   * @param mean {@code [n]} predictions
   * @param threshold of {@link #residuals(double[], double[])}
   * @return {@code {lower, upper}}, each {@code [n]}
   */
  public static double[][] intervals(double[] mean, double threshold) {
    return intervals(mean, ones(mean), threshold);
  }

  /**
   * μ_n ± threshold σ_n.
   *
   * @param mean {@code [n]} predictions
   * @param std {@code [n]}, each above 0
   * @param threshold of {@link #residuals(double[], double[], double[])}
   * @return {@code {lower, upper}}, each {@code [n]}
   */
  public static double[][] intervals(double[] mean, double[] std, double threshold) {
    checkMean(mean, std);
    checkThreshold(threshold);
    double[][] interval = new double[2][mean.length];
    for (int i = 0; i < mean.length; i++) {
      interval[0][i] = mean[i] - threshold * std[i];
      interval[1][i] = mean[i] + threshold * std[i];
    }
    return interval;
  }

  /**
   * max(l_n − y_n, y_n − u_n): how far a target lies outside its interval, negative inside
   * (conformalised quantile regression, Romano, Patterson and Candès 2019).
   *
   * @param lower {@code [n]} of any interval, for example {@code Predictive.interval(0.9)}
   * @param upper {@code [n]}, each at least {@code lower}
   * @param targets {@code [n]}
   * @return {@code [n]} scores, in the units of the targets
   */
  public static double[] excess(double[] lower, double[] upper, double[] targets) {
    checkInterval(lower, upper);
    Check.sameLength("lower", lower, "targets", targets);
    Check.finite("targets", targets);
    double[] scores = new double[targets.length];
    Arrays.setAll(scores, i -> Math.max(lower[i] - targets[i], targets[i] - upper[i]));
    return scores;
  }

  /**
   * [l_n − threshold, u_n + threshold]. A negative threshold narrows intervals that were too wide;
   * one that would turn inside out shrinks to its middle.
   *
   * @param lower {@code [n]}
   * @param upper {@code [n]}, each at least {@code lower}
   * @param threshold of {@link #excess}
   * @return {@code {lower, upper}}, each {@code [n]}
   */
  public static double[][] widen(double[] lower, double[] upper, double threshold) {
    checkInterval(lower, upper);
    checkThreshold(threshold);
    double[][] interval = new double[2][lower.length];
    for (int i = 0; i < lower.length; i++) {
      double by = Math.max(threshold, (lower[i] - upper[i]) / 2);
      interval[0][i] = lower[i] - by;
      interval[1][i] = Math.max(interval[0][i], upper[i] + by);
    }
    return interval;
  }

  // ---- classes ----

  /**
   * 1 − p_n[label_n]: the smallest sets on average (Sadinle, Lei and Wasserman 2019), which may be
   * empty for inputs that no class suits.
   *
   * @param probabilities {@code [n][classes]}
   * @param labels {@code [n]}
   * @return {@code [n]} scores in [0, 1]
   */
  public static double[] labelScores(double[][] probabilities, int[] labels) {
    checkLabels(probabilities, labels);
    double[] scores = new double[labels.length];
    Arrays.setAll(scores, i -> 1 - probabilities[i][labels[i]]);
    return scores;
  }

  /**
   * The classes c with 1 − p_n[c] ≤ threshold.
   *
   * @param probabilities {@code [n][classes]}
   * @param threshold of {@link #labelScores}
   * @return {@code [n][classes]}, true for members
   */
  public static boolean[][] labelSets(double[][] probabilities, double threshold) {
    Check.probabilities("probabilities", probabilities);
    checkThreshold(threshold);
    boolean[][] sets = new boolean[probabilities.length][];
    for (int i = 0; i < sets.length; i++) {
      sets[i] = new boolean[probabilities[i].length];
      for (int c = 0; c < sets[i].length; c++) {
        sets[i][c] = 1 - probabilities[i][c] <= threshold;
      }
    }
    return sets;
  }

  /**
   * The probability of all classes above the label, and a random share of the label's own: sets
   * that are larger where the model is unsure (APS; Romano, Sesia and Candès 2020).
   *
   * @param probabilities {@code [n][classes]}
   * @param labels {@code [n]}
   * @param random gives the shares, one an example
   * @return {@code [n]} scores in [0, 1]
   */
  public static double[] adaptiveScores(
      double[][] probabilities, int[] labels, RandomGenerator random) {
    checkLabels(probabilities, labels);
    checkRandom(random);
    double[] scores = new double[labels.length];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = adaptiveScore(probabilities[i], labels[i], random.nextDouble());
    }
    return scores;
  }

  /**
   * The classes that would score no more than the threshold.
   *
   * @param probabilities {@code [n][classes]}
   * @param threshold of {@link #adaptiveScores}
   * @param random gives the shares, one an example
   * @return {@code [n][classes]}, true for members
   */
  public static boolean[][] adaptiveSets(
      double[][] probabilities, double threshold, RandomGenerator random) {
    Check.probabilities("probabilities", probabilities);
    checkThreshold(threshold);
    checkRandom(random);
    boolean[][] sets = new boolean[probabilities.length][];
    for (int i = 0; i < sets.length; i++) {
      double share = random.nextDouble();
      sets[i] = new boolean[probabilities[i].length];
      for (int c = 0; c < sets[i].length; c++) {
        sets[i][c] = adaptiveScore(probabilities[i], c, share) <= threshold;
      }
    }
    return sets;
  }

  /**
   * Share of labels that are in their sets.
   *
   * @param sets {@code [n][classes]}, true for members
   * @param labels {@code [n]}
   * @return a value in [0, 1], to be compared with 1 − α; NaN when n = 0
   */
  public static double coverage(boolean[][] sets, int[] labels) {
    Check.sameLength("sets", sets, "labels", labels);
    int held = 0;
    for (int i = 0; i < sets.length; i++) {
      Check.notNull("sets[" + i + "]", sets[i]);
      Check.label("labels", i, labels[i], sets[i].length);
      held += sets[i][labels[i]] ? 1 : 0;
    }
    return (double) held / sets.length;
  }

  /**
   * Mean number of classes in a set; coverage means little without it.
   *
   * @param sets {@code [n][classes]}, true for members
   * @return a value of at least 0; NaN when n = 0
   */
  public static double meanSize(boolean[][] sets) {
    Check.notNull("sets", sets);
    int members = 0;
    for (int i = 0; i < sets.length; i++) {
      Check.notNull("sets[" + i + "]", sets[i]);
      for (boolean member : sets[i]) {
        members += member ? 1 : 0;
      }
    }
    return (double) members / sets.length;
  }

  // Of equally probable classes the lower one comes first.
  private static double adaptiveScore(double[] probabilities, int label, double share) {
    double own = probabilities[label];
    double above = 0;
    for (int c = 0; c < probabilities.length; c++) {
      boolean first = probabilities[c] > own || (probabilities[c] == own && c < label);
      above += first ? probabilities[c] : 0;
    }
    return above + share * own;
  }

  private static double[] ones(double[] mean) {
    Check.notNull("mean", mean);
    double[] ones = new double[mean.length];
    Arrays.fill(ones, 1);
    return ones;
  }

  private static void checkMean(double[] mean, double[] std) {
    Check.finite("mean", mean);
    Check.sameLength("mean", mean, "std", std);
    for (int i = 0; i < std.length; i++) {
      Check.std("std", i, std[i]);
    }
  }

  private static void checkInterval(double[] lower, double[] upper) {
    Check.interval(lower, upper);
    Check.finite("lower", lower);
    Check.finite("upper", upper);
  }

  private static void checkThreshold(double threshold) {
    if (Double.isNaN(threshold)) {
      throw new IllegalArgumentException("threshold is NaN; pass what threshold(...) returned");
    }
  }

  private static void checkRandom(RandomGenerator random) {
    Check.notNull("random", random, "pass for example new SplittableRandom(1)");
  }

  private static void checkLabels(double[][] probabilities, int[] labels) {
    Check.sameLength("probabilities", probabilities, "labels", labels);
    Check.labels("labels", labels, Check.probabilities("probabilities", probabilities));
  }
}
