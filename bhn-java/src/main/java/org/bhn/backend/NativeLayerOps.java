package org.bhn.backend;

import static org.bhn.backend.NativeBuffer.address;

import java.lang.foreign.MemorySegment;
import org.bhn.nativelib.gen.bhn.BhnC;
import org.bhn.tensor.Tensor;

/** Weight norm, gain epilogue, pooling and likelihoods, by libbhn. */
abstract class NativeLayerOps extends NativeElementwiseOps {
  NativeLayerOps(NativeMemory memory, MemorySegment context) {
    super(memory, context);
  }

  // ---- weightnorm, gain ----

  @Override
  public final void weightNorm(Tensor r, Tensor v) {
    CheckLayers.weightNorm(this, r, v);
    MemorySegment pr = address(r);
    MemorySegment pv = address(v);
    long rows = v.rows();
    long cols = v.columns();
    long ld = v.ld();
    submit("weightNorm", () -> check(BhnC.bhn_weightnorm_fwd(context, pr, pv, rows, cols, ld)));
  }

  @Override
  public final void weightNormBackward(Tensor dV, Tensor dR, Tensor v, Tensor r) {
    CheckLayers.weightNormBackward(this, dV, dR, v, r);
    MemorySegment pdv = address(dV);
    MemorySegment pdr = address(dR);
    MemorySegment pv = address(v);
    MemorySegment pr = address(r);
    long rows = v.rows();
    long cols = v.columns();
    long ld = v.ld();
    submit(
        "weightNormBackward",
        () -> check(BhnC.bhn_weightnorm_bwd(context, pdv, pdr, pv, pr, rows, cols, ld)));
  }

  /** The sizes and flags of a gain. */
  private record GainShape(long samples, long batch, long out, long ldG, long ldBias, int flags) {
    static GainShape of(Tensor y, Tensor t, Tensor g, Tensor bias, int samples) {
      int batch = y.rows() / samples;
      boolean shared = samples > 1 && t.rows() == batch;
      boolean perExample = g != null && batch > 1 && g.rows() == y.rows();
      boolean perSample = bias != null && bias.rank() == 2;
      int flags =
          (shared ? BhnC.BHN_GAIN_SHARED_PRODUCT() : 0)
              | (perExample ? BhnC.BHN_GAIN_PER_EXAMPLE() : 0)
              | (perSample ? BhnC.BHN_GAIN_PER_SAMPLE_BIAS() : 0);
      int out = y.columns();
      return new GainShape(
          samples, batch, out, g == null ? out : g.ld(), perSample ? bias.ld() : out, flags);
    }
  }

  @Override
  public final void gain(
      Tensor y, Tensor t, Tensor g, Tensor r, Tensor bias, int samples, Activation activation) {
    CheckLayers.gain(this, y, t, g, r, bias, samples, activation);
    GainShape s = GainShape.of(y, t, g, bias, samples);
    MemorySegment py = address(y);
    MemorySegment pt = address(t);
    MemorySegment pg = address(g);
    MemorySegment pr = address(r);
    MemorySegment pb = address(bias);
    int act = activation.ordinal();
    submit(
        "gain",
        () ->
            check(
                BhnC.bhn_gain_fwd(
                    context, py, pt, pg, pr, pb, s.samples, s.batch, s.out, s.ldG, s.ldBias,
                    s.flags, act)));
  }

  @Override
  public final void gainBackward(
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
    CheckLayers.gainBackward(this, dT, dG, dR, dBias, dY, t, g, r, bias, samples, activation, beta);
    GainShape s = GainShape.of(dY, t, g, bias, samples);
    MemorySegment pdt = address(dT);
    MemorySegment pdg = address(dG);
    MemorySegment pdr = address(dR);
    MemorySegment pdb = address(dBias);
    MemorySegment pdy = address(dY);
    MemorySegment pt = address(t);
    MemorySegment pg = address(g);
    MemorySegment pr = address(r);
    MemorySegment pb = address(bias);
    int act = activation.ordinal();
    int flags = s.flags | (beta == 0 ? BhnC.BHN_GAIN_OVERWRITE() : 0);
    submit(
        "gainBackward",
        () ->
            check(
                BhnC.bhn_gain_bwd(
                    context, pdt, pdg, pdr, pdb, pdy, pt, pg, pr, pb, s.samples, s.batch, s.out,
                    s.ldG, s.ldBias, flags, act)));
  }

  // ---- pool ----

  @Override
  public final void maxPool(Tensor y, Tensor x, Pooling shape) {
    long n = CheckImages.maxPool(this, y, x, shape);
    MemorySegment py = address(y);
    MemorySegment px = address(x);
    long h = shape.height();
    long w = shape.width();
    long c = shape.channels();
    long window = shape.window();
    long stride = shape.stride();
    submit("maxPool", () -> check(BhnC.bhn_pool_fwd(context, py, px, n, h, w, c, window, stride)));
  }

  @Override
  public final void maxPoolBackward(Tensor dX, Tensor dY, Tensor x, Pooling shape) {
    long n = CheckImages.maxPoolBackward(this, dX, dY, x, shape);
    MemorySegment pdx = address(dX);
    MemorySegment pdy = address(dY);
    MemorySegment px = address(x);
    long h = shape.height();
    long w = shape.width();
    long c = shape.channels();
    long window = shape.window();
    long stride = shape.stride();
    submit(
        "maxPoolBackward",
        () -> check(BhnC.bhn_pool_bwd(context, pdx, pdy, px, n, h, w, c, window, stride)));
  }

  // ---- likelihoods ----

  @Override
  public final void categorical(Tensor logLik, Tensor logits, Tensor labels) {
    CheckLikelihoods.categorical(this, logLik, logits, labels);
    MemorySegment pl = address(logLik);
    MemorySegment px = address(logits);
    MemorySegment py = address(labels);
    long batch = labels.size();
    long samples = batch == 0 ? 0 : logits.rows() / batch;
    long classes = logits.columns();
    submit(
        "categorical",
        () -> check(BhnC.bhn_categorical_fwd(context, pl, px, py, samples, batch, classes)));
  }

  @Override
  public final void categoricalBackward(
      Tensor dLogits, Tensor dLogLik, Tensor logits, Tensor labels) {
    CheckLikelihoods.categoricalBackward(this, dLogits, dLogLik, logits, labels);
    MemorySegment pd = address(dLogits);
    MemorySegment pl = address(dLogLik);
    MemorySegment px = address(logits);
    MemorySegment py = address(labels);
    long batch = labels.size();
    long samples = batch == 0 ? 0 : logits.rows() / batch;
    long classes = logits.columns();
    submit(
        "categoricalBackward",
        () -> check(BhnC.bhn_categorical_bwd(context, pd, pl, px, py, samples, batch, classes)));
  }

  @Override
  public final void gaussian(
      Tensor logLik, Tensor mean, Tensor logVar, Tensor target, int samples, LogVariance mode) {
    CheckLikelihoods.gaussian(this, logLik, mean, logVar, target, samples, mode);
    MemorySegment pl = address(logLik);
    MemorySegment pm = address(mean);
    MemorySegment pv = address(logVar);
    MemorySegment py = address(target);
    long batch = target.rows();
    long outputs = target.columns();
    long ldMean = mean.ld();
    long ldVar = logVar.ld();
    int m = mode.ordinal();
    submit(
        "gaussian",
        () ->
            check(
                BhnC.bhn_gaussian_fwd(
                    context, pl, pm, pv, py, samples, batch, outputs, ldMean, ldVar, m)));
  }

  @Override
  public final void gaussianBackward(
      Tensor dMean,
      Tensor dLogVar,
      Tensor dLogLik,
      Tensor mean,
      Tensor logVar,
      Tensor target,
      int samples,
      LogVariance mode) {
    CheckLikelihoods.gaussianBackward(
        this, dMean, dLogVar, dLogLik, mean, logVar, target, samples, mode);
    MemorySegment pdm = address(dMean);
    MemorySegment pdv = address(dLogVar);
    MemorySegment pdl = address(dLogLik);
    MemorySegment pm = address(mean);
    MemorySegment pv = address(logVar);
    MemorySegment py = address(target);
    long batch = target.rows();
    long outputs = target.columns();
    long ldMean = mean.ld();
    long ldVar = logVar.ld();
    int m = mode.ordinal();
    submit(
        "gaussianBackward",
        () ->
            check(
                BhnC.bhn_gaussian_bwd(
                    context, pdm, pdv, pdl, pm, pv, py, samples, batch, outputs, ldMean, ldVar,
                    m)));
  }

  @Override
  public final void studentT(
      Tensor logLik,
      Tensor mean,
      Tensor logVar,
      Tensor target,
      int samples,
      LogVariance mode,
      double degreesOfFreedom) {
    CheckLikelihoods.studentT(this, logLik, mean, logVar, target, samples, mode, degreesOfFreedom);
    MemorySegment pl = address(logLik);
    MemorySegment pm = address(mean);
    MemorySegment pv = address(logVar);
    MemorySegment py = address(target);
    long batch = target.rows();
    long outputs = target.columns();
    long ldMean = mean.ld();
    long ldVar = logVar.ld();
    int m = mode.ordinal();
    float nu = (float) degreesOfFreedom;
    submit(
        "studentT",
        () ->
            check(
                BhnC.bhn_student_t_fwd(
                    context, pl, pm, pv, py, samples, batch, outputs, ldMean, ldVar, m, nu)));
  }

  @Override
  public final void studentTBackward(
      Tensor dMean,
      Tensor dLogVar,
      Tensor dLogLik,
      Tensor mean,
      Tensor logVar,
      Tensor target,
      int samples,
      LogVariance mode,
      double degreesOfFreedom) {
    CheckLikelihoods.studentTBackward(
        this, dMean, dLogVar, dLogLik, mean, logVar, target, samples, mode, degreesOfFreedom);
    MemorySegment pdm = address(dMean);
    MemorySegment pdv = address(dLogVar);
    MemorySegment pdl = address(dLogLik);
    MemorySegment pm = address(mean);
    MemorySegment pv = address(logVar);
    MemorySegment py = address(target);
    long batch = target.rows();
    long outputs = target.columns();
    long ldMean = mean.ld();
    long ldVar = logVar.ld();
    int m = mode.ordinal();
    float nu = (float) degreesOfFreedom;
    submit(
        "studentTBackward",
        () ->
            check(
                BhnC.bhn_student_t_bwd(
                    context, pdm, pdv, pdl, pm, pv, py, samples, batch, outputs, ldMean, ldVar, m,
                    nu)));
  }

  @Override
  public final void bernoulli(Tensor logLik, Tensor logits, Tensor target) {
    CheckLikelihoods.bernoulli(this, logLik, logits, target);
    MemorySegment pl = address(logLik);
    MemorySegment px = address(logits);
    MemorySegment py = address(target);
    long batch = target.rows();
    long samples = batch == 0 ? 0 : logits.rows() / batch;
    long outputs = target.columns();
    submit(
        "bernoulli",
        () -> check(BhnC.bhn_bernoulli_fwd(context, pl, px, py, samples, batch, outputs)));
  }

  @Override
  public final void bernoulliBackward(
      Tensor dLogits, Tensor dLogLik, Tensor logits, Tensor target) {
    CheckLikelihoods.bernoulliBackward(this, dLogits, dLogLik, logits, target);
    MemorySegment pd = address(dLogits);
    MemorySegment pl = address(dLogLik);
    MemorySegment px = address(logits);
    MemorySegment py = address(target);
    long batch = target.rows();
    long samples = batch == 0 ? 0 : logits.rows() / batch;
    long outputs = target.columns();
    submit(
        "bernoulliBackward",
        () -> check(BhnC.bhn_bernoulli_bwd(context, pd, pl, px, py, samples, batch, outputs)));
  }

  @Override
  public final void poisson(Tensor logLik, Tensor logRate, Tensor target) {
    CheckLikelihoods.poisson(this, logLik, logRate, target);
    MemorySegment pl = address(logLik);
    MemorySegment px = address(logRate);
    MemorySegment py = address(target);
    long batch = target.rows();
    long samples = batch == 0 ? 0 : logRate.rows() / batch;
    long outputs = target.columns();
    submit(
        "poisson", () -> check(BhnC.bhn_poisson_fwd(context, pl, px, py, samples, batch, outputs)));
  }

  @Override
  public final void poissonBackward(
      Tensor dLogRate, Tensor dLogLik, Tensor logRate, Tensor target) {
    CheckLikelihoods.poissonBackward(this, dLogRate, dLogLik, logRate, target);
    MemorySegment pd = address(dLogRate);
    MemorySegment pl = address(dLogLik);
    MemorySegment px = address(logRate);
    MemorySegment py = address(target);
    long batch = target.rows();
    long samples = batch == 0 ? 0 : logRate.rows() / batch;
    long outputs = target.columns();
    submit(
        "poissonBackward",
        () -> check(BhnC.bhn_poisson_bwd(context, pd, pl, px, py, samples, batch, outputs)));
  }
}
