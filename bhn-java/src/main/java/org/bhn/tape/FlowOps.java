package org.bhn.tape;

import java.util.ArrayList;
import java.util.List;
import org.bhn.backend.Backend;
import org.bhn.backend.Conditioner;
import org.bhn.backend.FlowStep;
import org.bhn.tensor.Tensor;

/** Differentiable ops of the flows. */
public final class FlowOps {
  private FlowOps() {}

  /**
   * A value on its way through a flow, and the log-determinant so far.
   *
   * @param z {@code [S, D]}
   * @param logDet {@code [S]}, in nats; null at the start means 0
   */
  public record State(Var z, Var logDet) {}

  /** Standard normal noise {@code [draws, D]}; not differentiated. */
  public static Var normal(Tape tape, Noise noise, int stream, int draws, int dim) {
    Var eps = tape.output("normal", false, draws, dim);
    tape.backend()
        .normal(eps.value(), noise.counter(), noise.firstSample() * dim, noise.seed(), stream);
    return eps;
  }

  /** {@code z = s ε + b}, {@code s = exp(w) + delta}. */
  public static State affine(State in, Var w, Var b, double delta) {
    Var eps = in.z();
    Tape tape = eps.tape();
    Backend backend = tape.backend();
    int samples = eps.value().rows();
    Var z = tape.output("affine", true, samples, eps.value().columns());
    Var logDet = tape.output("affine.log_det", true, samples);
    backend.affine(
        z.value(),
        logDet.value(),
        eps.value(),
        w.value(),
        b.value(),
        Ops.value(in.logDet()),
        delta);
    tape.undoAlways(
        () -> {
          backend.affineBackward(
              eps.gradient(),
              w.gradient(),
              b.gradient(),
              reached(z),
              reached(logDet),
              eps.value(),
              w.value(),
              delta);
          passOn(in.logDet(), logDet);
        });
    return new State(z, logDet);
  }

  /**
   * One step of {@link #flow}.
   *
   * @param net the conditioner
   * @param seen the first column it sees
   * @param moved the first column that is transformed
   * @param permutation of the columns, before anything else; null: none
   * @param params of the conditioner
   */
  public record Step(Conditioner net, int seen, int moved, Tensor permutation, Var params) {
    /** The same with this permutation. */
    public Step permuted(Tensor order) {
      return new Step(net, seen, moved, order, params);
    }
  }

  /** All steps in one op; see {@link Backend#flow}. */
  public static State flow(State in, List<Step> steps, double delta) {
    Var z = in.z();
    Tape tape = z.tape();
    Backend backend = tape.backend();
    int samples = z.value().rows();
    int dim = z.value().columns();
    Var y = tape.output("flow", true, samples, dim);
    Var logDet = tape.output("flow.log_det", true, samples);
    List<FlowStep> done = new ArrayList<>();
    for (Step s : steps) {
      done.add(
          FlowStep.take(
              backend.pool(),
              samples,
              dim,
              s.net(),
              s.seen(),
              s.moved(),
              s.permutation(),
              s.params().value()));
    }
    backend.flow(y.value(), logDet.value(), z.value(), Ops.value(in.logDet()), done, delta);
    tape.undoAlways(
        () -> {
          done.replaceAll(s -> s.withFactors(backend.pool().take(s.net().factorCount(samples))));
          backend.flowBackward(z.gradient(), reached(y), reached(logDet), done, delta);
          for (int l = done.size() - 1; l >= 0; l--) {
            steps.get(l).params().addGradient(done.get(l).gradient());
          }
          passOn(in.logDet(), logDet);
        });
    return new State(y, logDet);
  }

  /** {@code y[s, j] = z[s, permutation[j]]}. */
  public static State permute(State in, Tensor permutation) {
    Var z = in.z();
    Tape tape = z.tape();
    Backend backend = tape.backend();
    Var y = tape.output("permute", z.isTracked(), z.value().shape());
    backend.permute(y.value(), z.value(), permutation);
    tape.undo(y, () -> backend.permuteBackward(z.gradient(), y.gradient(), permutation));
    return new State(y, in.logDet());
  }

  private static Tensor reached(Var v) {
    return v.hasGradient() ? v.gradient() : null;
  }

  /** Adding to a sum passes its gradient on unchanged. */
  private static void passOn(Var in, Var out) {
    if (Ops.tracked(in) && out.hasGradient()) {
      in.tape().backend().axpy(in.gradient(), out.gradient(), 1);
    }
  }
}
