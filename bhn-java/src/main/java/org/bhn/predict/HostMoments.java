package org.bhn.predict;

import java.util.Optional;
import org.bhn.backend.Backend;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Standardizer;
import org.bhn.tensor.Tensor;

/**
 * Streaming moments on the host, for likelihoods whose outputs pass through a function first:
 * probabilities of a Bernoulli, rates of a Poisson, noise variances of a heteroscedastic Gaussian.
 */
final class HostMoments {
  private final Likelihood likelihood;
  private final boolean heteroscedastic;
  private final boolean counts;
  private final int rows;
  private final int columns;
  private final double[] mean;
  private final double[] m2;
  private final double[] noise;

  private HostMoments(Likelihood likelihood, int rows) {
    this.likelihood = likelihood;
    this.heteroscedastic = likelihood instanceof Likelihood.Heteroscedastic;
    this.counts = likelihood instanceof Likelihood.Poisson;
    this.rows = rows;
    this.columns = likelihood.targets();
    this.mean = new double[rows * columns];
    this.m2 = new double[rows * columns];
    this.noise = new double[rows * columns];
  }

  /** Null where the device can do it. */
  static HostMoments forLikelihood(Likelihood likelihood, int rows) {
    boolean device =
        likelihood.classes() > 0
            || likelihood instanceof Likelihood.Gaussian
            || likelihood instanceof Likelihood.StudentT;
    return device ? null : new HostMoments(likelihood, rows);
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
        double value = likelihood.inverseLink(values[s * size + i]);
        double d = value - mean[base + i];
        mean[base + i] += d / n;
        m2[base + i] += d * (value - mean[base + i]);
        if (heteroscedastic || counts) {
          double variance = counts ? value : Math.exp(logVariance[s * size + i]);
          noise[base + i] += (variance - noise[base + i]) / n;
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
        heteroscedastic || counts ? noise : null,
        heteroscedastic,
        units);
  }

  static float[] floats(double[] values) {
    float[] out = new float[values.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) values[i];
    }
    return out;
  }
}
