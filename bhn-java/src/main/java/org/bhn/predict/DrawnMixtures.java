package org.bhn.predict;

import org.bhn.backend.Backend;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.bayes.TargetDistribution;
import org.bhn.data.Standardizer;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;

/**
 * Keeps what every draw says about targets, mean and noise: the mixtures whose quantiles it gives.
 */
final class DrawnMixtures implements Predictor.Visit {
  private final Backend backend;
  private final BayesianNetwork net;
  private final TargetDistribution distribution;
  private final DrawnPredictions means;
  private final float[][][] noise; // as the network sees targets; null where all rows share it
  private final int columns;
  private final int firstRow;
  private double[] sharedLogVariance; // null if there is none

  /**
   * Room for S draws of N rows.
   *
   * @param firstRow what the first of the rows is called in messages
   */
  DrawnMixtures(
      Backend backend,
      BayesianNetwork net,
      TargetDistribution distribution,
      int samples,
      int rows,
      int firstRow) {
    this.backend = backend;
    this.net = net;
    this.distribution = distribution;
    this.means = new DrawnPredictions(backend, net, samples, rows, firstRow);
    this.columns = net.likelihood().targets();
    this.firstRow = firstRow;
    this.noise = net.likelihood().outputs() > columns ? new float[samples][rows][columns] : null;
  }

  @Override
  public void outputs(Tape tape, Var out, int row, int end, int count, int seen) {
    means.outputs(tape, out, row, end, count, seen);
    double[] logVariance = net.term().logVariance(backend, out.value());
    if (noise == null) {
      sharedLogVariance = logVariance;
      return;
    }
    for (int i = 0; i < logVariance.length; i++) {
      int at = i / columns;
      double std = Math.exp(logVariance[i] / 2);
      int n = row + at % (end - row);
      if (!Double.isFinite(std)) {
        throw Overflow.at(firstRow + n, "noise", std);
      }
      noise[seen + at / (end - row)][n][i % columns] = (float) std;
    }
  }

  /** Writes {@code [P][N, O]} from a row on, in the units of the targets. */
  void quantiles(double[] probabilities, double[][] out) {
    float[][][] mean = means.values();
    int samples = mean.length;
    double[] unit = net.scaling().targets().map(Standardizer::std).orElse(null);
    double[] m = new double[samples];
    double[] scale = new double[samples];
    for (int n = 0; n < mean[0].length; n++) {
      for (int o = 0; o < columns; o++) {
        for (int s = 0; s < samples; s++) {
          m[s] = mean[s][n][o];
          scale[s] = (unit == null ? 1 : unit[o]) * noise(s, n, o);
        }
        MixtureQuantile quantile = new MixtureQuantile(distribution, m, scale);
        for (int p = 0; p < probabilities.length; p++) {
          out[p][(firstRow + n) * columns + o] = quantile.at(probabilities[p]);
        }
      }
    }
  }

  private double noise(int s, int n, int o) {
    if (noise != null) {
      return noise[s][n][o];
    }
    return sharedLogVariance == null ? 0 : Math.exp(sharedLogVariance[o] / 2);
  }
}
