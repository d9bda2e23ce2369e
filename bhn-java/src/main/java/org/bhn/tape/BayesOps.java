package org.bhn.tape;

import org.bhn.backend.Backend;
import org.bhn.backend.LogVariance;
import org.bhn.backend.PriorKind;
import org.bhn.tensor.Tensor;

/** Differentiable ops of likelihoods, priors and the ELBO. All values are in nats. */
public final class BayesOps {
  private BayesOps() {}

  /** {@code [S·B]} log-probabilities of the labels {@code [B]}. */
  public static Var categorical(Var logits, Tensor labels) {
    Tape tape = logits.tape();
    Backend backend = tape.backend();
    Var logLik = tape.output("categorical", logits.isTracked(), logits.value().rows());
    backend.categorical(logLik.value(), logits.value(), labels);
    tape.undo(
        logLik,
        () ->
            backend.categoricalBackward(
                logits.gradient(), logLik.gradient(), logits.value(), labels));
    return logLik;
  }

  /** {@code [S·B]} Gaussian log-densities of the targets {@code [B, O]}. */
  public static Var gaussian(Var mean, Var logVar, Tensor target, int samples, LogVariance mode) {
    Tape tape = mean.tape();
    Backend backend = tape.backend();
    boolean tracked = mean.isTracked() || logVar.isTracked();
    Var logLik = tape.output("gaussian", tracked, mean.value().rows());
    backend.gaussian(logLik.value(), mean.value(), logVar.value(), target, samples, mode);
    tape.undo(
        logLik,
        () ->
            backend.gaussianBackward(
                mean.gradient(),
                logVar.gradient(),
                logLik.gradient(),
                mean.value(),
                logVar.value(),
                target,
                samples,
                mode));
    return logLik;
  }

  /** {@code [S·B]} Student-t log-densities of the targets {@code [B, O]}. */
  public static Var studentT(
      Var mean, Var logVar, Tensor target, int samples, LogVariance mode, double degreesOfFreedom) {
    Tape tape = mean.tape();
    Backend backend = tape.backend();
    boolean tracked = mean.isTracked() || logVar.isTracked();
    Var logLik = tape.output("studentT", tracked, mean.value().rows());
    backend.studentT(
        logLik.value(), mean.value(), logVar.value(), target, samples, mode, degreesOfFreedom);
    tape.undo(
        logLik,
        () ->
            backend.studentTBackward(
                mean.gradient(),
                logVar.gradient(),
                logLik.gradient(),
                mean.value(),
                logVar.value(),
                target,
                samples,
                mode,
                degreesOfFreedom));
    return logLik;
  }

  /** {@code [S·B]} Bernoulli log-probabilities of the targets {@code [B, O]}. */
  public static Var bernoulli(Var logits, Tensor target) {
    Tape tape = logits.tape();
    Backend backend = tape.backend();
    Var logLik = tape.output("bernoulli", logits.isTracked(), logits.value().rows());
    backend.bernoulli(logLik.value(), logits.value(), target);
    tape.undo(
        logLik,
        () ->
            backend.bernoulliBackward(
                logits.gradient(), logLik.gradient(), logits.value(), target));
    return logLik;
  }

  /** {@code [S·B]} Poisson log-probabilities of the targets {@code [B, O]}. */
  public static Var poisson(Var logRate, Tensor target) {
    Tape tape = logRate.tape();
    Backend backend = tape.backend();
    Var logLik = tape.output("poisson", logRate.isTracked(), logRate.value().rows());
    backend.poisson(logLik.value(), logRate.value(), target);
    tape.undo(
        logLik,
        () ->
            backend.poissonBackward(
                logRate.gradient(), logLik.gradient(), logRate.value(), target));
    return logLik;
  }

  /** {@code [S]} log prior densities of w {@code [S, D]}. */
  public static Var prior(Var w, PriorKind kind, double p0, double p1, double p2) {
    Tape tape = w.tape();
    Backend backend = tape.backend();
    Var logPrior = tape.output("prior", w.isTracked(), w.value().rows());
    backend.prior(logPrior.value(), w.value(), null, kind, p0, p1, p2);
    tape.undo(
        logPrior,
        () ->
            backend.priorBackward(w.gradient(), logPrior.gradient(), w.value(), kind, p0, p1, p2));
    return logPrior;
  }

  /**
   * The training loss and its items {@code [loss, mean logLik, mean logPrior, mean logDet]}; its
   * backward starts with a unit gradient. {@code logPrior} and {@code logDet} may be null.
   */
  public static Var elbo(Var logLik, Var logPrior, Var logDet, Tensor klScale) {
    Tape tape = logLik.tape();
    Backend backend = tape.backend();
    Var items = tape.output("elbo", false, 4);
    backend.elbo(items.value(), logLik.value(), Ops.value(logPrior), Ops.value(logDet), klScale);
    tape.undoAlways(
        () ->
            backend.elboBackward(
                logLik.gradient(), Ops.gradient(logPrior), Ops.gradient(logDet), null, klScale));
    return items;
  }
}
