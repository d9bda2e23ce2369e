package org.bhn.backend;

import java.util.Arrays;
import org.bhn.backend.HeapBuffer.Ints;
import org.bhn.backend.HeapBuffer.Reals;

/**
 * The conditioner of a flow: rows y = (u · x) g r + b with r = 1/|u|, of which the first H see z
 * and pass a ReLU, and the others see those and are the heads.
 */
final class JavaMade {
  private final Conditioner net;
  private final int[] start;

  private JavaMade(Conditioner net) {
    this.net = net;
    this.start = new int[net.rows() + 1];
    Ints given = Ints.of(net.rowStart());
    for (int row = 0; row < net.rows(); row++) {
      int most = row < net.hidden() ? net.inputs() : net.hidden();
      start[row + 1] = given == null ? start[row] + most : given.get(row + 1);
      int before = fresh(row) ? 0 : start[row] - start[row - 1];
      int length = start[row + 1] - start[row];
      if (length < before || length > most || (given != null && given.get(0) != 0)) {
        throw broken();
      }
    }
    if (start[net.rows()] != net.weights()) {
      throw broken();
    }
  }

  private boolean fresh(int row) {
    return row == 0 || row == net.hidden() || row == net.hidden() + net.outputs();
  }

  private static IllegalArgumentException broken() {
    return new IllegalArgumentException(
        "made: row_start must rise from 0 to weights, by at most inputs (hidden rows) or hidden"
            + " (head rows), never by less than before within hidden, shift and log-scale rows");
  }

  private int length(int row) {
    return start[row + 1] - start[row];
  }

  private double gain(Reals params, int row) {
    return net.weightNorm() ? params.get(net.gains() + row) : 1;
  }

  private double dot(Reals params, int row, Reals x, int s) {
    double sum = 0;
    for (int i = 0; i < length(row); i++) {
      sum += params.get(start[row] + i) * x.a()[x.row(s) + i];
    }
    return sum;
  }

  /** Rows from {@code from}: y[s, row − from] = (u · x_s) g r + b; writes t = u · x and r. */
  private void forward(Reals y, Reals t, Reals r, Reals x, Reals params, int from, int to) {
    for (int row = from; row < to; row++) {
      double norm =
          net.weightNorm()
              ? JavaLayers.inverseNorm(params.a(), params.at() + start[row], length(row))
              : 1;
      r.set(row, norm);
      for (int s = 0; s < x.rows(); s++) {
        double product = dot(params, row, x, s);
        t.a()[t.row(s) + row] = product;
        y.a()[y.row(s) + row - from] =
            product * gain(params, row) * norm + params.get(net.biases() + row);
      }
    }
  }

  /**
   * With e = dy: a = e g r, c = −g r³ Σ_s e t, dg = r Σ_s e t, db = Σ_s e; dx += a u. The gradient
   * of u is orthogonal to u.
   */
  private void backward(
      Reals dX, Factors out, Reals dY, Reals x, Reals t, Reals r, Reals params, int from, int to) {
    for (int row = from; row < to; row++) {
      double norm = r.get(row);
      double gain = gain(params, row);
      double sum = 0;
      double along = 0;
      for (int s = 0; s < x.rows(); s++) {
        double e = dY.a()[dY.row(s) + row - from];
        sum += e;
        along += e * t.a()[t.row(s) + row];
        double a = e * gain * norm;
        out.set(s, row, a);
        for (int i = 0; dX != null && i < length(row); i++) {
          dX.a()[dX.row(s) + i] += a * params.get(start[row] + i);
        }
      }
      boolean normed = net.weightNorm();
      out.set(out.samples, row, normed ? gain * along * JavaLayers.slope(norm) : 0);
      out.set(out.samples + 2, row, normed ? along * norm : 0);
      out.set(out.samples + 3, row, sum);
      double squares = 0;
      for (int i = 0; i < length(row); i++) {
        squares += Math.pow(entry(out, x, params, row, i), 2);
      }
      out.set(out.samples + 1, row, Math.sqrt(squares));
    }
  }

  /** Entry i of the gradient of row u. */
  private double entry(Factors factors, Reals x, Reals params, int row, int i) {
    double sum = factors.get(factors.samples, row) * params.get(start[row] + i);
    for (int s = 0; s < factors.samples; s++) {
      sum += factors.get(s, row) * x.a()[x.row(s) + i];
    }
    return sum;
  }

  /** The rows a, c, norm, dg, db of R numbers each. */
  private record Factors(Reals values, int samples, int rows) {
    double get(int line, int row) {
      return values.get(line * rows + row);
    }

    void set(int line, int row, double value) {
      values.set(line * rows + row, value);
    }
  }

  static Runnable made(
      Reals heads, Reals hidden, Reals t, Reals r, Reals z, Reals params, Conditioner net) {
    JavaMade made = new JavaMade(net);
    return () -> {
      made.forward(hidden, t, r, z, params, 0, net.hidden());
      for (int i = 0; i < hidden.size(); i++) {
        hidden.set(i, JavaElementwise.activate(Activation.RELU, hidden.get(i)));
      }
      made.forward(heads, t, r, hidden, params, net.hidden(), net.rows());
    };
  }

  static Runnable madeBackward(
      Reals dZ,
      Reals factors,
      Reals dHeads,
      Reals z,
      Reals hidden,
      Reals t,
      Reals r,
      Reals params,
      Conditioner net) {
    int samples = z.rows();
    Reals dHidden =
        new Reals(new double[samples * net.hidden()], 0, net.hidden(), samples, net.hidden());
    Factors out = new Factors(factors, samples, net.rows());
    JavaMade made = new JavaMade(net);
    return () -> {
      Arrays.fill(dHidden.a(), 0);
      made.backward(dHidden, out, dHeads, hidden, t, r, params, net.hidden(), net.rows());
      for (int i = 0; i < dHidden.size(); i++) {
        if (!(hidden.get(i) > 0)) {
          dHidden.set(i, 0);
        }
      }
      made.backward(dZ, out, dHidden, z, t, r, params, 0, net.hidden());
    };
  }

  static Runnable madeGradient(
      Reals dParams, Reals factors, Reals z, Reals hidden, Reals params, Conditioner net) {
    Factors in = new Factors(factors, z.rows(), net.rows());
    JavaMade made = new JavaMade(net);
    return () -> {
      for (int row = 0; row < net.rows(); row++) {
        for (int i = 0; i < made.length(row); i++) {
          dParams.add(
              made.start[row] + i, made.entry(in, row < net.hidden() ? z : hidden, params, row, i));
        }
        dParams.add(net.gains() + row, in.get(in.samples + 2, row));
        dParams.add(net.biases() + row, in.get(in.samples + 3, row));
      }
    };
  }
}
