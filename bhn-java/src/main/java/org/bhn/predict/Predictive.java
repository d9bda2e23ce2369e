package org.bhn.predict;

import java.util.Arrays;
import java.util.Optional;
import org.bhn.bayes.TargetDistribution;
import org.bhn.data.Standardizer;

/**
 * The posterior predictive of N inputs, as statistics over weight samples. Arrays are row-major
 * {@code [N, C]} (classes) or {@code [N, O]} (real targets, in the units of the data) and copied on
 * return; entropies are in nats.
 *
 * <p>Statistics are over the S draws as they are, and so is what follows from them: of few draws
 * spreads are too small and intervals too narrow (an interval of 95 % from 10 draws holds 89 %
 * where weights are all there is to know, from 100 draws 94 %).
 */
public final class Predictive {
  private final int rows;
  private final int columns;
  private final int samples;
  private final boolean classes;
  private final float[] mean;
  private final float[] m2;
  private final float[] entropyMean;
  private final int[] votes;
  private final double[] noiseVariance;
  private final boolean gaussian;
  private final double[] unit;
  private final double[] zero;

  /**
   * What was counted, still as the network sees targets.
   *
   * @param votes null for real targets
   * @param noiseVariance null if there is none
   * @param gaussian whether that is the noise's whole story
   * @param units of real targets, in which all that is returned is
   */
  Predictive(
      int rows,
      int columns,
      int samples,
      float[] mean,
      float[] m2,
      float[] entropyMean,
      int[] votes,
      double[] noiseVariance,
      boolean gaussian,
      Optional<Standardizer> units) {
    this.rows = rows;
    this.columns = columns;
    this.samples = samples;
    this.classes = votes != null;
    this.mean = mean;
    this.m2 = m2;
    this.entropyMean = entropyMean;
    this.votes = votes;
    this.noiseVariance = noiseVariance;
    this.gaussian = gaussian;
    this.unit = units.map(Standardizer::std).orElseGet(() -> filled(columns, 1));
    this.zero = units.map(Standardizer::mean).orElseGet(() -> filled(columns, 0));
  }

  private static double[] filled(int size, double value) {
    double[] out = new double[size];
    Arrays.fill(out, value);
    return out;
  }

  private double mean(int at) {
    int c = at % columns;
    return zero[c] + unit[c] * mean[at];
  }

  private double std(int at, double noise) {
    return unit[at % columns] * Math.sqrt(Math.max(0, m2[at]) / samples + noise);
  }

  /** N. */
  public int rows() {
    return rows;
  }

  /** C classes, or O real targets. */
  public int columns() {
    return columns;
  }

  /** Weight samples behind these statistics. */
  public int samples() {
    return samples;
  }

  /** Whether the columns are class probabilities. */
  public boolean isClassification() {
    return classes;
  }

  /** {@code [N, C]} mean class probabilities, or {@code [N, O]} mean predictions. */
  public float[] mean() {
    float[] out = new float[mean.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) mean(i);
    }
    return out;
  }

  /** {@link #mean()} as rows. */
  public double[][] meanRows() {
    double[][] out = new double[rows][columns];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        out[i][j] = mean(i * columns + j);
      }
    }
    return out;
  }

  /** {@code [N]} class of the largest mean probability. */
  public int[] labels() {
    requireClasses("labels");
    int[] out = new int[rows];
    for (int i = 0; i < rows; i++) {
      int best = 0;
      for (int c = 1; c < columns; c++) {
        if (mean[i * columns + c] > mean[i * columns + best]) {
          best = c;
        }
      }
      out[i] = best;
    }
    return out;
  }

  /**
   * Standard deviation over weight samples of each probability, or of each prediction (the
   * epistemic part), {@code [N, C or O]}.
   */
  public float[] std() {
    float[] out = new float[m2.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) std(i, 0);
    }
    return out;
  }

  /** {@code [N]} entropy of the mean probabilities: total uncertainty. */
  public double[] entropy() {
    requireClasses("entropy");
    double[] out = new double[rows];
    for (int i = 0; i < rows; i++) {
      for (int c = 0; c < columns; c++) {
        double p = mean[i * columns + c];
        out[i] -= p > 0 ? p * Math.log(p) : 0;
      }
    }
    return out;
  }

  /** {@code [N]} mean over weight samples of the entropy: aleatoric uncertainty. */
  public double[] expectedEntropy() {
    requireClasses("expectedEntropy");
    double[] out = new double[rows];
    Arrays.setAll(out, i -> entropyMean[i]);
    return out;
  }

  /**
   * {@code [N]} mutual information of label and weights (BALD, Houlsby et al. 2011): entropy minus
   * expected entropy, at least 0: epistemic uncertainty. Both terms are rounded to single
   * precision: differences below 1e-6 mean nothing, of thousands of classes below 1e-5.
   */
  public double[] mutualInformation() {
    requireClasses("mutualInformation");
    double[] out = entropy();
    for (int i = 0; i < rows; i++) {
      out[i] = samples == 1 ? 0 : Math.max(0, out[i] - entropyMean[i]);
    }
    return out;
  }

  /** {@code [N]} 1 − share of samples that vote for the most voted class. */
  public double[] variationRatio() {
    requireClasses("variationRatio");
    double[] out = new double[rows];
    for (int i = 0; i < rows; i++) {
      int most = 0;
      for (int c = 0; c < columns; c++) {
        most = Math.max(most, votes[i * columns + c]);
      }
      out[i] = 1 - (double) most / samples;
    }
    return out;
  }

  /** {@code [N]} 1 − largest mean probability, which some texts also call variation ratio. */
  public double[] leastConfidence() {
    requireClasses("leastConfidence");
    int[] labels = labels();
    double[] out = new double[rows];
    for (int i = 0; i < rows; i++) {
      int most = labels[i];
      for (int c = 0; c < columns; c++) {
        out[i] += c == most ? 0 : mean[i * columns + c]; // as 1 − most would round to 0
      }
    }
    return out;
  }

  /** {@code [N]} mean over classes (or targets) of {@link #std()}. */
  public double[] meanStd() {
    float[] std = std();
    double[] out = new double[rows];
    for (int i = 0; i < rows; i++) {
      for (int c = 0; c < columns; c++) {
        out[i] += std[i * columns + c] / columns;
      }
    }
    return out;
  }

  /**
   * {@code [N, O]} standard deviation of a new observation: weights and noise.
   *
   * @throws UnsupportedOperationException if the likelihood is neither Gaussian, nor Poisson, nor
   *     Student-t of more than 2 degrees of freedom
   */
  public double[] predictiveStd() {
    require(
        noiseVariance != null,
        "predictiveStd",
        "a Gaussian or Poisson likelihood, or a Student-t of more than 2 degrees of freedom");
    double[] out = new double[rows * columns];
    for (int i = 0; i < out.length; i++) {
      out[i] = std(i, noiseVariance[i]);
    }
    return out;
  }

  /**
   * Central interval of a new observation, taking the predictive as Gaussian of mean {@link #mean}
   * and standard deviation {@link #predictiveStd}: too wide in the middle and too narrow in the
   * tails where draws differ in their noise, and across the gap between modes where they have
   * several. {@code Bhn.quantiles} is of the mixture itself.
   *
   * @param probability in (0, 1), for example 0.95
   * @return {@code {lower, upper}}, each {@code [N, O]}
   * @throws UnsupportedOperationException if the likelihood is not Gaussian
   */
  public double[][] interval(double probability) {
    if (!(probability > 0 && probability < 1)) {
      throw new IllegalArgumentException("probability = " + probability + " must be in (0, 1)");
    }
    require(gaussian, "interval", "a Gaussian likelihood (of others see Bhn.quantiles)");
    double z = -TargetDistribution.GAUSSIAN.quantile((1 - probability) / 2, 0, 1);
    double[] std = predictiveStd();
    double[][] out = new double[2][std.length];
    for (int i = 0; i < std.length; i++) {
      out[0][i] = mean(i) - z * std[i];
      out[1][i] = mean(i) + z * std[i];
    }
    return out;
  }

  private static void require(boolean has, String method, String what) {
    if (!has) {
      throw new UnsupportedOperationException(
          method + " needs " + what + ": use std() for the spread over weights");
    }
  }

  private void requireClasses(String method) {
    if (!classes) {
      throw new UnsupportedOperationException(
          method
              + " needs class probabilities, which only Likelihood.categorical gives, of a coin"
              + " categorical(2); of what this model predicts use std()");
    }
  }
}
