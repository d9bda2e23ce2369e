package org.bhn.bayes;

import java.util.List;
import org.bhn.backend.Backend;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.Tensor;

/** A likelihood with nothing to learn. */
record PlainTerm(Function function) implements Likelihood.Term {
  interface Function {
    Var apply(Var outputs, Tensor targets);
  }

  @Override
  public Var logLik(Tape tape, Var outputs, Tensor targets, int samples) {
    return function.apply(outputs, targets);
  }

  @Override
  public List<Param> params() {
    return List.of();
  }

  @Override
  public Tensor mean(Tensor outputs) {
    return outputs;
  }

  @Override
  public double[] logVariance(Backend backend, Tensor outputs) {
    return null;
  }

  @Override
  public void close() {}
}
