package org.bhn.flow;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bhn.backend.Backend;
import org.bhn.tape.FlowOps;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tensor.Tensor;

/**
 * The linear flow, always first: z = s ⊙ ε + b, s = exp(w) + δ, log det = Σ log s (Krueger et al.
 * 2017). Alone it is a diagonal Gaussian.
 */
public final class AffineFlow implements Flow {
  private final int dim;
  private final double delta;
  private final Param w;
  private final Param b;

  /**
   * A flow with zero shift and the given scale.
   *
   * @param std initial s, above delta
   */
  public AffineFlow(Backend backend, String name, int dim, double std, double delta) {
    if (!(std > delta)) {
      throw new IllegalArgumentException(
          "initial std = " + std + " must be above the flow's floor delta = " + delta);
    }
    this.dim = dim;
    this.delta = delta;
    this.w = new Param(backend, name + ".log_scale", dim);
    this.b = new Param(backend, name + ".shift", dim);
    double[] values = new double[dim];
    Arrays.fill(values, Math.log(std - delta));
    w.set(values);
  }

  @Override
  public int dim() {
    return dim;
  }

  @Override
  public FlowOps.State forward(Tape tape, FlowOps.State in) {
    return FlowOps.affine(in, tape.param(w), tape.param(b), delta);
  }

  @Override
  public Tensor inverse(Backend backend, Tensor y, Tensor logDet) {
    Tensor eps = backend.pool().take(y.shape());
    Tensor total = backend.pool().take(logDet.shape());
    backend.affineInverse(eps, total, y, w.value(), b.value(), logDet, delta);
    backend.copy(logDet, total);
    return eps;
  }

  /** Sets the shift b. */
  public void shift(double[] values) {
    b.set(values);
  }

  /** The standard deviations s. */
  public double[] scale() {
    double[] s = w.get();
    for (int i = 0; i < s.length; i++) {
      s[i] = Math.exp(s[i]) + delta;
    }
    return s;
  }

  @Override
  public List<Param> params() {
    return List.of(w, b);
  }

  @Override
  public Map<String, Tensor> constants() {
    return Map.of();
  }

  @Override
  public void close() {
    w.close();
    b.close();
  }
}
