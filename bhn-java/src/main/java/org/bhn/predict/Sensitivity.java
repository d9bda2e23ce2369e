package org.bhn.predict;

import java.util.Arrays;
import java.util.List;
import org.bhn.backend.Backend;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.Tensor;

/**
 * Gradients of log p̄(y|x) = log Σ_s p_s(y|x) − log S by x, from the logits a_s of all samples:
 *
 * <pre>
 *   ∇ log p̄ = Σ_s p_s(y) ∇ log p_s(y) / Σ_s p_s(y),   ∂ log p_s(y)/∂a_sc = [c = y] − p_s(c)
 * </pre>
 *
 * <p>The seeds p_s(y) ([c = y] − p_s(c)) are formed from their logarithms, and divided by the
 * largest of a row before they go backwards, so that no row's gradient underflows. 1 − p_s(y) is
 * the sum of the others: as a difference it is 0 in single precision once the classifier is sure.
 */
final class Sensitivity {
  /** Reals of the widest activation in one pass. */
  private static final int ACTIVATIONS = 1 << 20;

  private static final int SAMPLES = 32;

  private final Predictor predictor;
  private final BayesianNetwork net;
  private final Backend backend;

  Sensitivity(Predictor predictor, BayesianNetwork net, Backend backend) {
    this.predictor = predictor;
    this.net = net;
    this.backend = backend;
  }

  InputGradient of(Tensor x, int[] labels, int samples, long seed) {
    Sum sum = new Sum(x.rows(), x.columns());
    int piece = Math.min(samples, SAMPLES);
    int rowPiece = Math.max(1, ACTIVATIONS / (net.network().maxWidth() * piece));
    int block = predictor.drawsAtOnce(piece, samples);
    for (int first = 0; first < samples; first += block) {
      int last = Math.min(samples, first + block);
      Tensor drawn = predictor.draw(seed, first, last);
      for (int row = 0; row < x.rows(); row += rowPiece) {
        int end = Math.min(x.rows(), row + rowPiece);
        for (int seen = first; seen < last; seen += piece) {
          int count = Math.min(piece, last - seen);
          Tape tape = Tape.sensitivity(backend);
          Var in = tape.input(x.rows(row, end));
          Var out =
              net.posterior()
                  .forward(
                      tape, predictor.use(tape, seed, drawn, first, seen, count), in, count, row);
          backward(tape, in, out, Arrays.copyOfRange(labels, row, end), row, sum);
        }
      }
    }
    return sum.result();
  }

  private void backward(Tape tape, Var in, Var out, int[] labels, int row, Sum sum) {
    Seeds seeds = Seeds.of(backend, out.value(), labels);
    backend.upload(out.gradient(), seeds.values());
    tape.backward(List.of());
    double[] direction = new double[in.value().size()];
    backend.download(in.gradient(), direction);
    sum.add(row, direction, seeds);
  }

  /**
   * What goes backwards for some samples of some rows.
   *
   * @param values {@code [S·B, C]} p_s(y) ([c = y] − p_s(c)) / exp(logScale)
   * @param logScale {@code [B]} logarithm of the largest in size
   * @param logSum {@code [B]} log Σ_s p_s(y)
   */
  private record Seeds(double[] values, double[] logScale, double[] logSum) {
    static Seeds of(Backend backend, Tensor logits, int[] labels) {
      int classes = logits.columns();
      int batch = labels.length;
      double[] a = new double[logits.size()];
      backend.download(logits, a);
      double[] logScale = new double[batch];
      double[] logSum = new double[batch];
      Arrays.fill(logScale, Double.NEGATIVE_INFINITY);
      Arrays.fill(logSum, Double.NEGATIVE_INFINITY);
      for (int i = 0; i < logits.rows(); i++) {
        int b = i % batch;
        int at = i * classes;
        double logP = toLogs(a, at, classes, labels[b]);
        // The largest is that of the label, the sum of all others.
        logScale[b] = Math.max(logScale[b], a[at + labels[b]]);
        logSum[b] = LogSum.of(logSum[b], logP);
      }
      for (int i = 0; i < a.length; i++) {
        int b = i / classes % batch;
        a[i] = (i % classes == labels[b] ? 1 : -1) * Math.exp(a[i] - logScale[b]);
      }
      return new Seeds(a, logScale, logSum);
    }

    /** Turns a row of logits into logarithms of the seeds' sizes; returns log p(y). */
    private static double toLogs(double[] a, int at, int classes, int label) {
      double norm = LogSum.of(a, at, classes);
      double logP = a[at + label] - norm;
      a[at + label] = Double.NEGATIVE_INFINITY;
      for (int c = 0; c < classes; c++) {
        a[at + c] += logP - norm;
      }
      a[at + label] = LogSum.of(a, at, classes);
      return logP;
    }
  }

  /** Adds up what all samples say, each with a scale of its own. */
  private static final class Sum {
    private final int columns;
    private final double[] direction;
    private final double[] logScale;
    private final double[] logSum;

    Sum(int rows, int columns) {
      this.columns = columns;
      this.direction = new double[rows * columns];
      this.logScale = new double[rows];
      this.logSum = new double[rows];
      Arrays.fill(logScale, Double.NEGATIVE_INFINITY);
      Arrays.fill(logSum, Double.NEGATIVE_INFINITY);
    }

    void add(int row, double[] more, Seeds seeds) {
      for (int b = 0; b < seeds.logScale.length; b++) {
        int n = row + b;
        double scale = Math.max(logScale[n], seeds.logScale[b]);
        double keep = Math.exp(logScale[n] - scale);
        double take = Math.exp(seeds.logScale[b] - scale);
        for (int j = 0; j < columns; j++) {
          int at = n * columns + j;
          direction[at] = keep * direction[at] + take * more[b * columns + j];
        }
        logScale[n] = scale;
        logSum[n] = LogSum.of(logSum[n], seeds.logSum[b]);
      }
    }

    InputGradient result() {
      for (int n = 0; n < logScale.length; n++) {
        logScale[n] -= logSum[n];
      }
      Overflow.check("gradient", direction, columns);
      return new InputGradient(columns, direction, logScale);
    }
  }
}
