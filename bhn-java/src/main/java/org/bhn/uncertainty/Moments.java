package org.bhn.uncertainty;

/**
 * Running moments of sampled class probabilities: what every score needs, in memory that does not
 * grow with the number of samples.
 *
 * <p>Means and squared deviations are updated as in Welford (1962), so identical samples give a
 * deviation and a mutual information of exactly 0. Not safe for use by several threads at once.
 */
public final class Moments {
  private final int classes;
  private final double[][] mean;
  private final double[][] squaredDeviations;
  private final double[] meanEntropy;
  private final int[][] votes;
  private int samples;

  /**
   * Starts with no samples.
   *
   * @param rows number of examples B, at least 0
   * @param classes number of classes C, at least 1
   */
  public Moments(int rows, int classes) {
    if (rows < 0) {
      throw new IllegalArgumentException("rows = %d; pass at least 0".formatted(rows));
    }
    Check.positive("classes", classes);
    this.classes = classes;
    mean = new double[rows][classes];
    squaredDeviations = new double[rows][classes];
    meanEntropy = new double[rows];
    votes = new int[rows][classes];
  }

  /**
   * Adds the probabilities of all examples under one more weight sample.
   *
   * @param probabilities {@code [B][C]}
   * @return this
   * @throws IllegalArgumentException when the shape differs or a row is not a distribution; nothing
   *     is added then
   */
  public Moments add(double[][] probabilities) {
    return add("probabilities", probabilities, "Moments");
  }

  /** As {@link #add(double[][])}, with what messages call the probabilities and what they fit. */
  Moments add(String name, double[][] probabilities, String others) {
    Check.sameLength(name, probabilities, others, mean);
    int given = Check.probabilities(name, probabilities);
    if (given != classes && mean.length > 0) {
      throw new IllegalArgumentException(
          "%s has %d classes but %s has %d; pass the same classes every time"
              .formatted(name, given, others, classes));
    }
    samples++;
    for (int b = 0; b < mean.length; b++) {
      double[] p = probabilities[b];
      for (int c = 0; c < classes; c++) {
        double delta = p[c] - mean[b][c];
        mean[b][c] += delta / samples;
        squaredDeviations[b][c] += delta * (p[c] - mean[b][c]);
      }
      meanEntropy[b] += (Scores.entropy(p) - meanEntropy[b]) / samples;
      votes[b][Check.argmax(p)]++;
    }
    return this;
  }

  /** As {@link #add(double[][])}, for single precision. */
  public Moments add(float[][] probabilities) {
    return add(Check.widen("probabilities", probabilities));
  }

  /** Returns the number S of samples added. */
  public int samples() {
    return samples;
  }

  /** Returns the mean probabilities {@code [B][C]}, a copy. */
  public double[][] mean() {
    requireSamples();
    double[][] copy = new double[mean.length][];
    for (int b = 0; b < copy.length; b++) {
      copy[b] = mean[b].clone();
    }
    return copy;
  }

  /** Returns the population standard deviation over the samples {@code [B][C]}. */
  public double[][] std() {
    requireSamples();
    double[][] std = new double[mean.length][classes];
    for (int b = 0; b < std.length; b++) {
      for (int c = 0; c < classes; c++) {
        std[b][c] = Math.sqrt(Math.max(squaredDeviations[b][c], 0) / samples);
      }
    }
    return std;
  }

  /** Returns the mean over the samples of the entropy {@code [B]}, in nats; a copy. */
  public double[] expectedEntropy() {
    requireSamples();
    return meanEntropy.clone();
  }

  /**
   * Returns how many samples rank each class first {@code [B][C]}; a tie goes to the lowest class.
   */
  public int[][] votes() {
    requireSamples();
    int[][] copy = new int[votes.length][];
    for (int b = 0; b < copy.length; b++) {
      copy[b] = votes[b].clone();
    }
    return copy;
  }

  private void requireSamples() {
    if (samples == 0) {
      throw new IllegalStateException("no samples yet; call add first");
    }
  }
}
