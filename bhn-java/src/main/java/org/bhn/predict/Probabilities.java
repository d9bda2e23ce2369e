package org.bhn.predict;

import org.bhn.backend.Backend;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;

/** Keeps the softmax of every draw on the host. */
final class Probabilities implements Predictor.Visit {
  private final Backend backend;
  private final float[][][] values;

  Probabilities(Backend backend, int samples, int rows) {
    this.backend = backend;
    this.values = new float[samples][rows][];
  }

  @Override
  public void outputs(Tape tape, Var out, int row, int end, int count, int seen) {
    int classes = out.value().columns();
    int batch = end - row;
    double[] logits = new double[out.value().size()];
    backend.download(out.value(), logits);
    for (int i = 0; i < count * batch; i++) {
      double norm = LogSum.of(logits, i * classes, classes);
      if (!Double.isFinite(norm)) {
        throw Overflow.at(row + i % batch, "sum of probabilities", norm);
      }
      values[seen + i / batch][row + i % batch] = softmax(logits, i * classes, classes, norm);
    }
  }

  private static float[] softmax(double[] logits, int at, int classes, double norm) {
    float[] p = new float[classes];
    for (int c = 0; c < classes; c++) {
      p[c] = (float) Math.exp(logits[at + c] - norm);
    }
    return p;
  }

  /** {@code [S][N][C]}. */
  float[][][] values() {
    return values;
  }
}
