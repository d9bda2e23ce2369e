package org.bhn.train;

import java.util.List;
import java.util.Map;
import org.bhn.backend.AdamState;
import org.bhn.backend.Backend;
import org.bhn.backend.MadeGradient;
import org.bhn.tape.Param;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * Adam over the parameters of a model; its numbers live on the device. After a step that was not
 * finite it does nothing more: a new training takes a new optimiser.
 */
final class Optimizer implements AutoCloseable {
  private final Backend backend;
  private final Tensor step;
  private final Tensor hyper;
  private final Tensor report;
  private final List<Param> params;

  Optimizer(Backend backend, List<Param> params) {
    this.backend = backend;
    this.step = backend.allocate(DType.INT64, 1);
    this.hyper = backend.allocate(DType.REAL, 6);
    this.report = backend.allocate(DType.REAL, 2);
    for (Param param : params) {
      backend.fill(param.firstMoment(), 0);
      backend.fill(param.secondMoment(), 0);
    }
    this.params = params;
  }

  void configure(Fit fit, double learningRate) {
    backend.upload(
        hyper,
        new double[] {learningRate, fit.beta1, fit.beta2, fit.epsilon, fit.maxNorm, fit.clip});
  }

  /**
   * Updates every parameter by its gradient.
   *
   * @param factored gradients that are not written out, by the parameter's place
   */
  void step(Map<Integer, MadeGradient> factored) {
    backend.adam(
        new AdamState(
            params.stream().map(Param::value).toList(),
            params.stream().map(Param::gradient).toList(),
            params.stream().map(Param::firstMoment).toList(),
            params.stream().map(Param::secondMoment).toList(),
            step,
            hyper,
            report,
            factored));
  }

  /** Whether no step met a gradient that is not finite: the first one ends all updates. */
  boolean allStepsWereFinite() {
    return backend.item(report, 1) >= 0;
  }

  double gradientNorm() {
    return backend.item(report, 0);
  }

  long steps() {
    return backend.itemLong(step);
  }

  void steps(long taken) {
    backend.upload(step, taken);
  }

  @Override
  public void close() {
    backend.release(step);
    backend.release(hyper);
    backend.release(report);
  }
}
