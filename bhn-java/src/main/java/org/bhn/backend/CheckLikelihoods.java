package org.bhn.backend;

import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.bhn.uncertainty.StudentTDistribution;

/** Checks of the arguments of log-likelihoods. */
final class CheckLikelihoods {
  private CheckLikelihoods() {}

  static void categorical(AbstractBackend owner, Tensor logLik, Tensor logits, Tensor labels) {
    Check.dense(owner, "categorical: logits", logits, DType.REAL);
    Check.dense(owner, "categorical: labels", labels, DType.INT32);
    Check.samples("categorical: logits", logits, logits.rows(), "labels", labels.size());
    classes("categorical: logits", logits);
    Check.vector(owner, "categorical: logLik", logLik, "rows of logits", logits.rows());
  }

  static void categoricalBackward(
      AbstractBackend owner, Tensor dLogits, Tensor dLogLik, Tensor logits, Tensor labels) {
    Check.dense(owner, "categoricalBackward: logits", logits, DType.REAL);
    Check.dense(owner, "categoricalBackward: labels", labels, DType.INT32);
    Check.samples("categoricalBackward: logits", logits, logits.rows(), "labels", labels.size());
    classes("categoricalBackward: logits", logits);
    Check.vector(owner, "categoricalBackward: dLogLik", dLogLik, "rows of logits", logits.rows());
    Check.gradient(owner, "categoricalBackward: dLogits", dLogits, logits);
  }

  static void classes(String name, Tensor logits) {
    if (logits.columns() == 0) {
      throw Check.fail(name, logits, "must have at least one class");
    }
  }

  static void gaussian(
      AbstractBackend owner,
      Tensor logLik,
      Tensor mean,
      Tensor logVar,
      Tensor target,
      int samples,
      LogVariance mode) {
    locationScale(owner, "gaussian", "logLik", logLik, mean, logVar, target, samples, mode);
  }

  static void gaussianBackward(
      AbstractBackend owner,
      Tensor dMean,
      Tensor dLogVar,
      Tensor dLogLik,
      Tensor mean,
      Tensor logVar,
      Tensor target,
      int samples,
      LogVariance mode) {
    locationScale(
        owner, "gaussianBackward", "dLogLik", dLogLik, mean, logVar, target, samples, mode);
    Check.gradient(owner, "gaussianBackward: dMean", dMean, mean);
    Check.gradient(owner, "gaussianBackward: dLogVar", dLogVar, logVar);
  }

  static void studentT(
      AbstractBackend owner,
      Tensor logLik,
      Tensor mean,
      Tensor logVar,
      Tensor target,
      int samples,
      LogVariance mode,
      double degreesOfFreedom) {
    locationScale(owner, "studentT", "logLik", logLik, mean, logVar, target, samples, mode);
    StudentTDistribution.check("studentT: degreesOfFreedom", degreesOfFreedom);
  }

  static void studentTBackward(
      AbstractBackend owner,
      Tensor dMean,
      Tensor dLogVar,
      Tensor dLogLik,
      Tensor mean,
      Tensor logVar,
      Tensor target,
      int samples,
      LogVariance mode,
      double degreesOfFreedom) {
    locationScale(
        owner, "studentTBackward", "dLogLik", dLogLik, mean, logVar, target, samples, mode);
    StudentTDistribution.check("studentTBackward: degreesOfFreedom", degreesOfFreedom);
    Check.gradient(owner, "studentTBackward: dMean", dMean, mean);
    Check.gradient(owner, "studentTBackward: dLogVar", dLogVar, logVar);
  }

  /** A location and a log-variance for each output of a row. */
  private static void locationScale(
      AbstractBackend owner,
      String op,
      String logLikName,
      Tensor logLik,
      Tensor mean,
      Tensor logVar,
      Tensor target,
      int samples,
      LogVariance mode) {
    Check.real(owner, op + ": mean", mean);
    Check.vector(owner, op + ": " + logLikName, logLik, "rows of mean", mean.rows());
    int batch = Check.rowsPerSample(op + ": samples", samples, op + ": mean", mean);
    Check.denseMatrix(owner, op + ": target", target, "[B, O]", batch, mean.columns());
    Check.present(op + ": mode", mode);
    logVariance(owner, op + ": logVar", logVar, mean, samples, mode);
  }

  private static void logVariance(
      AbstractBackend owner, String name, Tensor v, Tensor mean, int samples, LogVariance mode) {
    switch (mode) {
      case SHARED -> Check.vector(owner, name, v, "[O], with mode SHARED,", mean.columns());
      case PER_SAMPLE ->
          Check.matrix(owner, name, v, "[S, O], with mode PER_SAMPLE,", samples, mean.columns());
      case PER_ROW ->
          Check.matrix(owner, name, v, "[S·B, O], with mode PER_ROW,", mean.rows(), mean.columns());
    }
  }

  static void bernoulli(AbstractBackend owner, Tensor logLik, Tensor logits, Tensor target) {
    eachOutput(owner, "bernoulli", "logLik", logLik, "logits", logits, target);
  }

  static void bernoulliBackward(
      AbstractBackend owner, Tensor dLogits, Tensor dLogLik, Tensor logits, Tensor target) {
    eachOutput(owner, "bernoulliBackward", "dLogLik", dLogLik, "logits", logits, target);
    Check.gradient(owner, "bernoulliBackward: dLogits", dLogits, logits);
  }

  static void poisson(AbstractBackend owner, Tensor logLik, Tensor logRate, Tensor target) {
    eachOutput(owner, "poisson", "logLik", logLik, "logRate", logRate, target);
  }

  static void poissonBackward(
      AbstractBackend owner, Tensor dLogRate, Tensor dLogLik, Tensor logRate, Tensor target) {
    eachOutput(owner, "poissonBackward", "dLogLik", dLogLik, "logRate", logRate, target);
    Check.gradient(owner, "poissonBackward: dLogRate", dLogRate, logRate);
  }

  /** One target for each output of an example, one log-likelihood for each row of outputs. */
  private static void eachOutput(
      AbstractBackend owner,
      String op,
      String logLikName,
      Tensor logLik,
      String name,
      Tensor outputs,
      Tensor target) {
    Check.dense(owner, op + ": " + name, outputs, DType.REAL);
    String targetName = op + ": target";
    Check.dense(owner, targetName, target, DType.REAL);
    if (target.columns() != outputs.columns()) {
      throw Check.fail(targetName, target, "must have the columns of " + name + " = " + outputs);
    }
    Check.samples(targetName, target, outputs.rows(), "target", target.rows());
    Check.vector(owner, op + ": " + logLikName, logLik, "rows of " + name, outputs.rows());
  }
}
