package org.bhn.backend;

import java.util.Arrays;
import org.bhn.backend.HeapBuffer.Reals;

/** Weight norm and the epilogue of a product. */
final class JavaLayers {
  /** Smallest norm of a row that is not all zeros. */
  private static final double NORM_FLOOR = 1e-12;

  private JavaLayers() {}

  /** 1/‖v‖, 0 for a row of zeros. */
  static double inverseNorm(double[] v, int at, int columns) {
    double sum = 0;
    boolean zero = true;
    for (int i = at; i < at + columns; i++) {
      sum += v[i] * v[i];
      zero &= v[i] == 0;
    }
    return zero ? 0 : 1 / Math.max(Math.sqrt(sum), NORM_FLOOR);
  }

  static Runnable weightNorm(Reals r, Reals v) {
    return () -> {
      for (int j = 0; j < v.rows(); j++) {
        r.set(j, inverseNorm(v.a(), v.row(j), v.columns()));
      }
    };
  }

  /** The factor of v_i in ∂r/∂v_i: −r³, 0 where the norm is taken as the least. */
  static double slope(double r) {
    return r >= 1 / NORM_FLOOR ? 0 : -r * r * r;
  }

  /** ∂r/∂v_i = −r³ v_i. */
  static Runnable weightNormBackward(Reals dV, Reals dR, Reals v, Reals r) {
    return () -> {
      for (int j = 0; dV != null && j < v.rows(); j++) {
        double factor = dR.get(j) * slope(r.get(j));
        for (int i = 0; i < v.columns(); i++) {
          dV.a()[dV.row(j) + i] += factor * v.a()[v.row(j) + i];
        }
      }
    };
  }

  /**
   * The inputs of the gain op and where the row (s, b) of each lies.
   *
   * @param shared whether t serves all samples
   * @param perExample whether g has one draw for each example
   * @param perSampleBias whether each sample has its own bias
   */
  record Gain(
      Reals t,
      Reals g,
      Reals r,
      Reals bias,
      int samples,
      int batch,
      boolean shared,
      boolean perExample,
      boolean perSampleBias,
      Activation activation) {

    int rowT(int s, int b) {
      return shared ? b : s * batch + b;
    }

    int rowG(int s, int b) {
      return perExample ? s * batch + b : s;
    }

    int rowBias(int s) {
      return perSampleBias ? s : 0;
    }

    double t(int s, int b, int j) {
      return t.a()[t.row(rowT(s, b)) + j];
    }

    double g(int s, int b, int j) {
      return g == null ? 1 : g.a()[g.row(rowG(s, b)) + j];
    }

    double r(int j) {
      return r == null ? 1 : r.get(j);
    }

    double bias(int s, int j) {
      return bias == null ? 0 : bias.a()[bias.row(rowBias(s)) + j];
    }

    /** t g r + bias. */
    double linear(int s, int b, int j) {
      return t(s, b, j) * g(s, b, j) * r(j) + bias(s, j);
    }
  }

  /** y = act(t g r + bias). */
  static Runnable gain(Reals y, Gain in) {
    return () -> {
      for (int s = 0; s < in.samples(); s++) {
        for (int b = 0; b < in.batch(); b++) {
          int to = y.row(s * in.batch() + b);
          for (int j = 0; j < y.columns(); j++) {
            y.a()[to + j] = JavaElementwise.activate(in.activation(), in.linear(s, b, j));
          }
        }
      }
    };
  }

  /** With e = dy act'(t g r + bias): dt = beta dt + e g r, dg += e t r, dr += e t g, dbias += e. */
  static Runnable gainBackward(
      Reals dT, Reals dG, Reals dR, Reals dBias, Reals dY, Gain in, double beta) {
    return () -> {
      for (int i = 0; dT != null && beta == 0 && i < dT.rows(); i++) {
        Arrays.fill(dT.a(), dT.row(i), dT.row(i) + dT.columns(), 0);
      }
      for (int s = 0; s < in.samples(); s++) {
        for (int b = 0; b < in.batch(); b++) {
          int from = dY.row(s * in.batch() + b);
          for (int j = 0; j < dY.columns(); j++) {
            double e =
                dY.a()[from + j] * JavaElementwise.slope(in.activation(), in.linear(s, b, j));
            addAt(dT, in.rowT(s, b), j, e * in.g(s, b, j) * in.r(j));
            addAt(dG, in.rowG(s, b), j, e * in.t(s, b, j) * in.r(j));
            addAt(dR, 0, j, e * in.t(s, b, j) * in.g(s, b, j));
            addAt(dBias, in.rowBias(s), j, e);
          }
        }
      }
    };
  }

  private static void addAt(Reals x, int i, int j, double value) {
    if (x != null) {
      x.a()[x.row(i) + j] += value;
    }
  }
}
