package org.bhn.predict;

import java.util.Optional;
import org.bhn.backend.Backend;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Standardizer;
import org.bhn.tensor.Tensor;

/**
 * Streaming moments on the host, for likelihoods whose outputs pass through a function first:
 * probabilities of a Bernoulli, noise variances of a heteroscedastic Gaussian.
 */
final class HostMoments {
  private final boolean heteroscedastic;
  private final int rows;
  private final int columns;
  private final double[] mean;
  private final double[] m2;
  private final double[] noise;

  private HostMoments(boolean heteroscedastic, int rows, int columns) {
    this.heteroscedastic = heteroscedastic;
    this.rows = rows;
    this.columns = columns;
    this.mean = new double[rows * columns];
    this.m2 = new double[rows * columns];
    this.noise = new double[rows * columns];
  }

  /** Null where the device can do it. */
  static HostMoments forLikelihood(Likelihood likelihood, int rows) {
    boolean heteroscedastic = likelihood instanceof Likelihood.Heteroscedastic;
    if (!heteroscedastic && !(likelihood instanceof Likelihood.Bernoulli)) {
      return null;
    }
    return new HostMoments(heteroscedastic, rows, likelihood.targets());
  }

  void fold(
      Backend backend,
      Likelihood.Term term,
      Tensor outputs,
      int row,
      int end,
      int count,
      long seen) {
    int size = (end - row) * columns;
    double[] values = new double[count * size];
    backend.download(term.mean(outputs), values);
    double[] logVariance = term.logVariance(backend, outputs);
    int base = row * columns;
    for (int s = 0; s < count; s++) {
      double n = seen + s + 1;
      for (int i = 0; i < size; i++) {
        double raw = values[s * size + i];
        double value = heteroscedastic ? raw : sigmoid(raw);
        double d = value - mean[base + i];
        mean[base + i] += d / n;
        m2[base + i] += d * (value - mean[base + i]);
        if (heteroscedastic) {
          noise[base + i] += (Math.exp(logVariance[s * size + i]) - noise[base + i]) / n;
        }
      }
    }
  }

  Predictive predictive(int samples, Optional<Standardizer> units) {
    Overflow.check("mean prediction", mean, columns);
    Overflow.check("noise variance", noise, columns);
    float[] squares = floats(m2);
    Overflow.check("sum of squared deviations", squares, columns);
    return new Predictive(
        rows,
        columns,
        samples,
        floats(mean),
        squares,
        null,
        null,
        heteroscedastic ? noise : null,
        units);
  }

  static double sigmoid(double logit) {
    return 1 / (1 + Math.exp(-logit));
  }

  private static float[] floats(double[] values) {
    float[] out = new float[values.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) values[i];
    }
    return out;
  }
}
