package org.bhn.backend;

import java.util.Arrays;
import org.bhn.backend.HeapBuffer.Ints;
import org.bhn.backend.HeapBuffer.Longs;
import org.bhn.backend.HeapBuffer.Reals;

/** Elementwise ops, row gathers and row sums. */
final class JavaElementwise {
  private static final double INV_SQRT_2PI = 1 / Math.sqrt(2 * Math.PI);

  /** Beyond it Φ is 0 or 1 and its density 0; an infinity times 0 would be no number. */
  private static final double PHI_RANGE = 40;

  private JavaElementwise() {}

  static Runnable fill(Reals x, double value) {
    return () -> {
      for (int i = 0; i < x.rows(); i++) {
        Arrays.fill(x.a(), x.row(i), x.row(i) + x.columns(), value);
      }
    };
  }

  static Runnable copy(Reals y, Reals x) {
    return () -> {
      for (int i = 0; i < x.rows(); i++) {
        System.arraycopy(x.a(), x.row(i), y.a(), y.row(i), x.columns());
      }
    };
  }

  /** y += alpha x. */
  static Runnable axpy(Reals y, Reals x, double alpha) {
    return () -> {
      for (int i = 0; i < x.rows(); i++) {
        int to = y.row(i);
        int from = x.row(i);
        for (int j = 0; j < x.columns(); j++) {
          y.a()[to + j] += alpha * x.a()[from + j];
        }
      }
    };
  }

  static Runnable mul(Reals y, Reals a, Reals b) {
    return () -> {
      for (int i = 0; i < a.size(); i++) {
        y.set(i, a.get(i) * b.get(i));
      }
    };
  }

  static Runnable mulBackward(Reals dA, Reals dB, Reals dY, Reals a, Reals b) {
    return () -> {
      for (int i = 0; dA != null && i < a.size(); i++) {
        dA.add(i, dY.get(i) * b.get(i));
      }
      for (int i = 0; dB != null && i < b.size(); i++) {
        dB.add(i, dY.get(i) * a.get(i));
      }
    };
  }

  /** act(x). */
  static double activate(Activation activation, double x) {
    return switch (activation) {
      case IDENTITY -> x;
      case RELU -> x <= 0 ? 0 : x; // NaN stays, as on every device
      case TANH -> Math.tanh(x);
      case GELU -> Math.max(x, -PHI_RANGE) * phi(x);
    };
  }

  private static double phi(double x) {
    return Erf.normalCdf(Math.clamp(x, -PHI_RANGE, PHI_RANGE));
  }

  /** act'(x). */
  static double slope(Activation activation, double x) {
    return switch (activation) {
      case IDENTITY -> 1;
      case RELU -> x > 0 ? 1 : 0;
      case TANH -> {
        double y = Math.tanh(x);
        yield 1 - y * y;
      }
      case GELU -> {
        double inner = Math.clamp(x, -PHI_RANGE, PHI_RANGE);
        yield phi(x) + inner * INV_SQRT_2PI * Math.exp(-0.5 * inner * inner);
      }
    };
  }

  static Runnable activation(Reals y, Reals x, Activation activation) {
    return () -> {
      for (int i = 0; i < x.size(); i++) {
        y.set(i, activate(activation, x.get(i)));
      }
    };
  }

  static Runnable activationBackward(Reals dX, Reals dY, Reals x, Activation activation) {
    return () -> {
      for (int i = 0; dX != null && i < x.size(); i++) {
        dX.add(i, dY.get(i) * slope(activation, x.get(i)));
      }
    };
  }

  /** y[i, :] = x[order[cursor + i], :]. */
  static Runnable gather(Reals y, Reals x, Ints order, Longs cursor) {
    return () -> {
      int first = checkedFirst(cursor, order, y.rows(), x.rows());
      for (int i = 0; i < y.rows(); i++) {
        int from = x.row(order.get(first + i));
        System.arraycopy(x.a(), from, y.a(), y.row(i), y.columns());
      }
    };
  }

  /** y[i] = x[order[cursor + i]]. */
  static Runnable gather(Ints y, Ints x, Ints order, Longs cursor) {
    return () -> {
      int first = checkedFirst(cursor, order, y.size(), x.size());
      for (int i = 0; i < y.size(); i++) {
        y.a()[y.at() + i] = x.get(order.get(first + i));
      }
    };
  }

  /** The cursor, if it and the n indices it points to are in range. */
  private static int checkedFirst(Longs cursor, Ints order, int n, int rows) {
    long first = cursor.get();
    if (first < 0 || first > order.size() - n) {
      throw new IllegalArgumentException(
          "gather: cursor = "
              + first
              + " does not leave "
              + n
              + " of the "
              + order.size()
              + " entries of order: set it back to 0");
    }
    for (int i = (int) first; i < first + n; i++) {
      int row = order.get(i);
      if (row < 0 || row >= rows) {
        throw new IllegalArgumentException(
            "gather: order[" + i + "] = " + row + " is not one of the " + rows + " rows of x");
      }
    }
    return (int) first;
  }

  /** out[i] = Σ_j x[i, j]. */
  static Runnable sumRows(Reals out, Reals x) {
    return () -> {
      for (int i = 0; i < x.rows(); i++) {
        double sum = 0;
        for (int j = 0; j < x.columns(); j++) {
          sum += x.a()[x.row(i) + j];
        }
        out.set(i, sum);
      }
    };
  }

  static Runnable sumRowsBackward(Reals dX, Reals dOut) {
    return () -> {
      for (int i = 0; dX != null && i < dX.rows(); i++) {
        for (int j = 0; j < dX.columns(); j++) {
          dX.a()[dX.row(i) + j] += dOut.get(i);
        }
      }
    };
  }
}
