package org.bhn.predict;

import org.bhn.data.Standardizer;

/**
 * The gradient of log p̄(y_n|x_n) by x_n, p̄ = 1/S Σ_s p(y|x, θ_s), in two parts: row n is {@code
 * direction[n] · exp(logScale[n])}. The factor underflows where the classifier is all but sure of
 * the label; the direction does not, and is all that an attack by signs needs.
 *
 * @param columns D, inputs a row
 * @param direction {@code [N, D]} row-major, by a positive factor for each row
 * @param logScale {@code [N]} logarithm of that factor
 */
public record InputGradient(int columns, double[] direction, double[] logScale) {
  /** {@code [N, D]} the gradient itself, in nats a unit of input; 0 where it underflows. */
  public double[] values() {
    double[] values = direction.clone();
    for (int i = 0; i < values.length; i++) {
      values[i] *= Math.exp(logScale[i / columns]);
    }
    return values;
  }

  /** By what a scaler takes to these inputs. */
  InputGradient before(Standardizer scaler) {
    double[] std = scaler.std();
    double[] values = direction.clone();
    for (int i = 0; i < values.length; i++) {
      values[i] /= std[i % columns];
    }
    return new InputGradient(columns, values, logScale);
  }
}
