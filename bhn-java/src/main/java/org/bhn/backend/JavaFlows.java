package org.bhn.backend;

import org.bhn.backend.HeapBuffer.Ints;
import org.bhn.backend.HeapBuffer.Reals;

/** The invertible transforms: coupling, permutation, the linear flow. */
final class JavaFlows {
  private JavaFlows() {}

  private static double scale(double a, double delta) {
    return Math.exp(a) + delta;
  }

  private static double start(Reals logDetIn, int s) {
    return logDetIn == null ? 0 : logDetIn.get(s);
  }

  // ---- coupling ----

  /** y = m + s z, s = exp(a) + delta, log_det += Σ log s; heads = [m | a]. */
  static Runnable coupling(
      Reals y, Reals logDet, Reals z, Reals heads, Reals logDetIn, double delta) {
    int d = z.columns();
    return () -> {
      for (int i = 0; i < z.rows(); i++) {
        double sum = start(logDetIn, i);
        int m = heads.row(i);
        for (int j = 0; j < d; j++) {
          double s = scale(heads.a()[m + d + j], delta);
          y.a()[y.row(i) + j] = heads.a()[m + j] + s * z.a()[z.row(i) + j];
          sum += Math.log(s);
        }
        logDet.set(i, sum);
      }
    };
  }

  /** dm += dy, da += (dy z + dlogdet/s) exp(a), dz += dy s; ds/da = exp(a). */
  static Runnable couplingBackward(
      Reals dZ, Reals dHeads, Reals dY, Reals dLogDet, Reals z, Reals heads, double delta) {
    int d = z.columns();
    return () -> {
      for (int i = 0; i < z.rows(); i++) {
        double dL = dLogDet == null ? 0 : dLogDet.get(i);
        int m = heads.row(i);
        for (int j = 0; j < d; j++) {
          double e = Math.exp(heads.a()[m + d + j]);
          double s = e + delta;
          double dy = dY == null ? 0 : dY.a()[dY.row(i) + j];
          if (dHeads != null) {
            int to = dHeads.row(i);
            dHeads.a()[to + j] += dy;
            dHeads.a()[to + d + j] += (dy * z.a()[z.row(i) + j] + dL / s) * e;
          }
          if (dZ != null) {
            dZ.a()[dZ.row(i) + j] += dy * s;
          }
        }
      }
    };
  }

  /** z = (y − m)/s; log_det is that of the forward transform. */
  static Runnable couplingInverse(
      Reals z, Reals logDet, Reals y, Reals heads, Reals logDetIn, double delta) {
    int d = y.columns();
    return () -> {
      for (int i = 0; i < y.rows(); i++) {
        double sum = start(logDetIn, i);
        int m = heads.row(i);
        for (int j = 0; j < d; j++) {
          double s = scale(heads.a()[m + d + j], delta);
          z.a()[z.row(i) + j] = (y.a()[y.row(i) + j] - heads.a()[m + j]) / s;
          sum += Math.log(s);
        }
        logDet.set(i, sum);
      }
    };
  }

  // ---- permute ----

  /** y[s, j] = x[s, permutation[j]]. */
  static Runnable permute(Reals y, Reals x, Ints permutation) {
    return () -> {
      checkIndices("permute", permutation);
      for (int i = 0; i < x.rows(); i++) {
        for (int j = 0; j < x.columns(); j++) {
          y.a()[y.row(i) + j] = x.a()[x.row(i) + permutation.get(j)];
        }
      }
    };
  }

  static Runnable permuteBackward(Reals dX, Reals dY, Ints permutation) {
    return () -> {
      checkIndices("permuteBackward", permutation);
      for (int i = 0; dX != null && i < dX.rows(); i++) {
        for (int j = 0; j < dX.columns(); j++) {
          dX.a()[dX.row(i) + permutation.get(j)] += dY.a()[dY.row(i) + j];
        }
      }
    };
  }

  private static void checkIndices(String op, Ints permutation) {
    for (int j = 0; j < permutation.size(); j++) {
      int p = permutation.get(j);
      if (p < 0 || p >= permutation.size()) {
        throw new IllegalArgumentException(
            op
                + ": permutation["
                + j
                + "] = "
                + p
                + " must be from 0 to "
                + (permutation.size() - 1));
      }
    }
  }

  // ---- affine ----

  /** z = s eps + b, s = exp(w) + delta, log_det += Σ log s. */
  static Runnable affine(
      Reals z, Reals logDet, Reals eps, Reals w, Reals b, Reals logDetIn, double delta) {
    return () -> {
      double sum = logScale(w, delta);
      for (int i = 0; i < eps.rows(); i++) {
        for (int j = 0; j < eps.columns(); j++) {
          double s = scale(w.get(j), delta);
          z.a()[z.row(i) + j] = s * eps.a()[eps.row(i) + j] + b.get(j);
        }
        logDet.set(i, start(logDetIn, i) + sum);
      }
    };
  }

  /** deps += dz s, dw += Σ_s (dz eps + dlogdet/s) exp(w), db += Σ_s dz. */
  static Runnable affineBackward(
      Reals dEps, Reals dW, Reals dB, Reals dZ, Reals dLogDet, Reals eps, Reals w, double delta) {
    return () -> {
      for (int i = 0; i < eps.rows(); i++) {
        double dL = dLogDet == null ? 0 : dLogDet.get(i);
        for (int j = 0; j < eps.columns(); j++) {
          double e = Math.exp(w.get(j));
          double s = e + delta;
          double dz = dZ == null ? 0 : dZ.a()[dZ.row(i) + j];
          if (dEps != null) {
            dEps.a()[dEps.row(i) + j] += dz * s;
          }
          if (dW != null) {
            dW.add(j, (dz * eps.a()[eps.row(i) + j] + dL / s) * e);
          }
          if (dB != null) {
            dB.add(j, dz);
          }
        }
      }
    };
  }

  /** eps = (z − b)/s; log_det is that of the forward transform. */
  static Runnable affineInverse(
      Reals eps, Reals logDet, Reals z, Reals w, Reals b, Reals logDetIn, double delta) {
    return () -> {
      double sum = logScale(w, delta);
      for (int i = 0; i < z.rows(); i++) {
        for (int j = 0; j < z.columns(); j++) {
          double s = scale(w.get(j), delta);
          eps.a()[eps.row(i) + j] = (z.a()[z.row(i) + j] - b.get(j)) / s;
        }
        logDet.set(i, start(logDetIn, i) + sum);
      }
    };
  }

  private static double logScale(Reals w, double delta) {
    double sum = 0;
    for (int j = 0; j < w.size(); j++) {
      sum += Math.log(scale(w.get(j), delta));
    }
    return sum;
  }
}
