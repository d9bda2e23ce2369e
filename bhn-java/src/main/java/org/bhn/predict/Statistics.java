package org.bhn.predict;

import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import org.bhn.backend.Backend;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Standardizer;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * What one prediction knows of each input: statistics folded draw by draw, on the device, and of
 * many draws added up block by block, on the host.
 */
final class Statistics implements Predictor.Visit {
  private final Backend backend;
  private final BayesianNetwork net;
  private final Workspace workspace;
  private final int rows;
  private final int columns;
  private final boolean classes;
  private final Tensor targets;
  private final Tensor mean;
  private final Tensor m2;
  private final Tensor entropy;
  private final Tensor votes;
  private final Tensor logPredictive;
  private final HostMoments host;
  private final int samples;
  private final BlockTotals totals; // null if one block holds all draws
  private double[] sharedNoise;

  /**
   * Takes its memory, and uploads what is to be scored.
   *
   * @param workspace of the predictor, which serves one prediction at a time
   * @param rows N
   * @param samples S
   * @param labels {@code [N]} or null
   * @param y targets {@code [N, O]} in their own units, or null
   */
  Statistics(
      Backend backend,
      BayesianNetwork net,
      Workspace workspace,
      int rows,
      int samples,
      int[] labels,
      float[] y) {
    Likelihood likelihood = net.likelihood();
    this.backend = backend;
    this.net = net;
    this.workspace = workspace;
    this.rows = rows;
    this.classes = likelihood.classes() > 0;
    this.columns = classes ? likelihood.classes() : likelihood.targets();
    this.targets = targets(labels, y);
    this.mean = workspace.get("mean", DType.REAL, rows, columns);
    this.m2 = workspace.get("m2", DType.REAL, rows, columns);
    this.entropy = classes ? workspace.get("entropy", DType.REAL, rows) : null;
    this.votes = classes ? workspace.get("votes", DType.INT32, rows, columns) : null;
    this.logPredictive =
        targets == null ? null : workspace.get("logPredictive", DType.REAL, rows, 2);
    this.host = HostMoments.forLikelihood(likelihood, rows);
    this.samples = samples;
    this.totals =
        host == null && samples > BlockTotals.DRAWS
            ? new BlockTotals(rows, columns, classes)
            : null;
  }

  private Tensor targets(int[] labels, float[] y) {
    if (labels != null) {
      Tensor t = workspace.get("labels", DType.INT32, rows);
      backend.upload(t, labels);
      return t;
    }
    if (y != null) {
      Tensor t = workspace.get("targets", DType.REAL, rows, net.likelihood().targets());
      backend.upload(t, net.scaling().targets().map(scaler -> scaler.apply(y)).orElse(y));
      return t;
    }
    return null;
  }

  @Override
  public void outputs(Tape tape, Var out, int row, int end, int count, int seen) {
    Tensor outputs = out.value();
    int folded = seen % BlockTotals.DRAWS; // of the block
    if (classes) {
      backend.predictiveCategorical(
          mean.rows(row, end),
          m2.rows(row, end),
          entropy.columns(row, end),
          votes.rows(row, end),
          outputs,
          folded);
    } else if (host != null) {
      host.fold(backend, net.term(), outputs, row, end, count, seen);
    } else {
      backend.predictiveMoments(
          mean.rows(row, end), m2.rows(row, end), net.term().mean(outputs), folded);
      sharedNoise = net.term().logVariance(backend, outputs);
    }
    if (targets != null) {
      Tensor y = targets.rank() == 1 ? targets.columns(row, end) : targets.rows(row, end);
      Var logLik = net.term().logLik(tape, out, y, count);
      backend.predictiveLogLik(logPredictive.rows(row, end), logLik.value(), seen);
    }
    boolean whole = folded + count == BlockTotals.DRAWS || seen + count == samples;
    if (totals != null && whole) {
      addBlock(row, end, seen - folded, folded + count);
    }
  }

  private void addBlock(int row, int end, int before, int count) {
    totals.add(backend, mean.rows(row, end), m2.rows(row, end), row, before, count);
    if (classes) {
      totals.addClasses(
          backend, entropy.columns(row, end), votes.rows(row, end), row, before, count);
    }
  }

  Predictor.Result result() {
    Optional<Standardizer> units = net.scaling().targets();
    float[] logLik = null;
    if (logPredictive != null) {
      logLik = sums(logPredictive, net.scaling().logUnit());
    }
    if (host != null) {
      return new Predictor.Result(host.predictive(samples, units), logLik);
    }
    float[] means = totals == null ? reals(mean) : totals.mean();
    Overflow.check("mean prediction", means, columns);
    float[] squares = totals == null ? reals(m2) : totals.m2();
    Overflow.check("sum of squared deviations", squares, columns);
    if (!classes) {
      return new Predictor.Result(
          new Predictive(
              rows,
              columns,
              samples,
              means,
              squares,
              null,
              null,
              noiseVariance(),
              net.likelihood() instanceof Likelihood.Gaussian,
              units),
          logLik);
    }
    float[] entropies = totals == null ? reals(entropy) : totals.entropy();
    Overflow.check("mean entropy", entropies, 1);
    return new Predictor.Result(
        new Predictive(
            rows,
            columns,
            samples,
            means,
            squares,
            entropies,
            totals == null ? ints(votes) : totals.votes(),
            null,
            false,
            Optional.empty()),
        logLik);
  }

  /** {@code [N, O]} of noise with a scale that all rows share; null if it has no variance. */
  private double[] noiseVariance() {
    OptionalDouble unit =
        net.likelihood() instanceof Likelihood.StudentT t
            ? t.relativeVariance()
            : OptionalDouble.of(1);
    if (unit.isEmpty()) {
      return null;
    }
    double[] noise = new double[rows * columns];
    Arrays.setAll(noise, i -> unit.getAsDouble() * Math.exp(sharedNoise[i % columns]));
    return noise;
  }

  private float[] reals(Tensor from) {
    float[] values = new float[from.size()];
    backend.download(from, values);
    return values;
  }

  private int[] ints(Tensor from) {
    int[] values = new int[from.size()];
    backend.download(from, values);
    return values;
  }

  /** The sums of the rows of {@code [N, 2]}, less a value. */
  private float[] sums(Tensor pairs, double less) {
    float[] halves = new float[pairs.size()];
    backend.download(pairs, halves);
    float[] sums = new float[pairs.rows()];
    for (int i = 0; i < sums.length; i++) {
      sums[i] = (float) ((double) halves[2 * i] + halves[2 * i + 1] - less);
    }
    return sums;
  }
}
