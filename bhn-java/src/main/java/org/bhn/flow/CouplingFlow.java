package org.bhn.flow;

import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.bhn.backend.Backend;
import org.bhn.backend.Conditioner;
import org.bhn.tape.FlowOps;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tensor.Tensor;

/**
 * One RealNVP coupling step (Dinh et al. 2017): one half of the dimensions is copied and conditions
 * the affine transform of the other: y₂ = m(x₁) + s(x₁) ⊙ x₂, s = exp(a(x₁)) + δ.
 */
public final class CouplingFlow implements StepFlow {
  private final int dim;
  private final int from;
  private final int to;
  private final double delta;
  private final Conditioner net;
  private final Param params;

  /**
   * A step near the identity.
   *
   * @param upper whether the second half is transformed (else the first)
   */
  CouplingFlow(
      Backend backend, String name, int dim, boolean upper, FlowSpec spec, RandomGenerator random) {
    if (dim < 2) {
      throw new IllegalArgumentException(
          "a coupling needs at least 2 dimensions, got " + dim + ": use Flows.affine()");
    }
    this.dim = dim;
    this.delta = spec.delta();
    this.from = upper ? dim / 2 : 0;
    this.to = upper ? dim : dim / 2;
    this.net = Conditioner.dense(dim - (to - from), spec.hidden(), to - from, spec.weightNorm());
    this.params = new Param(backend, name + ".conditioner", net.parameterCount());
    Conditioners.initialise(params, net, spec.rowStd(), spec.gainStd(), random);
  }

  @Override
  public int dim() {
    return dim;
  }

  @Override
  public FlowOps.Step step(Tape tape) {
    return new FlowOps.Step(net, from == 0 ? to : 0, from, null, tape.param(params));
  }

  @Override
  public double delta() {
    return delta;
  }

  @Override
  public Tensor inverse(Backend backend, Tensor y, Tensor logDet) {
    int samples = y.rows();
    Tensor x = backend.pool().take(y.shape());
    Tensor total = backend.pool().take(samples);
    Tensor heads = backend.pool().take(samples, 2 * (to - from));
    Tensor hidden = backend.pool().take(samples, net.hidden());
    Tensor products = backend.pool().take(samples, net.rows());
    Tensor r = backend.pool().take(net.rows());
    Tensor fixed = from == 0 ? y.columns(to, dim) : y.columns(0, from);
    backend.copy(x, y);
    backend.made(heads, hidden, products, r, fixed, params.value(), net);
    backend.couplingInverse(x.columns(from, to), total, y.columns(from, to), heads, logDet, delta);
    backend.copy(logDet, total);
    return x;
  }

  @Override
  public List<Param> params() {
    return List.of(params);
  }

  @Override
  public Map<String, Tensor> constants() {
    return Map.of();
  }

  @Override
  public void close() {
    params.close();
  }
}
