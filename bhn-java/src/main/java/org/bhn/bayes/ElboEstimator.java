package org.bhn.bayes;

import java.util.Arrays;
import org.bhn.backend.Backend;
import org.bhn.backend.PriorKind;
import org.bhn.data.Dataset;
import org.bhn.posterior.WeightPosterior;
import org.bhn.tape.BayesOps;
import org.bhn.tape.Noise;
import org.bhn.tape.Ops;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** Estimates the ELBO over a whole data set by weight samples that no training step uses. */
public final class ElboEstimator {
  /** Most rows (samples × examples) that one pass through the network handles. */
  private static final int ROWS = 4096;

  /** Most reals of the widest activation in one pass, if that many rows are not too few. */
  private static final int ACTIVATIONS = 1 << 23;

  private static final long SEED_OFFSET = 0x5DEECE66DL;

  private ElboEstimator() {}

  /**
   * The itemised ELBO; the likelihood is that of the data in their own units.
   *
   * @param data that fit the network, not scaled yet
   * @param samples weight samples; the standard error shrinks with their square root
   * @throws UnsupportedOperationException if the posterior has no density (point, dropout)
   */
  public static Elbo estimate(BayesianNetwork net, Dataset data, int samples) {
    if (net.posterior().flow() == null) {
      throw new UnsupportedOperationException(
          "a point or dropout network has no weight density, so no ELBO: use weightNorm, full or"
              + " meanField");
    }
    Dataset scaled = net.scaling().apply(data);
    double inUnits = -data.rows() * net.scaling().logUnit();
    boolean classes = net.likelihood().classes() > 0;
    try (Backend backend = net.backend().fork()) {
      Tensor x = backend.allocate(DType.REAL, data.rows(), data.columns());
      backend.upload(x, scaled.inputs());
      Tensor y;
      if (classes) {
        y = backend.allocate(DType.INT32, data.rows());
        backend.upload(y, scaled.labels());
      } else {
        y = backend.allocate(DType.REAL, data.rows(), net.likelihood().targets());
        backend.upload(y, scaled.targets());
      }
      return estimate(net, backend, x, y, samples, inUnits);
    }
  }

  /** With x {@code [N, inputs]}, and labels {@code [N]} or targets {@code [N, O]}. */
  private static Elbo estimate(
      BayesianNetwork net, Backend backend, Tensor x, Tensor targets, int samples, double inUnits) {
    WeightPosterior posterior = net.posterior();
    Tensor counter = backend.allocate(DType.INT64, 1);
    int rows = Math.clamp(ACTIVATIONS / net.network().maxWidth(), 1, ROWS);
    int chunk = Math.max(1, Math.min(samples, rows / Math.max(1, Math.min(x.rows(), rows))));
    Tensor weights = backend.allocate(DType.REAL, chunk, posterior.dim());
    double[] logLik = new double[samples];
    Arrays.fill(logLik, inUnits);
    double[] logPrior = new double[samples];
    double[] logDet = new double[samples];
    double[] logBase = new double[samples];
    for (int s = 0; s < samples; s += chunk) {
      int count = Math.min(chunk, samples - s);
      Noise noise = new Noise(net.seed() + SEED_OFFSET, counter, s);
      Tape tape = Tape.inference(backend);
      WeightPosterior.Draw draw = posterior.draw(tape, noise, count);
      Tensor kept = weights.rows(0, count);
      backend.copy(kept, draw.weights().value());
      fetch(backend, net.prior().logDensity(draw.weights()), logPrior, s, count);
      fetch(backend, draw.logDet(), logDet, s, count);
      Var base = BayesOps.prior(draw.base(), PriorKind.NORMAL, 0, 1, 0);
      fetch(backend, base, logBase, s, count);
      for (int row = 0; row < x.rows(); row += rows) {
        int end = Math.min(row + rows, x.rows());
        tape = Tape.inference(backend);
        Var out =
            posterior.forward(
                tape,
                posterior.use(tape, noise, kept),
                tape.constant(x.rows(row, end)),
                count,
                row);
        Tensor y = rows(targets, row, end);
        Var ll = net.term().logLik(tape, out, y, count);
        fetch(backend, Ops.sumRows(ll.view(0, count, end - row)), logLik, s, count);
      }
    }
    return summary(logLik, logPrior, logBase, logDet);
  }

  /** Rows of labels (rank 1) or targets (rank 2). */
  static Tensor rows(Tensor targets, int from, int to) {
    return targets.rank() == 1 ? targets.columns(from, to) : targets.rows(from, to);
  }

  private static void fetch(Backend backend, Var from, double[] sums, int at, int count) {
    double[] values = new double[count];
    backend.download(from.value(), values);
    for (int i = 0; i < count; i++) {
      sums[at + i] += values[i];
    }
  }

  private static Elbo summary(
      double[] logLik, double[] logPrior, double[] logBase, double[] logDet) {
    int n = logLik.length;
    double[] means = new double[4];
    double mean = 0;
    double squares = 0;
    for (int s = 0; s < n; s++) {
      means[0] += logLik[s] / n;
      means[1] += logPrior[s] / n;
      means[2] -= logBase[s] / n;
      means[3] += logDet[s] / n;
      double d = logLik[s] + logPrior[s] - logBase[s] + logDet[s] - mean;
      mean += d / (s + 1);
      squares += d * d * s / (s + 1);
    }
    double error = n > 1 ? Math.sqrt(squares / (n - 1) / n) : Double.NaN;
    return new Elbo(means[0], means[1], means[2], means[3], error);
  }
}
