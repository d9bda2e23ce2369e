package org.bhn.bayes;

import java.util.List;
import org.bhn.backend.Backend;
import org.bhn.backend.LogVariance;
import org.bhn.tape.BayesOps;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.Tensor;

/** Mean and log-variance side by side in the network's output. */
record HeteroscedasticTerm(int targets) implements Likelihood.Term {
  @Override
  public Var logLik(Tape tape, Var outputs, Tensor target, int samples) {
    return BayesOps.gaussian(
        outputs.columns(0, targets),
        outputs.columns(targets, 2 * targets),
        target,
        samples,
        LogVariance.PER_ROW);
  }

  @Override
  public List<Param> params() {
    return List.of();
  }

  @Override
  public Tensor mean(Tensor outputs) {
    return outputs.columns(0, targets);
  }

  @Override
  public double[] logVariance(Backend backend, Tensor outputs) {
    double[] values = new double[outputs.rows() * targets];
    backend.download(outputs.columns(targets, 2 * targets), values);
    return values;
  }

  @Override
  public void close() {}
}
