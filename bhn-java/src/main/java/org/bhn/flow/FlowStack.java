package org.bhn.flow;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bhn.backend.Backend;
import org.bhn.tape.FlowOps;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tensor.Tensor;

/** Flows one after the other; log-determinants add up. The first is affine. */
public final class FlowStack implements Flow {
  private final AffineFlow first;
  private final List<Flow> flows;

  FlowStack(AffineFlow first, List<Flow> flows) {
    this.first = first;
    this.flows = List.copyOf(flows);
  }

  @Override
  public int dim() {
    return first.dim();
  }

  /** The flows, the affine one first. */
  public List<Flow> flows() {
    return flows;
  }

  /** Steps that follow one another are one op, with the permutations between them. */
  @Override
  public FlowOps.State forward(Tape tape, FlowOps.State in) {
    FlowOps.State state = in;
    int next = 0;
    while (next < flows.size()) {
      tape.scope("flow " + next);
      List<FlowOps.Step> steps = new ArrayList<>();
      int end = run(tape, next, steps);
      if (steps.isEmpty()) {
        state = flows.get(next).forward(tape, state);
        next++;
      } else {
        state = FlowOps.flow(state, steps, ((StepFlow) flows.get(end - 1)).delta());
        next = end;
      }
    }
    tape.scope("");
    return state;
  }

  /** Collects the steps from {@code start} on that can be one op; returns where they end. */
  private int run(Tape tape, int start, List<FlowOps.Step> steps) {
    int end = start;
    Tensor order = null;
    double delta = Double.NaN;
    for (int i = start; i < flows.size(); i++) {
      if (flows.get(i) instanceof PermutationFlow p && order == null) {
        order = p.permutation();
        continue;
      }
      if (!(flows.get(i) instanceof StepFlow flow)) {
        break;
      }
      FlowOps.Step step = flow.step(tape);
      boolean twice = order != null && step.permutation() != null;
      if (twice || (!steps.isEmpty() && flow.delta() != delta)) {
        break;
      }
      steps.add(order == null ? step : step.permuted(order));
      order = null;
      delta = flow.delta();
      end = i + 1;
    }
    return end;
  }

  @Override
  public Tensor inverse(Backend backend, Tensor y, Tensor logDet) {
    return inverseTo(0, backend, y, logDet);
  }

  private Tensor inverseTo(int start, Backend backend, Tensor y, Tensor logDet) {
    Tensor z = y;
    for (int i = flows.size() - 1; i >= start; i--) {
      z = flows.get(i).inverse(backend, z, logDet);
    }
    return z;
  }

  /**
   * Sets the affine flow's shift so that the whole flow maps ε = 0 to the target: the target is
   * carried back through the later steps, whatever their permutations.
   */
  public void setMean(Backend backend, double[] target) {
    backend.pool().reset();
    Tensor y = backend.pool().take(1, dim());
    Tensor logDet = backend.pool().take(1);
    backend.upload(y, target);
    backend.fill(logDet, 0);
    double[] shift = new double[dim()];
    backend.download(inverseTo(1, backend, y, logDet), shift);
    first.shift(shift);
  }

  @Override
  public List<Param> params() {
    return flows.stream().flatMap(f -> f.params().stream()).toList();
  }

  @Override
  public Map<String, Tensor> constants() {
    Map<String, Tensor> all = new LinkedHashMap<>();
    flows.forEach(f -> all.putAll(f.constants()));
    return all;
  }

  @Override
  public void close() {
    flows.forEach(Flow::close);
  }
}
