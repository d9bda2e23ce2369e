package org.bhn.backend;

import java.util.List;
import org.bhn.backend.HeapBuffer.Longs;
import org.bhn.backend.HeapBuffer.Reals;
import org.bhn.tensor.Tensor;

/** Adam (Kingma and Ba 2015) with clipping. */
final class JavaOptimiser {
  private JavaOptimiser() {}

  private record Numbers(double lr, double b1, double b2, double eps, double maxNorm, double clip) {
    static Numbers of(Reals hyper) {
      return new Numbers(
          hyper.get(0), hyper.get(1), hyper.get(2), hyper.get(3), hyper.get(4), hyper.get(5));
    }
  }

  static Runnable adam(AdamState state) {
    Reals[] theta = views(state.values());
    Reals[] g = views(state.gradients());
    Reals[] m = views(state.firstMoments());
    Reals[] v = views(state.secondMoments());
    Longs step = Longs.of(state.step());
    Reals hyper = Reals.of(state.hyper());
    Reals report = Reals.of(state.report());
    return () -> {
      Numbers h = Numbers.of(hyper);
      double norm = norm(g);
      boolean finite = Double.isFinite(norm);
      report.set(0, norm);
      report.set(1, finite ? 1 : 0);
      if (!finite) {
        return;
      }
      long t = step.get() + 1;
      double rate = h.lr() * Math.sqrt(1 - Math.pow(h.b2(), t)) / (1 - Math.pow(h.b1(), t));
      double scale = h.maxNorm() > 0 ? Math.min(norm, h.maxNorm()) / (1e-7 + norm) : 1;
      for (int p = 0; p < theta.length; p++) {
        update(theta[p], m[p], v[p], g[p], h, scale, rate);
      }
      step.a()[step.at()] = t;
    };
  }

  /** m = b1 m + (1 − b1) g, v = b2 v + (1 − b2) g², θ −= rate m/(√v + eps). */
  private static void update(
      Reals theta, Reals m, Reals v, Reals grad, Numbers h, double scale, double rate) {
    for (int i = 0; i < theta.size(); i++) {
      double g = grad.get(i) * scale;
      if (h.clip() > 0) {
        g = Math.max(-h.clip(), Math.min(h.clip(), g));
      }
      m.set(i, h.b1() * m.get(i) + (1 - h.b1()) * g);
      v.set(i, h.b2() * v.get(i) + (1 - h.b2()) * g * g);
      theta.add(i, -rate * m.get(i) / (Math.sqrt(v.get(i)) + h.eps()));
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
