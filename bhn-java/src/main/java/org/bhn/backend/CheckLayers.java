package org.bhn.backend;

import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * Argument checks of the layers (weight norm, gain), priors, the ELBO, Adam and the predictive
 * statistics; and what their optional shapes mean, so that all backends agree on it.
 */
final class CheckLayers {
  private CheckLayers() {}

  // ---- weightnorm ----

  static void weightNorm(AbstractBackend owner, Tensor r, Tensor v) {
    Check.real(owner, "weightNorm: v", v);
    Check.vector(owner, "weightNorm: r", r, "rows of v", v.rows());
    Check.distinct("weightNorm: r", r, "v", v);
  }

  static void weightNormBackward(AbstractBackend owner, Tensor dV, Tensor dR, Tensor v, Tensor r) {
    Check.real(owner, "weightNormBackward: v", v);
    Check.vector(owner, "weightNormBackward: r", r, "rows of v", v.rows());
    Check.vector(owner, "weightNormBackward: dR", dR, "rows of v", v.rows());
    Check.gradient(owner, "weightNormBackward: dV", dV, v);
  }

  // ---- gain ----

  /** Whether t {@code [B, out]} serves all samples of y {@code [S·B, out]}. */
  static boolean sharedProduct(Tensor y, Tensor t) {
    return t.rows() != y.rows();
  }

  /** Whether g has one draw for each example instead of one for each sample. */
  static boolean perExample(Tensor y, Tensor g, int samples) {
    return g != null && g.rows() != samples;
  }

  /** Whether each sample has its own bias. */
  static boolean perSampleBias(Tensor bias) {
    return bias != null && bias.rank() > 1;
  }

  static void gain(
      AbstractBackend owner,
      Tensor y,
      Tensor t,
      Tensor g,
      Tensor r,
      Tensor bias,
      int samples,
      Activation activation) {
    Check.dense(owner, "gain: y", y, DType.REAL);
    int batch = Check.rowsPerSample("gain: samples", samples, "gain: y", y);
    Check.dense(owner, "gain: t", t, DType.REAL);
    Check.sharedOrNot("gain: t", t, y, batch);
    if (g != null) {
      Check.real(owner, "gain: g", g);
      gains("gain: g", g, y, samples);
    }
    Check.optionalVector(owner, "gain: r", r, "columns of y", y.columns());
    if (bias != null) {
      Check.real(owner, "gain: bias", bias);
      bias("gain: bias", bias, y, samples);
    }
    Check.present("gain: activation", activation);
    if (sharedProduct(y, t)) {
      Check.distinct("gain: y", y, "t, which serves all samples", t);
    }
  }

  static void gainBackward(
      AbstractBackend owner,
      Tensor dT,
      Tensor dG,
      Tensor dR,
      Tensor dBias,
      Tensor dY,
      Tensor t,
      Tensor g,
      Tensor r,
      Tensor bias,
      int samples,
      Activation activation,
      double beta) {
    Check.dense(owner, "gainBackward: dY", dY, DType.REAL);
    int batch = Check.rowsPerSample("gainBackward: samples", samples, "gainBackward: dY", dY);
    Check.dense(owner, "gainBackward: t", t, DType.REAL);
    Check.sharedOrNot("gainBackward: t", t, dY, batch);
    if (g != null) {
      Check.real(owner, "gainBackward: g", g);
      gains("gainBackward: g", g, dY, samples);
    }
    Check.optionalVector(owner, "gainBackward: r", r, "columns of dY", dY.columns());
    if (bias != null) {
      Check.real(owner, "gainBackward: bias", bias);
      bias("gainBackward: bias", bias, dY, samples);
    }
    Check.present("gainBackward: activation", activation);
    CheckElementwise.beta("gainBackward: beta", beta);
    Check.gradient(owner, "gainBackward: dT", dT, t);
    Check.gradient(owner, "gainBackward: dG", dG, g);
    Check.gradient(owner, "gainBackward: dR", dR, r);
    Check.gradient(owner, "gainBackward: dBias", dBias, bias);
  }

  private static void gains(String name, Tensor g, Tensor y, int samples) {
    if (g.columns() != y.columns() || (g.rows() != samples && g.rows() != y.rows())) {
      throw Check.fail(
          name,
          g,
          "must be [S, out] = ["
              + samples
              + ", "
              + y.columns()
              + "], or [S·B, out] with S·B = "
              + y.rows()
              + " for one draw per example");
    }
  }

  private static void bias(String name, Tensor bias, Tensor y, int samples) {
    boolean ok = bias.rank() == 1 || bias.rows() == samples;
    if (!ok || bias.columns() != y.columns()) {
      throw Check.fail(
          name, bias, "must be [out] = [" + y.columns() + "], or [S, out] with S = " + samples);
    }
  }

  // ---- prior, elbo ----

  private static final String[] PRIOR = {"prior: kind", "prior: p0", "prior: p1", "prior: p2"};

  private static final String[] PRIOR_BACKWARD = {
    "priorBackward: kind", "priorBackward: p0", "priorBackward: p1", "priorBackward: p2"
  };

  private static void priorNumbers(
      String[] names, PriorKind kind, double p0, double p1, double p2) {
    Check.present(names[0], kind);
    Check.finite(names[1], p0);
    Check.positive(names[2], p1);
    Check.finite(names[3], p2);
    if (kind == PriorKind.MIXTURE) {
      Check.weight(names[1], p0);
      Check.positive(names[3], p2);
    }
  }

  static void prior(
      AbstractBackend owner,
      Tensor logPrior,
      Tensor w,
      Tensor logPriorIn,
      PriorKind kind,
      double p0,
      double p1,
      double p2) {
    Check.real(owner, "prior: w", w);
    Check.vector(owner, "prior: logPrior", logPrior, "rows of w", w.rows());
    Check.optionalVector(owner, "prior: logPriorIn", logPriorIn, "rows of w", w.rows());
    priorNumbers(PRIOR, kind, p0, p1, p2);
  }

  static void priorBackward(
      AbstractBackend owner,
      Tensor dW,
      Tensor dLogPrior,
      Tensor w,
      PriorKind kind,
      double p0,
      double p1,
      double p2) {
    Check.real(owner, "priorBackward: w", w);
    Check.vector(owner, "priorBackward: dLogPrior", dLogPrior, "rows of w", w.rows());
    Check.gradient(owner, "priorBackward: dW", dW, w);
    priorNumbers(PRIOR_BACKWARD, kind, p0, p1, p2);
  }

  static void elbo(
      AbstractBackend owner,
      Tensor items,
      Tensor logLik,
      Tensor logPrior,
      Tensor logDet,
      Tensor klScale) {
    Check.vector(owner, "elbo: items", items, "loss, log lik, log prior, log det", 4);
    means(owner, "elbo: logLik", logLik);
    if (logPrior != null) {
      means(owner, "elbo: logPrior", logPrior);
    }
    if (logDet != null) {
      means(owner, "elbo: logDet", logDet);
      if (logPrior != null) {
        Check.vector(owner, "elbo: logDet", logDet, "logPrior", logPrior.size());
      }
    }
    Check.vector(owner, "elbo: klScale", klScale, "one number", 1);
  }

  static void elboBackward(
      AbstractBackend owner,
      Tensor dLogLik,
      Tensor dLogPrior,
      Tensor dLogDet,
      Tensor dLoss,
      Tensor klScale) {
    if (dLogLik != null) {
      means(owner, "elboBackward: dLogLik", dLogLik);
    }
    if (dLogPrior != null) {
      means(owner, "elboBackward: dLogPrior", dLogPrior);
    }
    if (dLogDet != null) {
      means(owner, "elboBackward: dLogDet", dLogDet);
      if (dLogPrior != null) {
        Check.vector(owner, "elboBackward: dLogDet", dLogDet, "dLogPrior", dLogPrior.size());
      }
    }
    Check.optionalVector(owner, "elboBackward: dLoss", dLoss, "one number", 1);
    Check.vector(owner, "elboBackward: klScale", klScale, "one number", 1);
  }

  /** What a mean is taken over. */
  private static void means(AbstractBackend owner, String name, Tensor t) {
    Check.dense(owner, name, t, DType.REAL);
    if (t.size() == 0) {
      throw Check.fail(name, t, "must have at least one element: its mean is taken");
    }
  }

  // ---- adam ----

  static void adam(AbstractBackend owner, AdamState state) {
    Check.present("adam: state", state);
    for (int i = 0; i < state.values().size(); i++) {
      Check.dense(owner, "adam: state.values", state.values().get(i), DType.REAL);
      Check.dense(owner, "adam: state.gradients", state.gradients().get(i), DType.REAL);
      Check.dense(owner, "adam: state.firstMoments", state.firstMoments().get(i), DType.REAL);
      Check.dense(owner, "adam: state.secondMoments", state.secondMoments().get(i), DType.REAL);
    }
    state
        .made()
        .forEach(
            (i, made) ->
                CheckFlows.madeGradient(
                    owner,
                    state.gradients().get(i),
                    made.factors(),
                    made.z(),
                    made.hidden(),
                    state.values().get(i),
                    made.net()));
    Check.counter(owner, "adam: state.step", state.step());
    Check.vector(owner, "adam: state.hyper", state.hyper(), "lr, b1, b2, eps, maxNorm, clip", 6);
    Check.vector(owner, "adam: state.report", state.report(), "norm, finite", 2);
  }

  // ---- predictive ----

  static void predictiveCategorical(
      AbstractBackend owner,
      Tensor mean,
      Tensor m2,
      Tensor entropy,
      Tensor votes,
      Tensor logits,
      long seen) {
    Check.dense(owner, "predictiveCategorical: mean", mean, DType.REAL);
    int batch = mean.rows();
    int classes = mean.columns();
    CheckLikelihoods.classes("predictiveCategorical: mean", mean);
    Check.denseMatrix(owner, "predictiveCategorical: m2", m2, "[B, C]", batch, classes);
    Check.vector(owner, "predictiveCategorical: entropy", entropy, "rows of mean", batch);
    Check.denseMatrix(
        owner, "predictiveCategorical: votes", votes, DType.INT32, "[B, C]", batch, classes);
    Check.dense(owner, "predictiveCategorical: logits", logits, DType.REAL);
    if (logits.columns() != classes) {
      throw Check.fail(
          "predictiveCategorical: logits", logits, "must have the classes of mean = " + mean);
    }
    int samples =
        Check.samples("predictiveCategorical: logits", logits, logits.rows(), "mean", batch);
    seen("predictiveCategorical: seen", seen, samples);
    Check.distinct("predictiveCategorical: m2", m2, "mean", mean);
  }

  static void predictiveMoments(
      AbstractBackend owner, Tensor mean, Tensor m2, Tensor values, long seen) {
    Check.dense(owner, "predictiveMoments: mean", mean, DType.REAL);
    Check.denseMatrix(owner, "predictiveMoments: m2", m2, "[B, O]", mean.rows(), mean.columns());
    Check.real(owner, "predictiveMoments: values", values);
    if (values.columns() != mean.columns()) {
      throw Check.fail(
          "predictiveMoments: values", values, "must have the outputs of mean = " + mean);
    }
    int samples =
        Check.samples("predictiveMoments: values", values, values.rows(), "mean", mean.rows());
    seen("predictiveMoments: seen", seen, samples);
    Check.distinct("predictiveMoments: m2", m2, "mean", mean);
  }

  static void predictiveLogLik(AbstractBackend owner, Tensor logMean, Tensor logLik, long seen) {
    Check.dense(owner, "predictiveLogLik: logMean", logMean, DType.REAL);
    int batch = logMean.rows();
    Check.denseMatrix(owner, "predictiveLogLik: logMean", logMean, "[B, 2]", batch, 2);
    Check.dense(owner, "predictiveLogLik: logLik", logLik, DType.REAL);
    int samples =
        Check.samples("predictiveLogLik: logLik", logLik, logLik.size(), "logMean", batch);
    seen("predictiveLogLik: seen", seen, samples);
    Check.distinct("predictiveLogLik: logMean", logMean, "logLik", logLik);
  }

  /** Counts of samples are 32-bit: votes are. */
  private static void seen(String name, long seen, int samples) {
    Check.range(name, seen, 0, Integer.MAX_VALUE - (long) samples);
  }
}
