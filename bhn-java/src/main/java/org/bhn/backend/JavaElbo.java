package org.bhn.backend;

import org.bhn.backend.HeapBuffer.Reals;

/** Prior densities and the training loss. */
final class JavaElbo {
  private static final double HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);

  private JavaElbo() {}

  /** A univariate density and its score. */
  private interface Density {
    double log(double w);

    /** d log p / dw. */
    double score(double w);
  }

  private static Density density(PriorKind kind, double p0, double p1, double p2) {
    return switch (kind) {
      case NORMAL -> new Normal(p0, p1);
      case LAPLACE -> new Laplace(p0, p1);
      case MIXTURE -> new Mixture(p0, new Normal(0, p1), new Normal(0, p2));
    };
  }

  private record Normal(double mean, double std) implements Density {
    @Override
    public double log(double w) {
      double e = (w - mean) / std;
      return -HALF_LOG_2PI - Math.log(std) - 0.5 * e * e;
    }

    @Override
    public double score(double w) {
      return (mean - w) / (std * std);
    }
  }

  /** −log 2b − |w − mean|/b; the score at the mean is 0. */
  private record Laplace(double mean, double b) implements Density {
    @Override
    public double log(double w) {
      return -Math.log(2 * b) - Math.abs(w - mean) / b;
    }

    @Override
    public double score(double w) {
      return Math.signum(mean - w) / b;
    }
  }

  /** weight first + (1 − weight) second, by log-sum-exp: far out both densities underflow. */
  private record Mixture(double weight, Normal first, Normal second) implements Density {
    @Override
    public double log(double w) {
      double a = Math.log(weight) + first.log(w);
      double b = Math.log1p(-weight) + second.log(w);
      return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
    }

    @Override
    public double score(double w) {
      double a = Math.log(weight) + first.log(w);
      double b = Math.log1p(-weight) + second.log(w);
      double share = 1 / (1 + Math.exp(b - a));
      return share * first.score(w) + (1 - share) * second.score(w);
    }
  }

  /** log_prior[s] = log_prior_in[s] + Σ_d log p(w[s, d]). */
  static Runnable prior(
      Reals logPrior, Reals w, Reals logPriorIn, PriorKind kind, double p0, double p1, double p2) {
    Density density = density(kind, p0, p1, p2);
    return () -> {
      for (int i = 0; i < w.rows(); i++) {
        double sum = logPriorIn == null ? 0 : logPriorIn.get(i);
        for (int j = 0; j < w.columns(); j++) {
          sum += density.log(w.a()[w.row(i) + j]);
        }
        logPrior.set(i, sum);
      }
    };
  }

  static Runnable priorBackward(
      Reals dW, Reals dLogPrior, Reals w, PriorKind kind, double p0, double p1, double p2) {
    Density density = density(kind, p0, p1, p2);
    return () -> {
      for (int i = 0; dW != null && i < w.rows(); i++) {
        for (int j = 0; j < w.columns(); j++) {
          dW.a()[dW.row(i) + j] += dLogPrior.get(i) * density.score(w.a()[w.row(i) + j]);
        }
      }
    };
  }

  /** loss = −mean log_lik − kl_scale (mean log_prior + mean log_det). */
  static Runnable elbo(Reals items, Reals logLik, Reals logPrior, Reals logDet, Reals klScale) {
    return () -> {
      double lik = mean(logLik);
      double prior = mean(logPrior);
      double det = mean(logDet);
      items.set(0, -lik - klScale.get(0) * (prior + det));
      items.set(1, lik);
      items.set(2, prior);
      items.set(3, det);
    };
  }

  private static double mean(Reals x) {
    if (x == null) {
      return 0;
    }
    double sum = 0;
    for (int i = 0; i < x.size(); i++) {
      sum += x.get(i);
    }
    return sum / x.size();
  }

  static Runnable elboBackward(
      Reals dLogLik, Reals dLogPrior, Reals dLogDet, Reals dLoss, Reals klScale) {
    return () -> {
      double d = dLoss == null ? 1 : dLoss.get(0);
      addMean(dLogLik, -d);
      addMean(dLogPrior, -d * klScale.get(0));
      addMean(dLogDet, -d * klScale.get(0));
    };
  }

  private static void addMean(Reals gradient, double value) {
    if (gradient == null) {
      return;
    }
    for (int i = 0; i < gradient.size(); i++) {
      gradient.add(i, value / gradient.size());
    }
  }
}
