package org.bhn.data;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * In which units a model sees its data: inputs, and real targets, standardised column by column.
 *
 * <p>A density changes with its unit: with z = (y − mean) / std, log p(y) = log p(z) − Σ_o log
 * std_o.
 *
 * @param inputs scaler of the inputs; empty leaves them as they are
 * @param targets scaler of real targets; empty leaves them as they are
 */
public record Scaling(Optional<Standardizer> inputs, Optional<Standardizer> targets) {
  /** Leaves everything as it is. */
  public static final Scaling NONE = new Scaling(Optional.empty(), Optional.empty());

  /** Checks that both are given. */
  public Scaling {
    if (inputs == null || targets == null) {
      throw new IllegalArgumentException(
          (inputs == null ? "inputs" : "targets")
              + " is null; pass Optional.empty() to leave them as they are");
    }
  }

  /**
   * Centres and scales every input column, and every column of real targets, to mean 0 and standard
   * deviation 1 over these data. Labels are left alone.
   *
   * @param data usually the training data; what is tested later is scaled by the same
   * @throws IllegalArgumentException without rows
   */
  public static Scaling of(Dataset data) {
    if (data == null || data.rows() == 0) {
      throw new IllegalArgumentException(
          "data " + (data == null ? "is null" : "has no rows") + "; pass the training data");
    }
    return new Scaling(
        Optional.of(Standardizer.fit(data.inputs(), data.columns())),
        data.isClassification()
            ? Optional.empty()
            : Optional.of(Standardizer.fit(data.targets(), data.targetColumns())));
  }

  /** The same for the inputs alone. */
  public Scaling ofInputs() {
    return new Scaling(inputs, Optional.empty());
  }

  /**
   * Scales a data set; copies, unless nothing is to be scaled.
   *
   * @throws IllegalArgumentException when a scaler is of another width, given for labels, or takes
   *     a value out of the range of a float
   */
  public Dataset apply(Dataset data) {
    if (data == null) {
      throw new IllegalArgumentException("data is null; pass a data set");
    }
    if (inputs.isEmpty() && targets.isEmpty()) {
      return data;
    }
    if (targets.isPresent() && data.isClassification()) {
      throw new IllegalArgumentException(
          "targets have a scaler but the data have labels; use ofInputs()");
    }
    float[] x = data.inputs();
    if (inputs.isPresent()) {
      x = inputs.get().apply(x, data.columns());
    }
    if (data.isClassification()) {
      return Dataset.owning(x, data.columns(), data.labels(), data.classes());
    }
    float[] y = data.targets();
    if (targets.isPresent()) {
      y = targets.get().apply(y, data.targetColumns());
    }
    return Dataset.owning(x, data.columns(), y, data.targetColumns());
  }

  /** As a map of plain values, for the card of a saved model. */
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    inputs.ifPresent(scaler -> map.put("inputs", scaler.toMap()));
    targets.ifPresent(scaler -> map.put("targets", scaler.toMap()));
    return map;
  }

  /** Scales inputs {@code [rows][columns]}; the same array if there is nothing to scale. */
  public float[] applyToInputs(float[] values) {
    return inputs.isPresent() ? inputs.get().apply(values) : values;
  }

  /**
   * Σ_o log std_o of the targets, in nats: how much larger the log density of a standardised
   * example is than that of the example in its own units. 0 if targets are not scaled.
   */
  public double logUnit() {
    double sum = 0;
    if (targets.isPresent()) {
      for (double std : targets.get().std()) {
        sum += Math.log(std);
      }
    }
    return sum;
  }
}
