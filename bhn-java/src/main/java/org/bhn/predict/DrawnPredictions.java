package org.bhn.predict;

import org.bhn.backend.Backend;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;

/** Keeps what every draw predicts on the host: class probabilities, or means of real targets. */
final class DrawnPredictions implements Predictor.Visit {
  private final Backend backend;
  private final BayesianNetwork net;
  private final float[][][] values;
  private final int firstRow;

  /**
   * Room for S draws of N rows.
   *
   * @param firstRow what the first of the rows is called in messages
   */
  DrawnPredictions(Backend backend, BayesianNetwork net, int samples, int rows, int firstRow) {
    this.backend = backend;
    this.net = net;
    this.values = new float[samples][rows][];
    this.firstRow = firstRow;
  }

  @Override
  public void outputs(Tape tape, Var out, int row, int end, int count, int seen) {
    int batch = end - row;
    int width = net.term().mean(out.value()).columns();
    double[] outputs = new double[count * batch * width];
    backend.download(net.term().mean(out.value()), outputs);
    for (int i = 0; i < count * batch; i++) {
      values[seen + i / batch][row + i % batch] = prediction(outputs, i * width, width, row, batch);
    }
  }

  private float[] prediction(double[] outputs, int at, int width, int row, int batch) {
    int n = firstRow + row + at / width % batch;
    if (net.likelihood().classes() > 0) {
      double norm = LogSum.of(outputs, at, width);
      requireFinite(n, "sum of probabilities", norm);
      return softmax(outputs, at, width, norm);
    }
    float[] mean = new float[width];
    for (int o = 0; o < width; o++) {
      double value = net.likelihood().inverseLink(outputs[at + o]);
      requireFinite(n, "mean prediction", value);
      mean[o] = (float) value;
    }
    return net.scaling().targets().map(units -> units.invert(mean)).orElse(mean);
  }

  private static void requireFinite(int row, String what, double value) {
    if (!Double.isFinite(value)) {
      throw Overflow.at(row, what, value);
    }
  }

  private static float[] softmax(double[] logits, int at, int classes, double norm) {
    float[] p = new float[classes];
    for (int c = 0; c < classes; c++) {
      p[c] = (float) Math.exp(logits[at + c] - norm);
    }
    return p;
  }

  /** {@code [S][N][C or O]}. */
  float[][][] values() {
    return values;
  }
}
