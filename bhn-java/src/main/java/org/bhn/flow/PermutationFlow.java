package org.bhn.flow;

import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.bhn.backend.Backend;
import org.bhn.tape.FlowOps;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tensor.Tensor;

/** A fixed random reordering of the dimensions; its log-determinant is 0. */
public final class PermutationFlow implements Flow {
  private final String name;
  private final Backend owner;
  private final Tensor permutation;

  PermutationFlow(Backend backend, String name, int dim, RandomGenerator random) {
    this.owner = backend;
    this.name = name;
    this.permutation = IafFlow.constant(backend, IafFlow.permutation(dim, random));
  }

  @Override
  public int dim() {
    return permutation.size();
  }

  /** INT32 {@code [D]}. */
  Tensor permutation() {
    return permutation;
  }

  @Override
  public FlowOps.State forward(Tape tape, FlowOps.State in) {
    return FlowOps.permute(in, permutation);
  }

  /** The scatter x[permutation[j]] = y[j] is the backward of the gather. */
  @Override
  public Tensor inverse(Backend backend, Tensor y, Tensor logDet) {
    Tensor x = backend.pool().take(y.shape());
    backend.fill(x, 0);
    backend.permuteBackward(x, y, permutation);
    return x;
  }

  @Override
  public List<Param> params() {
    return List.of();
  }

  @Override
  public Map<String, Tensor> constants() {
    return Map.of(name + ".permutation", permutation);
  }

  @Override
  public void close() {
    if (!permutation.isStale()) {
      owner.release(permutation);
    }
  }
}
