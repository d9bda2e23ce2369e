package org.bhn.backend;

import org.bhn.backend.HeapBuffer.Ints;
import org.bhn.backend.HeapBuffer.Reals;

/** Statistics over weight samples, folded in one sample at a time (Welford 1962). */
final class JavaPredictive {
  private JavaPredictive() {}

  /** The n-th value x: d = x − mean, mean += d/n, m2 += d (x − mean). */
  private static void fold(Reals mean, Reals m2, int i, double x, long n) {
    if (n == 1) {
      mean.set(i, x);
      m2.set(i, 0);
      return;
    }
    double d = x - mean.get(i);
    mean.add(i, d / n);
    m2.add(i, d * (x - mean.get(i)));
  }

  /** p = softmax(logits), H = −Σ_c p_c log p_c, a vote for the first largest logit. */
  static Runnable categorical(
      Reals mean, Reals m2, Reals entropy, Ints votes, Reals logits, long seen) {
    int batch = mean.rows();
    int classes = mean.columns();
    return () -> {
      for (int i = 0; i < logits.rows(); i++) {
        long n = seen + 1 + i / batch;
        int b = i % batch;
        int at = logits.row(i);
        double norm = JavaLikelihoods.logSumExp(logits.a(), at, classes);
        double h = 0;
        int best = 0;
        for (int c = 0; c < classes; c++) {
          double logP = logits.a()[at + c] - norm;
          double p = Math.exp(logP);
          h -= p > 0 ? p * logP : 0;
          best = logits.a()[at + c] > logits.a()[at + best] ? c : best;
          fold(mean, m2, b * classes + c, p, n);
        }
        double old = n == 1 ? 0 : entropy.get(b);
        entropy.set(b, old + (h - old) / n);
        vote(votes, b * classes, classes, best, n);
      }
    };
  }

  private static void vote(Ints votes, int row, int classes, int best, long n) {
    for (int c = 0; c < classes; c++) {
      int old = n == 1 ? 0 : votes.get(row + c);
      votes.a()[votes.at() + row + c] = c == best ? old + 1 : old;
    }
  }

  static Runnable moments(Reals mean, Reals m2, Reals values, long seen) {
    int batch = mean.rows();
    int outputs = mean.columns();
    return () -> {
      for (int i = 0; i < values.rows(); i++) {
        long n = seen + 1 + i / batch;
        for (int o = 0; o < outputs; o++) {
          fold(mean, m2, i % batch * outputs + o, values.a()[values.row(i) + o], n);
        }
      }
    };
  }

  /** log((n − 1)/n exp(old) + 1/n exp(new)), by log-sum-exp. */
  static Runnable logLik(Reals logMean, Reals logLik, long seen) {
    int batch = logMean.rows();
    return () -> {
      for (int i = 0; i < logLik.size(); i++) {
        long n = seen + 1 + i / batch;
        int b = i % batch;
        double x = logLik.get(i);
        double[] state = logMean.a();
        int at = logMean.row(b);
        double rest = n == 1 ? 0 : state[at + 1];
        state[at + 1] = 0;
        if (n == 1) {
          state[at] = x;
          continue;
        }
        double old = state[at] + rest + Math.log(n - 1.0);
        double high = Math.max(old, x);
        double sum =
            high == Double.NEGATIVE_INFINITY
                ? high
                : high + Math.log1p(Math.exp(Math.min(old, x) - high));
        state[at] = sum - Math.log(n);
      }
    };
  }
}
