package org.bhn.bayes;

import java.util.List;
import org.bhn.backend.Backend;
import org.bhn.backend.LogVariance;
import org.bhn.tape.Ops;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * Noise of a scale σ shared by all rows, fixed or learned. What is learned is log σ² / {@link
 * #STEP}: Adam moves every parameter by about the learning rate, and the residuals of a regression
 * shrink faster than log σ² could follow. Another step is another format of files.
 */
final class NoiseTerm implements Likelihood.Term {
  static final double STEP = 5;

  /** Log-density of targets whose noise has a log σ². */
  interface Density {
    Var logLik(Var outputs, Var logVar, Tensor targets, int samples, LogVariance mode);
  }

  private final Density density;
  private final Backend backend;
  private final Param learned;
  private final Tensor fixed;

  NoiseTerm(Backend backend, int targets, double scale, boolean learn, Density density) {
    this.density = density;
    this.backend = backend;
    double logVar = 2 * Math.log(scale);
    this.learned = learn ? new Param(backend, "likelihood.noise", targets) : null;
    this.fixed = learn ? null : backend.allocate(DType.REAL, targets);
    backend.fill(learn ? learned.value() : fixed, learn ? logVar / STEP : logVar);
  }

  @Override
  public Var logLik(Tape tape, Var outputs, Tensor targets, int samples) {
    Var logVar = learned == null ? tape.constant(fixed) : Ops.scaled(tape.param(learned), STEP);
    return density.logLik(outputs, logVar, targets, samples, LogVariance.SHARED);
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
