package org.bhn.backend;

import java.util.function.UnaryOperator;

/** Small dense linear algebra for checking volumes. */
final class Dense {
  private static final double H = 1e-5;

  private Dense() {}

  /** J[j][i] = ∂f_j/∂x_i by central differences. */
  static double[][] jacobian(UnaryOperator<double[]> f, double[] x) {
    double[][] jacobian = new double[x.length][x.length];
    for (int i = 0; i < x.length; i++) {
      double[] up = x.clone();
      double[] down = x.clone();
      up[i] += H;
      down[i] -= H;
      double[] high = f.apply(up);
      double[] low = f.apply(down);
      for (int j = 0; j < x.length; j++) {
        jacobian[j][i] = (high[j] - low[j]) / (2 * H);
      }
    }
    return jacobian;
  }

  /** log |det A| by elimination with row pivots; A is overwritten. */
  static double logAbsDet(double[][] a) {
    double sum = 0;
    for (int k = 0; k < a.length; k++) {
      int pivot = k;
      for (int i = k + 1; i < a.length; i++) {
        pivot = Math.abs(a[i][k]) > Math.abs(a[pivot][k]) ? i : pivot;
      }
      double[] swap = a[k];
      a[k] = a[pivot];
      a[pivot] = swap;
      sum += Math.log(Math.abs(a[k][k]));
      for (int i = k + 1; i < a.length; i++) {
        double factor = a[i][k] / a[k][k];
        for (int j = k; j < a.length; j++) {
          a[i][j] -= factor * a[k][j];
        }
      }
    }
    return sum;
  }
}
