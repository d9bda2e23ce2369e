package org.bhn.backend;

import org.bhn.backend.HeapBuffer.Ints;
import org.bhn.backend.HeapBuffer.Reals;
import org.bhn.uncertainty.StudentTDistribution;

/** Log-likelihoods of rows (s, b), in nats. */
final class JavaLikelihoods {
  private static final double LOG_2PI = Math.log(2 * Math.PI);

  private JavaLikelihoods() {}

  // ---- categorical ----

  /** log Σ_c exp x_c. */
  static double logSumExp(double[] x, int at, int n) {
    double max = x[at];
    for (int c = 1; c < n; c++) {
      max = Math.max(max, x[at + c]);
    }
    double sum = 0;
    for (int c = 0; c < n; c++) {
      sum += Math.exp(x[at + c] - max);
    }
    return max + Math.log(sum);
  }

  /** x[label] − log Σ_c exp x_c. */
  static Runnable categorical(Reals logLik, Reals logits, Ints labels) {
    return () -> {
      checkLabels("categorical", labels, logits.columns());
      for (int i = 0; i < logits.rows(); i++) {
        int at = logits.row(i);
        int label = labels.get(i % labels.size());
        logLik.set(i, logits.a()[at + label] - logSumExp(logits.a(), at, logits.columns()));
      }
    };
  }

  /** dx_c += dl ([c = label] − softmax_c). */
  static Runnable categoricalBackward(Reals dLogits, Reals dLogLik, Reals logits, Ints labels) {
    return () -> {
      checkLabels("categoricalBackward", labels, logits.columns());
      for (int i = 0; dLogits != null && i < logits.rows(); i++) {
        int at = logits.row(i);
        int to = dLogits.row(i);
        int label = labels.get(i % labels.size());
        double norm = logSumExp(logits.a(), at, logits.columns());
        for (int c = 0; c < logits.columns(); c++) {
          double softmax = Math.exp(logits.a()[at + c] - norm);
          dLogits.a()[to + c] += dLogLik.get(i) * ((c == label ? 1 : 0) - softmax);
        }
      }
    };
  }

  private static void checkLabels(String op, Ints labels, int classes) {
    for (int b = 0; b < labels.size(); b++) {
      int label = labels.get(b);
      if (label < 0 || label >= classes) {
        throw new IllegalArgumentException(
            op
                + ": labels["
                + b
                + "] = "
                + label
                + " is not one of the "
                + classes
                + " classes of logits");
      }
    }
  }

  // ---- gaussian, studentT ----

  /** A standard density, of an error e in units of its scale. */
  private interface Density {
    double log(double e);

    /** {@code −e} times the derivative of the log: e² by its weight in least squares. */
    double weightedSquare(double e);
  }

  private static final Density GAUSSIAN =
      new Density() {
        @Override
        public double log(double e) {
          return -0.5 * (LOG_2PI + e * e);
        }

        @Override
        public double weightedSquare(double e) {
          return e * e;
        }
      };

  private static Density studentT(double degreesOfFreedom) {
    StudentTDistribution t = new StudentTDistribution(degreesOfFreedom);
    return new Density() {
      @Override
      public double log(double e) {
        return t.logDensity(e);
      }

      /** (ν + 1) e² / (ν + e²), of an infinite e as well. */
      @Override
      public double weightedSquare(double e) {
        return (degreesOfFreedom + 1) / (1 + degreesOfFreedom / (e * e));
      }
    };
  }

  /** Row of the log-variance that belongs to row i of the mean. */
  private static int row(Reals logVar, LogVariance mode, int i, int batch) {
    return switch (mode) {
      case SHARED -> logVar.at();
      case PER_SAMPLE -> logVar.row(i / batch);
      case PER_ROW -> logVar.row(i);
    };
  }

  /** error exp(−v/2); an error of 0 has no weight, whatever v. */
  private static double standardised(double error, double logVar) {
    return error == 0 ? 0 : error * Math.exp(-0.5 * logVar);
  }

  /** Σ_o −½ (log 2π + v + (y − mean)² exp(−v)). */
  static Runnable gaussian(Reals logLik, Reals mean, Reals logVar, Reals target, LogVariance mode) {
    return locationScale(logLik, mean, logVar, target, mode, GAUSSIAN);
  }

  /** Σ_o log t_ν(e) − v/2, e = (y − mean) exp(−v/2). */
  static Runnable studentT(
      Reals logLik,
      Reals mean,
      Reals logVar,
      Reals target,
      LogVariance mode,
      double degreesOfFreedom) {
    return locationScale(logLik, mean, logVar, target, mode, studentT(degreesOfFreedom));
  }

  /** dmean += dl (y − mean) exp(−v), dv += dl ½ ((y − mean)² exp(−v) − 1). */
  static Runnable gaussianBackward(
      Reals dMean,
      Reals dLogVar,
      Reals dLogLik,
      Reals mean,
      Reals logVar,
      Reals target,
      LogVariance mode) {
    return locationScaleBackward(dMean, dLogVar, dLogLik, mean, logVar, target, mode, GAUSSIAN);
  }

  /** As of a Gaussian, but e² weighs (ν + 1)/(ν + e²). */
  static Runnable studentTBackward(
      Reals dMean,
      Reals dLogVar,
      Reals dLogLik,
      Reals mean,
      Reals logVar,
      Reals target,
      LogVariance mode,
      double degreesOfFreedom) {
    return locationScaleBackward(
        dMean, dLogVar, dLogLik, mean, logVar, target, mode, studentT(degreesOfFreedom));
  }

  private static Runnable locationScale(
      Reals logLik, Reals mean, Reals logVar, Reals target, LogVariance mode, Density density) {
    int batch = target.rows();
    return () -> {
      for (int i = 0; i < mean.rows(); i++) {
        int v = row(logVar, mode, i, batch);
        double sum = 0;
        for (int o = 0; o < mean.columns(); o++) {
          double logV = logVar.a()[v + o];
          double error = target.a()[target.row(i % batch) + o] - mean.a()[mean.row(i) + o];
          sum += density.log(standardised(error, logV)) - 0.5 * logV;
        }
        logLik.set(i, sum);
      }
    };
  }

  private static Runnable locationScaleBackward(
      Reals dMean,
      Reals dLogVar,
      Reals dLogLik,
      Reals mean,
      Reals logVar,
      Reals target,
      LogVariance mode,
      Density density) {
    int batch = target.rows();
    return () -> {
      for (int i = 0; i < mean.rows(); i++) {
        int v = row(logVar, mode, i, batch);
        double dl = dLogLik.get(i);
        for (int o = 0; o < mean.columns(); o++) {
          double error = target.a()[target.row(i % batch) + o] - mean.a()[mean.row(i) + o];
          double square = density.weightedSquare(standardised(error, logVar.a()[v + o]));
          if (dMean != null) {
            dMean.a()[dMean.row(i) + o] += error == 0 ? 0 : dl * (square / error);
          }
          if (dLogVar != null) {
            int to = row(dLogVar, mode, i, batch);
            dLogVar.a()[to + o] += dl * 0.5 * (square - 1);
          }
        }
      }
    };
  }

  // ---- bernoulli ----

  /** Σ_o y x − softplus(x), softplus(x) = max(x, 0) + log(1 + exp(−|x|)). */
  static Runnable bernoulli(Reals logLik, Reals logits, Reals target) {
    int batch = target.rows();
    return () -> {
      for (int i = 0; i < logits.rows(); i++) {
        double sum = 0;
        for (int o = 0; o < logits.columns(); o++) {
          double x = logits.a()[logits.row(i) + o];
          double y = target.a()[target.row(i % batch) + o];
          sum += y * x - (Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))));
        }
        logLik.set(i, sum);
      }
    };
  }

  /** dx += dl (y − sigmoid(x)). */
  static Runnable bernoulliBackward(Reals dLogits, Reals dLogLik, Reals logits, Reals target) {
    int batch = target.rows();
    return () -> {
      for (int i = 0; dLogits != null && i < logits.rows(); i++) {
        for (int o = 0; o < logits.columns(); o++) {
          double x = logits.a()[logits.row(i) + o];
          double y = target.a()[target.row(i % batch) + o];
          dLogits.a()[dLogits.row(i) + o] += dLogLik.get(i) * (y - 1 / (1 + Math.exp(-x)));
        }
      }
    };
  }

  // ---- poisson ----

  /**
   * log Γ(y + 1), y ≥ 0: Stirling's series for an argument raised to at least 16. That of Commons
   * Numbers allocates, which no step may.
   */
  static double logFactorial(double y) {
    double x = y + 1;
    double factors = 1;
    for (; x < 16; x++) {
      factors *= x;
    }
    double z = 1 / (x * x);
    double series =
        (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z * (1.0 / 1680 - z * (1.0 / 1188))))) / x;
    return (x - 0.5) * Math.log(x) - x + 0.5 * LOG_2PI + series - Math.log(factors);
  }

  /** Σ_o y x − exp(x) − log Γ(y + 1); y x counts as 0 where y is 0. */
  static Runnable poisson(Reals logLik, Reals logRate, Reals target) {
    int batch = target.rows();
    return () -> {
      for (int i = 0; i < logRate.rows(); i++) {
        double sum = 0;
        for (int o = 0; o < logRate.columns(); o++) {
          double x = logRate.a()[logRate.row(i) + o];
          double y = target.a()[target.row(i % batch) + o];
          sum += (y == 0 ? 0 : y * x) - Math.exp(x) - logFactorial(y);
        }
        logLik.set(i, sum);
      }
    };
  }

  /** dx += dl (y − exp(x)). */
  static Runnable poissonBackward(Reals dLogRate, Reals dLogLik, Reals logRate, Reals target) {
    int batch = target.rows();
    return () -> {
      for (int i = 0; dLogRate != null && i < logRate.rows(); i++) {
        for (int o = 0; o < logRate.columns(); o++) {
          double x = logRate.a()[logRate.row(i) + o];
          double y = target.a()[target.row(i % batch) + o];
          dLogRate.a()[dLogRate.row(i) + o] += dLogLik.get(i) * (y - Math.exp(x));
        }
      }
    };
  }
}
