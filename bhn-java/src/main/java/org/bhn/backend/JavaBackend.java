package org.bhn.backend;

import org.bhn.backend.HeapBuffer.Ints;
import org.bhn.backend.HeapBuffer.Reals;
import org.bhn.tensor.Tensor;

/**
 * Plain Java in double precision: the fallback where the native library does not run, and the
 * reference that vouches for the native kernels. Written from the equations of {@code bhn.h}, never
 * from a kernel. Random integers are those of every other backend; real numbers uploaded as floats
 * stay exactly those numbers.
 */
public final class JavaBackend extends JavaFlowOps {
  private JavaBackend(JavaBackend parent) {
    super(parent);
  }

  /** A new backend with its own memory. */
  public static JavaBackend open() {
    return new JavaBackend(null);
  }

  @Override
  public Device device() {
    return Device.JAVA;
  }

  @Override
  public String description() {
    return "plain Java, f64, 1 thread ("
        + System.getProperty("java.vm.name")
        + " "
        + System.getProperty("java.vm.version")
        + ")";
  }

  @Override
  public Backend fork() {
    checkOpen();
    return new JavaBackend(this);
  }

  @Override
  public void made(
      Tensor heads,
      Tensor hidden,
      Tensor products,
      Tensor r,
      Tensor z,
      Tensor params,
      Conditioner net) {
    CheckFlows.made(this, heads, hidden, products, r, z, params, net);
    submit(
        "made",
        JavaMade.made(
            Reals.of(heads),
            Reals.of(hidden),
            Reals.of(products),
            Reals.of(r),
            Reals.of(z),
            Reals.of(params),
            net));
  }

  @Override
  public void madeBackward(
      Tensor dZ,
      Tensor factors,
      Tensor dHeads,
      Tensor z,
      Tensor hidden,
      Tensor products,
      Tensor r,
      Tensor params,
      Conditioner net) {
    CheckFlows.madeBackward(this, dZ, factors, dHeads, z, hidden, products, r, params, net);
    submit(
        "madeBackward",
        JavaMade.madeBackward(
            Reals.of(dZ),
            Reals.of(factors),
            Reals.of(dHeads),
            Reals.of(z),
            Reals.of(hidden),
            Reals.of(products),
            Reals.of(r),
            Reals.of(params),
            net));
  }

  @Override
  public void madeGradient(
      Tensor dParams, Tensor factors, Tensor z, Tensor hidden, Tensor params, Conditioner net) {
    CheckFlows.madeGradient(this, dParams, factors, z, hidden, params, net);
    submit(
        "madeGradient",
        JavaMade.madeGradient(
            Reals.of(dParams),
            Reals.of(factors),
            Reals.of(z),
            Reals.of(hidden),
            Reals.of(params),
            net));
  }

  @Override
  public void coupling(
      Tensor y, Tensor logDet, Tensor z, Tensor heads, Tensor logDetIn, double delta) {
    CheckFlows.coupling(this, y, logDet, z, heads, logDetIn, delta);
    submit(
        "coupling",
        JavaFlows.coupling(
            Reals.of(y),
            Reals.of(logDet),
            Reals.of(z),
            Reals.of(heads),
            Reals.of(logDetIn),
            delta));
  }

  @Override
  public void couplingBackward(
      Tensor dZ, Tensor dHeads, Tensor dY, Tensor dLogDet, Tensor z, Tensor heads, double delta) {
    CheckFlows.couplingBackward(this, dZ, dHeads, dY, dLogDet, z, heads, delta);
    submit(
        "couplingBackward",
        JavaFlows.couplingBackward(
            Reals.of(dZ),
            Reals.of(dHeads),
            Reals.of(dY),
            Reals.of(dLogDet),
            Reals.of(z),
            Reals.of(heads),
            delta));
  }

  @Override
  public void couplingInverse(
      Tensor z, Tensor logDet, Tensor y, Tensor heads, Tensor logDetIn, double delta) {
    CheckFlows.couplingInverse(this, z, logDet, y, heads, logDetIn, delta);
    submit(
        "couplingInverse",
        JavaFlows.couplingInverse(
            Reals.of(z),
            Reals.of(logDet),
            Reals.of(y),
            Reals.of(heads),
            Reals.of(logDetIn),
            delta));
  }

  @Override
  public void permute(Tensor y, Tensor x, Tensor permutation) {
    CheckFlows.permute(this, y, x, permutation);
    submit("permute", JavaFlows.permute(Reals.of(y), Reals.of(x), Ints.of(permutation)));
  }

  @Override
  public void permuteBackward(Tensor dX, Tensor dY, Tensor permutation) {
    CheckFlows.permuteBackward(this, dX, dY, permutation);
    submit(
        "permuteBackward",
        JavaFlows.permuteBackward(Reals.of(dX), Reals.of(dY), Ints.of(permutation)));
  }

  @Override
  public void affine(
      Tensor z, Tensor logDet, Tensor eps, Tensor w, Tensor b, Tensor logDetIn, double delta) {
    CheckFlows.affine(this, z, logDet, eps, w, b, logDetIn, delta);
    submit(
        "affine",
        JavaFlows.affine(
            Reals.of(z),
            Reals.of(logDet),
            Reals.of(eps),
            Reals.of(w),
            Reals.of(b),
            Reals.of(logDetIn),
            delta));
  }

  @Override
  public void affineBackward(
      Tensor dEps,
      Tensor dW,
      Tensor dB,
      Tensor dZ,
      Tensor dLogDet,
      Tensor eps,
      Tensor w,
      double delta) {
    CheckFlows.affineBackward(this, dEps, dW, dB, dZ, dLogDet, eps, w, delta);
    submit(
        "affineBackward",
        JavaFlows.affineBackward(
            Reals.of(dEps),
            Reals.of(dW),
            Reals.of(dB),
            Reals.of(dZ),
            Reals.of(dLogDet),
            Reals.of(eps),
            Reals.of(w),
            delta));
  }

  @Override
  public void affineInverse(
      Tensor eps, Tensor logDet, Tensor z, Tensor w, Tensor b, Tensor logDetIn, double delta) {
    CheckFlows.affineInverse(this, eps, logDet, z, w, b, logDetIn, delta);
    submit(
        "affineInverse",
        JavaFlows.affineInverse(
            Reals.of(eps),
            Reals.of(logDet),
            Reals.of(z),
            Reals.of(w),
            Reals.of(b),
            Reals.of(logDetIn),
            delta));
  }

  @Override
  public void prior(
      Tensor logPrior,
      Tensor w,
      Tensor logPriorIn,
      PriorKind kind,
      double p0,
      double p1,
      double p2) {
    CheckLayers.prior(this, logPrior, w, logPriorIn, kind, p0, p1, p2);
    submit(
        "prior",
        JavaElbo.prior(Reals.of(logPrior), Reals.of(w), Reals.of(logPriorIn), kind, p0, p1, p2));
  }

  @Override
  public void priorBackward(
      Tensor dW, Tensor dLogPrior, Tensor w, PriorKind kind, double p0, double p1, double p2) {
    CheckLayers.priorBackward(this, dW, dLogPrior, w, kind, p0, p1, p2);
    submit(
        "priorBackward",
        JavaElbo.priorBackward(Reals.of(dW), Reals.of(dLogPrior), Reals.of(w), kind, p0, p1, p2));
  }

  @Override
  public void elbo(Tensor items, Tensor logLik, Tensor logPrior, Tensor logDet, Tensor klScale) {
    CheckLayers.elbo(this, items, logLik, logPrior, logDet, klScale);
    submit(
        "elbo",
        JavaElbo.elbo(
            Reals.of(items),
            Reals.of(logLik),
            Reals.of(logPrior),
            Reals.of(logDet),
            Reals.of(klScale)));
  }

  @Override
  public void elboBackward(
      Tensor dLogLik, Tensor dLogPrior, Tensor dLogDet, Tensor dLoss, Tensor klScale) {
    CheckLayers.elboBackward(this, dLogLik, dLogPrior, dLogDet, dLoss, klScale);
    submit(
        "elboBackward",
        JavaElbo.elboBackward(
            Reals.of(dLogLik),
            Reals.of(dLogPrior),
            Reals.of(dLogDet),
            Reals.of(dLoss),
            Reals.of(klScale)));
  }

  @Override
  public void adam(AdamState state) {
    CheckLayers.adam(this, state);
    state
        .made()
        .forEach(
            (i, made) -> {
              fill(state.gradients().get(i), 0);
              madeGradient(
                  state.gradients().get(i),
                  made.factors(),
                  made.z(),
                  made.hidden(),
                  state.values().get(i),
                  made.net());
            });
    submit("adam", JavaOptimiser.adam(state));
  }

  @Override
  public void predictiveCategorical(
      Tensor mean, Tensor m2, Tensor entropy, Tensor votes, Tensor logits, long seen) {
    CheckLayers.predictiveCategorical(this, mean, m2, entropy, votes, logits, seen);
    submit(
        "predictiveCategorical",
        JavaPredictive.categorical(
            Reals.of(mean),
            Reals.of(m2),
            Reals.of(entropy),
            Ints.of(votes),
            Reals.of(logits),
            seen));
  }

  @Override
  public void predictiveMoments(Tensor mean, Tensor m2, Tensor values, long seen) {
    CheckLayers.predictiveMoments(this, mean, m2, values, seen);
    submit(
        "predictiveMoments",
        JavaPredictive.moments(Reals.of(mean), Reals.of(m2), Reals.of(values), seen));
  }

  @Override
  public void predictiveLogLik(Tensor logMean, Tensor logLik, long seen) {
    CheckLayers.predictiveLogLik(this, logMean, logLik, seen);
    submit("predictiveLogLik", JavaPredictive.logLik(Reals.of(logMean), Reals.of(logLik), seen));
  }
}
