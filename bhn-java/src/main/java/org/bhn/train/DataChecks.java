package org.bhn.train;

import java.util.function.DoublePredicate;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Dataset;

/** Whether a data set fits a network. */
public final class DataChecks {
  private DataChecks() {}

  /**
   * Checks width, kind and range of a data set.
   *
   * @throws IllegalArgumentException naming the data set, what was found and what is needed
   */
  public static void fits(BayesianNetwork net, String name, Dataset data) {
    if (data == null) {
      throw new IllegalArgumentException(name + " is null: pass a data set");
    }
    if (data.rows() < 1) {
      throw new IllegalArgumentException(name + " has no rows: pass a data set with some");
    }
    if (data.columns() != net.network().inputs()) {
      throw new IllegalArgumentException(
          name
              + " has "
              + data.columns()
              + " columns but the network takes "
              + net.network().inputs()
              + " inputs");
    }
    Likelihood likelihood = net.likelihood();
    if (likelihood.classes() > 0) {
      labels(name, data, likelihood.classes());
    } else {
      targets(name, data, likelihood);
    }
  }

  private static void labels(String name, Dataset data, int classes) {
    if (!data.isClassification()) {
      throw new IllegalArgumentException(
          name + " has no labels but the model is a classifier: use a data set with labels");
    }
    for (int i = 0; i < data.rows(); i++) {
      if (data.label(i) >= classes) {
        throw new IllegalArgumentException(
            name + " label " + data.label(i) + " of row " + i + " is not in [0, " + classes + ")");
      }
    }
  }

  private static void targets(String name, Dataset data, Likelihood likelihood) {
    int width = likelihood.targets();
    if (data.isClassification()) {
      throw new IllegalArgumentException(
          name + " has labels but the model predicts real targets: use a data set with targets");
    }
    if (data.targetColumns() != width) {
      throw new IllegalArgumentException(
          name + " has " + data.targetColumns() + " targets a row but the model predicts " + width);
    }
    if (likelihood instanceof Likelihood.Bernoulli) {
      String needed = "a Bernoulli likelihood needs 0, 1 or a probability";
      eachTarget(name, data, y -> y >= 0 && y <= 1, needed);
    }
    if (likelihood instanceof Likelihood.Poisson) {
      String needed = "a Poisson likelihood needs counts: 0, 1, 2, ...";
      eachTarget(name, data, y -> y >= 0 && y == Math.rint(y), needed);
    }
  }

  private static void eachTarget(
      String name, Dataset data, DoublePredicate allowed, String needed) {
    float[] targets = data.targets();
    for (int i = 0; i < targets.length; i++) {
      if (!allowed.test(targets[i])) {
        throw new IllegalArgumentException(
            "%s: row %d, target %d is %s but %s"
                .formatted(
                    name, i / data.targetColumns(), i % data.targetColumns(), targets[i], needed));
      }
    }
  }

  /** Checks that there is one label a row, each a class. */
  public static void labels(int[] labels, int rows, int classes) {
    if (labels == null) {
      throw new IllegalArgumentException("labels is null: pass one class a row");
    }
    if (labels.length != rows) {
      throw new IllegalArgumentException(
          "labels has " + labels.length + " entries for " + rows + " rows: pass one class a row");
    }
    for (int i = 0; i < rows; i++) {
      if (labels[i] < 0 || labels[i] >= classes) {
        throw new IllegalArgumentException(
            "labels[" + i + "] = " + labels[i] + " is not in [0, " + classes + ")");
      }
    }
  }

  /** Checks that all values are finite. */
  public static void finite(String name, float[] values, int columns) {
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new IllegalArgumentException(
            name
                + " has the value "
                + values[i]
                + " at row "
                + i / columns
                + ", column "
                + i % columns
                + ": remove or impute it");
      }
    }
  }

  /**
   * Checks what quantiles are asked for.
   *
   * @throws IllegalArgumentException naming the first that is not in (0, 1)
   */
  public static void probabilities(double[] probabilities) {
    if (probabilities == null) {
      throw new IllegalArgumentException("probabilities is null: pass numbers such as 0.05, 0.95");
    }
    for (int i = 0; i < probabilities.length; i++) {
      if (!(probabilities[i] > 0 && probabilities[i] < 1)) {
        throw new IllegalArgumentException(
            "probabilities[" + i + "] = " + probabilities[i] + " must be in (0, 1)");
      }
    }
  }
}
