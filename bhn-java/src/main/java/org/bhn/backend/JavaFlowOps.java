package org.bhn.backend;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bhn.backend.HeapBuffer.Ints;
import org.bhn.backend.HeapBuffer.Reals;
import org.bhn.tensor.Tensor;

/** Flows of several steps, made of the ops that a step is made of. */
abstract class JavaFlowOps extends JavaLayerOps {
  JavaFlowOps(JavaBackend parent) {
    super(parent);
  }

  @Override
  public final void flow(
      Tensor y, Tensor logDet, Tensor z, Tensor logDetIn, List<FlowStep> steps, double delta) {
    CheckFlows.flow(this, y, logDet, z, logDetIn, steps, delta);
    Reals from = Reals.of(z);
    Reals before = Reals.of(logDetIn);
    Reals to = Reals.of(y);
    Reals total = Reals.of(logDet);
    List<Runnable> calls = new ArrayList<>();
    for (FlowStep step : steps) {
      Reals x = Reals.of(step.x());
      calls.add(permuted(x, from, step));
      calls.add(
          JavaMade.made(
              Reals.of(step.heads()),
              Reals.of(step.hidden()),
              Reals.of(step.products()),
              Reals.of(step.r()),
              Reals.of(step.conditions()),
              Reals.of(step.params()),
              step.net()));
      calls.add(() -> System.arraycopy(x.a(), x.at(), to.a(), to.at(), x.size()));
      calls.add(
          JavaFlows.coupling(
              moved(to, step), total, moved(x, step), Reals.of(step.heads()), before, delta));
      from = to;
      before = total;
    }
    submit("flow", () -> calls.forEach(Runnable::run));
  }

  @Override
  public final void flowBackward(
      Tensor dZ, Tensor dY, Tensor dLogDet, List<FlowStep> steps, double delta) {
    CheckFlows.flowBackward(this, dZ, dY, dLogDet, steps, delta);
    Reals up = Reals.of(dY);
    List<Runnable> calls = new ArrayList<>();
    for (FlowStep step : steps.reversed()) {
      Reals dX = zeros(calls, step.x().rows(), step.x().columns());
      Reals dHeads = zeros(calls, step.heads().rows(), step.heads().columns());
      if (up != null) {
        calls.add(fixed(dX, up, step));
      }
      calls.add(
          JavaFlows.couplingBackward(
              moved(dX, step),
              dHeads,
              up == null ? null : moved(up, step),
              Reals.of(dLogDet),
              moved(Reals.of(step.x()), step),
              Reals.of(step.heads()),
              delta));
      calls.add(
          JavaMade.madeBackward(
              columns(dX, step.seen(), step.net().inputs()),
              Reals.of(step.factors()),
              dHeads,
              Reals.of(step.conditions()),
              Reals.of(step.hidden()),
              Reals.of(step.products()),
              Reals.of(step.r()),
              Reals.of(step.params()),
              step.net()));
      up = dX;
      if (step.permutation() != null) {
        up = zeros(calls, dX.rows(), dX.columns());
        calls.add(JavaFlows.permuteBackward(up, dX, Ints.of(step.permutation())));
      }
    }
    if (dZ != null) {
      Reals last = up;
      Reals out = Reals.of(dZ);
      calls.add(
          () -> {
            for (int i = 0; i < out.size(); i++) {
              out.add(i, last.get(i));
            }
          });
    }
    submit("flowBackward", () -> calls.forEach(Runnable::run));
  }

  private static Runnable permuted(Reals x, Reals from, FlowStep step) {
    return step.permutation() == null
        ? () -> System.arraycopy(from.a(), from.at(), x.a(), x.at(), x.size())
        : JavaFlows.permute(x, from, Ints.of(step.permutation()));
  }

  /** Columns that do not move pass their gradient on. */
  private static Runnable fixed(Reals dX, Reals dY, FlowStep step) {
    int end = step.moved() + step.net().outputs();
    return () -> {
      for (int s = 0; s < dX.rows(); s++) {
        for (int j = 0; j < dX.columns(); j++) {
          if (j < step.moved() || j >= end) {
            dX.a()[dX.row(s) + j] += dY.a()[dY.row(s) + j];
          }
        }
      }
    };
  }

  private static Reals moved(Reals x, FlowStep step) {
    return columns(x, step.moved(), step.net().outputs());
  }

  private static Reals columns(Reals x, int from, int count) {
    return new Reals(x.a(), x.at() + from, x.ld(), x.rows(), count);
  }

  /** Memory that is zero whenever the calls come to it. */
  private static Reals zeros(List<Runnable> calls, int rows, int columns) {
    double[] a = new double[Math.multiplyExact(rows, columns)];
    calls.add(() -> Arrays.fill(a, 0));
    return new Reals(a, 0, columns, rows, columns);
  }
}
