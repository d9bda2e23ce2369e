package org.bhn.uncertainty;

/**
 * Metrics of predicted class probabilities.
 *
 * <p>Probabilities are {@code [n][classes]}, one distribution a row; labels are {@code [n]},
 * numbered from 0. Every metric is a mean over the n examples and NaN when n = 0. All methods throw
 * {@link IllegalArgumentException} when lengths differ, a label is out of range, or a row is not a
 * distribution (NaN, an entry outside [0, 1], a sum other than 1).
 */
public final class Classification {
  private Classification() {}

  /**
   * Share of examples whose most probable class is the label; on a tie the lowest class counts.
   *
   * @param probabilities {@code [n][classes]}
   * @param labels {@code [n]}
   * @return accuracy in [0, 1]
   */
  public static double accuracy(double[][] probabilities, int[] labels) {
    check(probabilities, labels);
    return accuracy(predicted(probabilities), labels);
  }

  /** As {@link #accuracy(double[][], int[])}, for single precision. */
  public static double accuracy(float[][] probabilities, int[] labels) {
    return accuracy(Check.widen("probabilities", probabilities), labels);
  }

  /**
   * Share of equal entries.
   *
   * @param predicted predicted classes {@code [n]}
   * @param labels true classes {@code [n]}
   * @return accuracy in [0, 1]
   */
  public static double accuracy(int[] predicted, int[] labels) {
    Check.sameLength("predicted", predicted, "labels", labels);
    int right = 0;
    for (int i = 0; i < labels.length; i++) {
      right += predicted[i] == labels[i] ? 1 : 0;
    }
    return (double) right / labels.length;
  }

  /**
   * Whether each example is misclassified: the positives of error detection.
   *
   * @param probabilities {@code [n][classes]}
   * @param labels {@code [n]}
   * @return {@code [n]}
   */
  public static boolean[] errors(double[][] probabilities, int[] labels) {
    check(probabilities, labels);
    boolean[] wrong = new boolean[labels.length];
    for (int i = 0; i < wrong.length; i++) {
      wrong[i] = Check.argmax(probabilities[i]) != labels[i];
    }
    return wrong;
  }

  /** As {@link #errors(double[][], int[])}, for single precision. */
  public static boolean[] errors(float[][] probabilities, int[] labels) {
    return errors(Check.widen("probabilities", probabilities), labels);
  }

  /**
   * Negative log-likelihood −mean_n log p_n[label_n], in nats.
   *
   * <p>A true class of probability 0 gives +∞: the model ruled out what happened, and a silent clip
   * would make the number depend on the clip. Probabilities that underflowed belong in {@link
   * #nllFromLog}.
   *
   * @param probabilities {@code [n][classes]}
   * @param labels {@code [n]}
   * @return a value in [0, +∞]
   */
  public static double nll(double[][] probabilities, int[] labels) {
    check(probabilities, labels);
    double sum = 0;
    for (int i = 0; i < labels.length; i++) {
      sum -= Math.log(Math.clamp(probabilities[i][labels[i]], 0.0, 1.0));
    }
    return sum / labels.length;
  }

  /** As {@link #nll(double[][], int[])}, for single precision. */
  public static double nll(float[][] probabilities, int[] labels) {
    return nll(Check.widen("probabilities", probabilities), labels);
  }

  /**
   * Negative log-likelihood from log-probabilities (of a log-softmax), in nats: finite even where
   * the probability itself underflows to 0.
   *
   * @param logProbabilities {@code [n][classes]}, each at most 0 up to rounding; −∞ is probability
   *     0
   * @param labels {@code [n]}
   * @return a value in [0, +∞]
   */
  public static double nllFromLog(double[][] logProbabilities, int[] labels) {
    Check.sameLength("logProbabilities", logProbabilities, "labels", labels);
    double sum = 0;
    for (int i = 0; i < labels.length; i++) {
      double[] row = logProbabilities[i];
      Check.notNull("logProbabilities[" + i + "]", row);
      Check.label("labels", i, labels[i], row.length);
      double value = row[labels[i]];
      if (!(value <= 1e-5)) {
        throw new IllegalArgumentException(
            "logProbabilities[%d][%d] = %s is not a log-probability; apply log-softmax to logits"
                .formatted(i, labels[i], value));
      }
      sum -= Math.min(value, 0);
    }
    return sum / labels.length;
  }

  /**
   * Multi-class Brier score mean_n Σ_c (p_n[c] − 1{c = label_n})² (Brier 1950).
   *
   * @param probabilities {@code [n][classes]}
   * @param labels {@code [n]}
   * @return a value in [0, 2]
   */
  public static double brier(double[][] probabilities, int[] labels) {
    check(probabilities, labels);
    double sum = 0;
    for (int i = 0; i < labels.length; i++) {
      for (int c = 0; c < probabilities[i].length; c++) {
        double d = probabilities[i][c] - (c == labels[i] ? 1 : 0);
        sum += d * d;
      }
    }
    return sum / labels.length;
  }

  /** As {@link #brier(double[][], int[])}, for single precision. */
  public static double brier(float[][] probabilities, int[] labels) {
    return brier(Check.widen("probabilities", probabilities), labels);
  }

  /**
   * Reliability diagram of the most probable class.
   *
   * @param probabilities {@code [n][classes]}
   * @param labels {@code [n]}
   * @param bins number of bins of equal width, at least 1
   * @return the bins; {@link Reliability#ece()} sums them up
   */
  public static Reliability reliability(double[][] probabilities, int[] labels, int bins) {
    boolean[] correct = errors(probabilities, labels);
    double[] confidence = new double[labels.length];
    for (int i = 0; i < labels.length; i++) {
      correct[i] = !correct[i];
      double[] row = probabilities[i];
      confidence[i] = Math.clamp(row[Check.argmax(row)], 0.0, 1.0);
    }
    return Reliability.of(confidence, correct, bins);
  }

  /** As {@link #reliability(double[][], int[], int)}, for single precision. */
  public static Reliability reliability(float[][] probabilities, int[] labels, int bins) {
    return reliability(Check.widen("probabilities", probabilities), labels, bins);
  }

  /**
   * Expected calibration error of the most probable class; see {@link Reliability#ece()}.
   *
   * @param probabilities {@code [n][classes]}
   * @param labels {@code [n]}
   * @param bins number of bins of equal width, at least 1; 15 is customary
   * @return a value in [0, 1]
   */
  public static double ece(double[][] probabilities, int[] labels, int bins) {
    return reliability(probabilities, labels, bins).ece();
  }

  /** As {@link #ece(double[][], int[], int)}, for single precision. */
  public static double ece(float[][] probabilities, int[] labels, int bins) {
    return ece(Check.widen("probabilities", probabilities), labels, bins);
  }

  private static int[] predicted(double[][] probabilities) {
    int[] classes = new int[probabilities.length];
    for (int i = 0; i < classes.length; i++) {
      classes[i] = Check.argmax(probabilities[i]);
    }
    return classes;
  }

  private static void check(double[][] probabilities, int[] labels) {
    Check.sameLength("probabilities", probabilities, "labels", labels);
    Check.labels("labels", labels, Check.probabilities("probabilities", probabilities));
  }
}
