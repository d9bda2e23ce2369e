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
import org.bhn.tape.Var;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * One step of inverse autoregressive flow (Kingma et al. 2016) with a MADE conditioner: z' = m(z) +
 * s(z) ⊙ z, s = exp(a(z)) + δ, log det = Σ log s. Output j depends only on inputs that come before
 * it in the step's own random order, so the Jacobian is triangular in that order.
 */
public final class IafFlow implements Flow {
  private final double delta;
  private final Backend owner;
  private final Conditioner net;
  private final Param params;
  private final String name;

  /** A step near the identity, with its own order and hidden degrees. */
  IafFlow(Backend backend, String name, int dim, FlowSpec spec, RandomGenerator random) {
    this.owner = backend;
    this.name = name;
    this.delta = spec.delta();
    if (dim < 2) {
      throw new IllegalArgumentException(
          "an IAF needs at least 2 dimensions, got " + dim + ": use Flows.affine()");
    }
    int[] order = permutation(dim, random);
    int[] hiddenDegree = new int[spec.hidden()];
    Arrays.setAll(hiddenDegree, h -> 1 + random.nextInt(dim - 1));
    int[] inDegree = Arrays.stream(order).map(p -> p + 1).toArray();
    this.net =
        new Conditioner(
            dim,
            spec.hidden(),
            dim,
            constant(backend, inDegree),
            constant(backend, hiddenDegree),
            constant(backend, order),
            spec.weightNorm());
    this.params = new Param(backend, name + ".conditioner", net.parameterCount());
    Conditioners.initialise(backend, params, net, spec.rowStd(), spec.gainStd(), random);
  }

  /** A random permutation of 0..n−1 (Fisher and Yates). */
  static int[] permutation(int n, RandomGenerator random) {
    int[] p = new int[n];
    Arrays.setAll(p, i -> i);
    for (int i = n - 1; i > 0; i--) {
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
  public FlowOps.State forward(Tape tape, FlowOps.State in) {
    Var heads = FlowOps.made(in.z(), tape.param(params), net);
    return FlowOps.coupling(in, heads, 0, dim(), delta);
  }

  /**
   * Fixed-point iteration of z = (y − m(z))/s(z): after k rounds the first k dimensions of the
   * order are exact, so it ends after at most D rounds, and sooner near the identity.
   */
  @Override
  public Tensor inverse(Backend backend, Tensor y, Tensor logDet) {
    int samples = y.rows();
    Tensor z = backend.pool().take(y.shape());
    Tensor total = backend.pool().take(samples);
    Tensor heads = backend.pool().take(samples, 2 * dim());
    Tensor hidden = backend.pool().take(samples, net.hidden());
    Tensor r = backend.pool().take(net.hidden() + 2 * dim());
    backend.copy(z, y);
    double[] before = new double[z.size()];
    double[] after = new double[z.size()];
    backend.download(z, before);
    for (int round = 0; round <= dim(); round++) {
      backend.made(heads, hidden, r, z, params.value(), net);
      backend.couplingInverse(z, total, y, heads, logDet, delta);
      backend.download(z, after);
      if (Arrays.equals(before, after)) {
        break;
      }
      System.arraycopy(after, 0, before, 0, after.length);
    }
    backend.copy(logDet, total);
    return z;
  }

  @Override
  public List<Param> params() {
    return List.of(params);
  }

  @Override
  public Map<String, Tensor> constants() {
    return Map.of(
        name + ".in_degree", net.inDegree(),
        name + ".hidden_degree", net.hiddenDegree(),
        name + ".out_degree", net.outDegree());
  }

  @Override
  public void close() {
    params.close();
    constants().values().stream().filter(t -> !t.isStale()).forEach(owner::release);
  }
}
