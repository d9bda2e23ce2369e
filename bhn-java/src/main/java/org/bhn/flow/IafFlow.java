package org.bhn.flow;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.bhn.backend.Backend;
import org.bhn.backend.Conditioner;
import org.bhn.tape.FlowOps;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * One step of inverse autoregressive flow (Kingma et al. 2016) with a MADE conditioner: x = z in
 * the step's own random order, then z'_j = m_j(x) + s_j(x) x_j, s = exp(a) + δ, log det = Σ log s.
 * Output j depends on x_0 … x_{j − 1} only, so the Jacobian is triangular.
 */
public final class IafFlow implements StepFlow {
  private final double delta;
  private final Backend owner;
  private final Conditioner net;
  private final Param params;
  private final Tensor order;
  private final String name;

  /** A step near a permutation, with its own order. */
  IafFlow(Backend backend, String name, int dim, FlowSpec spec, RandomGenerator random) {
    this.owner = backend;
    this.name = name;
    this.delta = spec.delta();
    if (dim < 2) {
      throw new IllegalArgumentException(
          "an IAF needs at least 2 dimensions, got " + dim + ": use Flows.affine()");
    }
    this.order = constant(backend, permutation(dim, random));
    this.net = Conditioner.autoregressive(backend, dim, spec.hidden(), spec.weightNorm());
    this.params = new Param(backend, name + ".conditioner", net.parameterCount());
    Conditioners.initialise(params, net, spec.rowStd(), spec.gainStd(), random);
  }

  /** A random permutation of 0..n−1 (Fisher and Yates); without random numbers, the identity. */
  static int[] permutation(int n, RandomGenerator random) {
    int[] p = new int[n];
    Arrays.setAll(p, i -> i);
    for (int i = n - 1; random != null && i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swap = p[i];
      p[i] = p[j];
      p[j] = swap;
    }
    return p;
  }

  static Tensor constant(Backend backend, int[] values) {
    Tensor tensor = backend.allocate(DType.INT32, values.length);
    backend.upload(tensor, values);
    return tensor;
  }

  @Override
  public int dim() {
    return net.inputs();
  }

  @Override
  public FlowOps.Step step(Tape tape) {
    return new FlowOps.Step(net, 0, 0, order, tape.param(params));
  }

  @Override
  public double delta() {
    return delta;
  }

  /**
   * Fixed-point iteration of x = (y − m(x))/s(x): after k rounds the first k dimensions are exact,
   * so it ends after at most D rounds, and sooner near a permutation. The scatter back into the old
   * order is the backward of the gather.
   */
  @Override
  public Tensor inverse(Backend backend, Tensor y, Tensor logDet) {
    int samples = y.rows();
    Tensor x = backend.pool().take(y.shape());
    Tensor z = backend.pool().take(y.shape());
    Tensor total = backend.pool().take(samples);
    Tensor heads = backend.pool().take(samples, 2 * dim());
    Tensor hidden = backend.pool().take(samples, net.hidden());
    Tensor products = backend.pool().take(samples, net.rows());
    Tensor r = backend.pool().take(net.rows());
    backend.copy(x, y);
    double[] before = new double[x.size()];
    double[] after = new double[x.size()];
    backend.download(x, before);
    for (int round = 0; round <= dim(); round++) {
      backend.made(heads, hidden, products, r, x, params.value(), net);
      backend.couplingInverse(x, total, y, heads, logDet, delta);
      backend.download(x, after);
      if (Arrays.equals(before, after)) {
        break;
      }
      System.arraycopy(after, 0, before, 0, after.length);
    }
    backend.copy(logDet, total);
    backend.fill(z, 0);
    backend.permuteBackward(z, x, order);
    return z;
  }

  @Override
  public List<Param> params() {
    return List.of(params);
  }

  @Override
  public Map<String, Tensor> constants() {
    return Map.of(name + ".permutation", order);
  }

  @Override
  public void close() {
    params.close();
    for (Tensor t : new Tensor[] {order, net.rowStart()}) {
      if (!t.isStale()) {
        owner.release(t);
      }
    }
  }
}
