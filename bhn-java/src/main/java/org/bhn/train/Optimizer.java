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
 * Adam over the parameters of a model; its moments and numbers live on the device. After a step
 * that was not finite it does nothing more: a new training takes a new optimiser.
 */
final class Optimizer {
  private final Backend backend;
  private final Tensor step;
  private final Tensor hyper;
  private final Tensor report;
  private final List<Param> params;
  private final List<Tensor> firstMoments;
  private final List<Tensor> secondMoments;

  Optimizer(TrainingMemory memory, List<Param> params) {
    this.backend = memory.backend();
    this.params = params;
    this.step = memory.allocate(DType.INT64, 1);
    this.hyper = memory.allocate(DType.REAL, 6);
    this.report = memory.allocate(DType.REAL, 2);
    this.firstMoments = zeros(memory);
    this.secondMoments = zeros(memory);
    params.forEach(Param::gradient); // none is to be allocated within a step
  }

  private List<Tensor> zeros(TrainingMemory memory) {
    return params.stream().map(p -> memory.allocate(DType.REAL, p.value().shape())).toList();
  }

  /** Running mean of a parameter's gradients. */
  Tensor firstMoment(int param) {
    return firstMoments.get(param);
  }

  /** Running mean of a parameter's squared gradients. */
  Tensor secondMoment(int param) {
    return secondMoments.get(param);
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
            firstMoments,
            secondMoments,
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
}
