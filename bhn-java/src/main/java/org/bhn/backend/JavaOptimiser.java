package org.bhn.backend;

import java.util.List;
import org.bhn.backend.HeapBuffer.Longs;
import org.bhn.backend.HeapBuffer.Reals;
import org.bhn.tensor.Tensor;

/** Adam (Kingma and Ba 2015) with clipping. */
final class JavaOptimiser {
  // Where the numbers lie in hyper.
  private static final int LR = 0;
  private static final int B1 = 1;
  private static final int B2 = 2;
  private static final int EPS = 3;
  private static final int MAX_NORM = 4;
  private static final int CLIP = 5;

  private JavaOptimiser() {}

  static Runnable adam(AdamState state) {
    Reals[] theta = views(state.values());
    Reals[] g = views(state.gradients());
    Reals[] m = views(state.firstMoments());
    Reals[] v = views(state.secondMoments());
    Longs step = Longs.of(state.step());
    Reals hyper = Reals.of(state.hyper());
    Reals report = Reals.of(state.report());
    return () -> {
      if (report.get(1) < 0) {
        return;
      }
      double norm = norm(g);
      double maxNorm = hyper.get(MAX_NORM);
      boolean good = Double.isFinite(norm) && !(maxNorm > 0 && norm > maxNorm / Double.MIN_NORMAL);
      report.set(0, norm);
      report.set(1, good ? 1 : -1);
      if (!good) {
        return;
      }
      long t = step.get() + 1;
      double correction =
          Math.sqrt(1 - Math.pow(hyper.get(B2), t)) / (1 - Math.pow(hyper.get(B1), t));
      double rate = hyper.get(LR) * correction;
      double scale = maxNorm > 0 ? Math.min(norm, maxNorm) / (1e-7 + norm) : 1;
      for (int p = 0; p < theta.length; p++) {
        update(theta[p], m[p], v[p], g[p], hyper, scale, rate);
      }
      step.a()[step.at()] = t;
    };
  }

  /** m = b1 m + (1 − b1) g, v = b2 v + (1 − b2) g², θ −= rate m/(√v + eps). */
  private static void update(
      Reals theta, Reals m, Reals v, Reals grad, Reals hyper, double scale, double rate) {
    double b1 = hyper.get(B1);
    double b2 = hyper.get(B2);
    double eps = hyper.get(EPS);
    double clip = hyper.get(CLIP);
    for (int i = 0; i < theta.size(); i++) {
      double g = grad.get(i) * scale;
      if (clip > 0) {
        g = Math.max(-clip, Math.min(clip, g));
      }
      m.set(i, b1 * m.get(i) + (1 - b1) * g);
      v.set(i, b2 * v.get(i) + (1 - b2) * g * g);
      theta.add(i, -rate * m.get(i) / (Math.sqrt(v.get(i)) + eps));
    }
  }

  private static double norm(Reals[] gradients) {
    double sum = 0;
    for (Reals g : gradients) {
      for (int i = 0; i < g.size(); i++) {
        sum += g.get(i) * g.get(i);
      }
    }
    return Math.sqrt(sum);
  }

  private static Reals[] views(List<Tensor> tensors) {
    return tensors.stream().map(Reals::of).toArray(Reals[]::new);
  }
}
