package org.bhn.bayes;

import java.util.List;
import org.bhn.backend.Backend;
import org.bhn.backend.LogVariance;
import org.bhn.tape.BayesOps;
import org.bhn.tape.Ops;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * Gaussian noise shared by all rows, fixed or learned. What is learned is log σ² / {@link #STEP}:
 * Adam moves every parameter by about the learning rate, and the residuals of a regression shrink
 * faster than log σ² could follow. Another step is another format of files.
 */
final class GaussianTerm implements Likelihood.Term {
  static final double STEP = 5;

  private final Backend backend;
  private final Param learned;
  private final Tensor fixed;

  GaussianTerm(Backend backend, Likelihood.Gaussian spec) {
    this.backend = backend;
    double logVar = 2 * Math.log(spec.std());
    this.learned = spec.learned() ? new Param(backend, "likelihood.noise", spec.targets()) : null;
    this.fixed = spec.learned() ? null : backend.allocate(DType.REAL, spec.targets());
    backend.fill(
        learned == null ? fixed : learned.value(), learned == null ? logVar : logVar / STEP);
  }

  @Override
  public Var logLik(Tape tape, Var outputs, Tensor targets, int samples) {
    Var logVar = learned == null ? tape.constant(fixed) : Ops.scaled(tape.param(learned), STEP);
    return BayesOps.gaussian(outputs, logVar, targets, samples, LogVariance.SHARED);
  }

  @Override
  public List<Param> params() {
    return learned == null ? List.of() : List.of(learned);
  }

  @Override
  public Tensor mean(Tensor outputs) {
    return outputs;
  }

  @Override
  public double[] logVariance(Backend any, Tensor outputs) {
    Tensor held = learned == null ? fixed : learned.value();
    double[] values = new double[held.size()];
    any.download(held, values);
    for (int i = 0; i < values.length; i++) {
      values[i] *= learned == null ? 1 : STEP;
    }
    return values;
  }

  @Override
  public void close() {
    if (learned != null) {
      learned.close();
    } else if (!fixed.isStale()) {
      backend.release(fixed);
    }
  }
}
