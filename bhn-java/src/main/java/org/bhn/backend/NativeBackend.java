package org.bhn.backend;

import static org.bhn.backend.NativeBuffer.address;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.bhn.nativelib.BhnLibrary;
import org.bhn.nativelib.NativeException;
import org.bhn.nativelib.Status;
import org.bhn.nativelib.gen.bhn.BhnC;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * What the native devices share: every op of {@code bhn.h}. They differ in who multiplies matrices.
 * Each method checks its arguments in Java, binds all addresses, and submits one native call.
 */
abstract class NativeBackend extends AbstractBackend {
  final NativeMemory memory;
  final MemorySegment context;

  NativeBackend(NativeMemory memory, MemorySegment context) {
    super(memory);
    this.memory = memory;
    this.context = context;
  }

  @Override
  final DeviceBuffer newBuffer(DType dtype, long length) {
    return memory.allocate(dtype, length);
  }

  @Override
  final int bytes(DType dtype) {
    return NativeBuffer.bytes(dtype);
  }

  /** Throws for a failed call; an index out of range is the caller's argument. */
  static void check(int status) {
    if (status == 0) {
      return;
    }
    try {
      BhnLibrary.check(status);
    } catch (NativeException e) {
      if (e.status() == Status.INVALID_ARGUMENT) {
        throw new IllegalArgumentException(e.getMessage(), e);
      }
      throw e;
    }
  }

  @Override
  public final void sync() {
    checkOpen();
    check(BhnC.bhn_context_sync(context));
  }

  // ---- rng ----

  @Override
  public final void uniform(Tensor out, Tensor counter, long first, long seed, long stream) {
    CheckElementwise.uniform(this, out, counter, first, seed, stream);
    MemorySegment o = address(out);
    MemorySegment c = address(counter);
    long n = out.size();
    submit(() -> check(BhnC.bhn_rng_uniform(context, o, c, n, first, seed, stream)));
  }

  @Override
  public final void normal(Tensor out, Tensor counter, long first, long seed, long stream) {
    CheckElementwise.normal(this, out, counter, first, seed, stream);
    MemorySegment o = address(out);
    MemorySegment c = address(counter);
    long n = out.size();
    submit(() -> check(BhnC.bhn_rng_normal(context, o, c, n, first, seed, stream)));
  }

  @Override
  public final void advance(Tensor counter, long delta) {
    CheckElementwise.advance(this, counter, delta);
    MemorySegment c = address(counter);
    submit(() -> check(BhnC.bhn_rng_advance(context, c, delta)));
  }

  // ---- elementwise ----

  @Override
  public final void fill(Tensor x, double value) {
    CheckElementwise.fill(this, x, value);
    MemorySegment px = address(x);
    long rows = x.rows();
    long cols = x.columns();
    long ld = x.ld();
    submit(() -> check(BhnC.bhn_fill(context, px, rows, cols, ld, (float) value)));
  }

  @Override
  public final void copy(Tensor y, Tensor x) {
    CheckElementwise.copy(this, y, x);
    MemorySegment py = address(y);
    MemorySegment px = address(x);
    long rows = x.rows();
    long cols = x.columns();
    long ldY = y.ld();
    long ldX = x.ld();
    submit(() -> check(BhnC.bhn_copy(context, py, px, rows, cols, ldY, ldX)));
  }

  @Override
  public final void axpy(Tensor y, Tensor x, double alpha) {
    CheckElementwise.axpy(this, y, x, alpha);
    MemorySegment py = address(y);
    MemorySegment px = address(x);
    long rows = x.rows();
    long cols = x.columns();
    long ldY = y.ld();
    long ldX = x.ld();
    submit(() -> check(BhnC.bhn_axpy(context, py, px, rows, cols, ldY, ldX, (float) alpha)));
  }

  @Override
  public final void mul(Tensor y, Tensor a, Tensor b) {
    CheckElementwise.mul(this, y, a, b);
    MemorySegment py = address(y);
    MemorySegment pa = address(a);
    MemorySegment pb = address(b);
    long n = y.size();
    submit(() -> check(BhnC.bhn_mul_fwd(context, py, pa, pb, n)));
  }

  @Override
  public final void mulBackward(Tensor dA, Tensor dB, Tensor dY, Tensor a, Tensor b) {
    CheckElementwise.mulBackward(this, dA, dB, dY, a, b);
    MemorySegment pda = address(dA);
    MemorySegment pdb = address(dB);
    MemorySegment pdy = address(dY);
    MemorySegment pa = address(a);
    MemorySegment pb = address(b);
    long n = a.size();
    submit(() -> check(BhnC.bhn_mul_bwd(context, pda, pdb, pdy, pa, pb, n)));
  }

  @Override
  public final void activation(Tensor y, Tensor x, Activation activation) {
    CheckElementwise.activation(this, y, x, activation);
    MemorySegment py = address(y);
    MemorySegment px = address(x);
    long n = x.size();
    int act = activation.ordinal();
    submit(() -> check(BhnC.bhn_activation_fwd(context, py, px, n, act)));
  }

  @Override
  public final void activationBackward(Tensor dX, Tensor dY, Tensor x, Activation activation) {
    CheckElementwise.activationBackward(this, dX, dY, x, activation);
    MemorySegment pdx = address(dX);
    MemorySegment pdy = address(dY);
    MemorySegment px = address(x);
    long n = x.size();
    int act = activation.ordinal();
    submit(() -> check(BhnC.bhn_activation_bwd(context, pdx, pdy, px, n, act)));
  }

  @Override
  public final void gather(Tensor y, Tensor x, Tensor order, Tensor cursor) {
    CheckElementwise.gather(this, y, x, order, cursor);
    MemorySegment py = address(y);
    MemorySegment px = address(x);
    MemorySegment po = address(order);
    MemorySegment pc = address(cursor);
    long orders = order.size();
    if (y.dtype() == DType.INT32) {
      long n = y.size();
      long rows = x.size();
      submit(() -> check(BhnC.bhn_gather_labels(context, py, px, po, pc, n, rows, orders)));
    } else {
      long n = y.rows();
      long cols = y.columns();
      long rows = x.rows();
      submit(() -> check(BhnC.bhn_gather_rows(context, py, px, po, pc, n, cols, rows, orders)));
    }
  }

  @Override
  public final void sumRows(Tensor out, Tensor x) {
    CheckElementwise.sumRows(this, out, x);
    MemorySegment po = address(out);
    MemorySegment px = address(x);
    long rows = x.rows();
    long cols = x.columns();
    long ld = x.ld();
    submit(() -> check(BhnC.bhn_sum_rows_fwd(context, po, px, rows, cols, ld)));
  }

  @Override
  public final void sumRowsBackward(Tensor dX, Tensor dOut) {
    CheckElementwise.sumRowsBackward(this, dX, dOut);
    MemorySegment pdx = address(dX);
    MemorySegment pdo = address(dOut);
    long rows = dX == null ? 0 : dX.rows();
    long cols = dX == null ? 0 : dX.columns();
    long ld = dX == null ? 0 : dX.ld();
    submit(() -> check(BhnC.bhn_sum_rows_bwd(context, pdx, pdo, rows, cols, ld)));
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
    submit(() -> check(BhnC.bhn_weightnorm_fwd(context, pr, pv, rows, cols, ld)));
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
    submit(() -> check(BhnC.bhn_weightnorm_bwd(context, pdv, pdr, pv, pr, rows, cols, ld)));
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
      Activation activation) {
    CheckLayers.gainBackward(this, dT, dG, dR, dBias, dY, t, g, r, bias, samples, activation);
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
    submit(
        () ->
            check(
                BhnC.bhn_gain_bwd(
                    context, pdt, pdg, pdr, pdb, pdy, pt, pg, pr, pb, s.samples, s.batch, s.out,
                    s.ldG, s.ldBias, s.flags, act)));
  }

  // ---- flows ----

  @Override
  public final void made(
      Tensor heads, Tensor hidden, Tensor r, Tensor z, Tensor params, Conditioner net) {
    CheckFlows.made(this, heads, hidden, r, z, params, net);
    MemorySegment ph = address(heads);
    MemorySegment phid = address(hidden);
    MemorySegment pr = address(r);
    MemorySegment pz = address(z);
    MemorySegment pp = address(params);
    MemorySegment pin = address(net.inDegree());
    MemorySegment pmid = address(net.hiddenDegree());
    MemorySegment pout = address(net.outDegree());
    long samples = z.rows();
    long ld = z.ld();
    int norm = net.weightNorm() ? 1 : 0;
    submit(
        () ->
            check(
                BhnC.bhn_made_fwd(
                    context, ph, phid, pr, pz, pp, pin, pmid, pout, samples, net.inputs(),
                    net.hidden(), net.outputs(), ld, norm)));
  }

  @Override
  public final void madeBackward(
      Tensor dZ,
      Tensor dParams,
      Tensor dHeads,
      Tensor z,
      Tensor hidden,
      Tensor r,
      Tensor params,
      Conditioner net) {
    CheckFlows.madeBackward(this, dZ, dParams, dHeads, z, hidden, r, params, net);
    int samples = z.rows();
    Tensor work =
        pool().take(Math.multiplyExact(samples + 1, net.hidden() + 2 * net.outputs()));
    MemorySegment pdz = address(dZ);
    MemorySegment pdp = address(dParams);
    MemorySegment pw = address(work);
    MemorySegment pdh = address(dHeads);
    MemorySegment pz = address(z);
    MemorySegment phid = address(hidden);
    MemorySegment pr = address(r);
    MemorySegment pp = address(params);
    MemorySegment pin = address(net.inDegree());
    MemorySegment pmid = address(net.hiddenDegree());
    MemorySegment pout = address(net.outDegree());
    long ld = z.ld();
    int norm = net.weightNorm() ? 1 : 0;
    submit(
        () ->
            check(
                BhnC.bhn_made_bwd(
                    context, pdz, pdp, pw, pdh, pz, phid, pr, pp, pin, pmid, pout, samples,
                    net.inputs(), net.hidden(), net.outputs(), ld, norm)));
  }

  @Override
  public final void madeMask(Tensor u, Tensor rowDegree, Tensor colDegree) {
    CheckFlows.madeMask(this, u, rowDegree, colDegree);
    MemorySegment pu = address(u);
    MemorySegment prow = address(rowDegree);
    MemorySegment pcol = address(colDegree);
    long rows = u.rows();
    long cols = u.columns();
    long ld = u.ld();
    long degrees = rowDegree.size();
    submit(() -> check(BhnC.bhn_made_mask(context, pu, prow, pcol, rows, cols, ld, degrees)));
  }

  @Override
  public final void coupling(
      Tensor y, Tensor logDet, Tensor z, Tensor heads, Tensor logDetIn, double delta) {
    CheckFlows.coupling(this, y, logDet, z, heads, logDetIn, delta);
    MemorySegment py = address(y);
    MemorySegment pl = address(logDet);
    MemorySegment pz = address(z);
    MemorySegment ph = address(heads);
    MemorySegment pin = address(logDetIn);
    long samples = z.rows();
    long d = z.columns();
    long ldY = y.ld();
    long ldZ = z.ld();
    submit(
        () ->
            check(
                BhnC.bhn_coupling_fwd(
                    context, py, pl, pz, ph, pin, samples, d, ldY, ldZ, (float) delta)));
  }

  @Override
  public final void couplingBackward(
      Tensor dZ, Tensor dHeads, Tensor dY, Tensor dLogDet, Tensor z, Tensor heads, double delta) {
    CheckFlows.couplingBackward(this, dZ, dHeads, dY, dLogDet, z, heads, delta);
    MemorySegment pdz = address(dZ);
    MemorySegment pdh = address(dHeads);
    MemorySegment pdy = address(dY);
    MemorySegment pdl = address(dLogDet);
    MemorySegment pz = address(z);
    MemorySegment ph = address(heads);
    long samples = z.rows();
    long d = z.columns();
    long ldY = dY == null ? d : dY.ld();
    long ldZ = z.ld();
    submit(
        () ->
            check(
                BhnC.bhn_coupling_bwd(
                    context, pdz, pdh, pdy, pdl, pz, ph, samples, d, ldY, ldZ, (float) delta)));
  }

  @Override
  public final void couplingInverse(
      Tensor z, Tensor logDet, Tensor y, Tensor heads, Tensor logDetIn, double delta) {
    CheckFlows.couplingInverse(this, z, logDet, y, heads, logDetIn, delta);
    MemorySegment pz = address(z);
    MemorySegment pl = address(logDet);
    MemorySegment py = address(y);
    MemorySegment ph = address(heads);
    MemorySegment pin = address(logDetIn);
    long samples = z.rows();
    long d = z.columns();
    long ldZ = z.ld();
    long ldY = y.ld();
    submit(
        () ->
            check(
                BhnC.bhn_coupling_inv(
                    context, pz, pl, py, ph, pin, samples, d, ldZ, ldY, (float) delta)));
  }

  @Override
  public final void permute(Tensor y, Tensor x, Tensor permutation) {
    CheckFlows.permute(this, y, x, permutation);
    MemorySegment py = address(y);
    MemorySegment px = address(x);
    MemorySegment pp = address(permutation);
    long samples = x.rows();
    long d = x.columns();
    long ldY = y.ld();
    long ldX = x.ld();
    submit(() -> check(BhnC.bhn_permute_fwd(context, py, px, pp, samples, d, ldY, ldX)));
  }

  @Override
  public final void permuteBackward(Tensor dX, Tensor dY, Tensor permutation) {
    CheckFlows.permuteBackward(this, dX, dY, permutation);
    MemorySegment pdx = address(dX);
    MemorySegment pdy = address(dY);
    MemorySegment pp = address(permutation);
    long samples = dY.rows();
    long d = dY.columns();
    long ldY = dY.ld();
    long ldX = dX == null ? d : dX.ld();
    submit(() -> check(BhnC.bhn_permute_bwd(context, pdx, pdy, pp, samples, d, ldY, ldX)));
  }

  @Override
  public final void affine(
      Tensor z, Tensor logDet, Tensor eps, Tensor w, Tensor b, Tensor logDetIn, double delta) {
    CheckFlows.affine(this, z, logDet, eps, w, b, logDetIn, delta);
    MemorySegment pz = address(z);
    MemorySegment pl = address(logDet);
    MemorySegment pe = address(eps);
    MemorySegment pw = address(w);
    MemorySegment pb = address(b);
    MemorySegment pin = address(logDetIn);
    long samples = eps.rows();
    long d = eps.columns();
    submit(
        () ->
            check(
                BhnC.bhn_affine_fwd(
                    context, pz, pl, pe, pw, pb, pin, samples, d, (float) delta)));
  }

  @Override
  public final void affineBackward(
      Tensor dEps,
      Tensor dW,
      Tensor dB,
      Tensor dZ,
      Tensor dLogDet,
      Tensor eps,
      Tensor w,
      double delta) {
    CheckFlows.affineBackward(this, dEps, dW, dB, dZ, dLogDet, eps, w, delta);
    MemorySegment pde = address(dEps);
    MemorySegment pdw = address(dW);
    MemorySegment pdb = address(dB);
    MemorySegment pdz = address(dZ);
    MemorySegment pdl = address(dLogDet);
    MemorySegment pe = address(eps);
    MemorySegment pw = address(w);
    long samples = eps.rows();
    long d = eps.columns();
    submit(
        () ->
            check(
                BhnC.bhn_affine_bwd(
                    context, pde, pdw, pdb, pdz, pdl, pe, pw, samples, d, (float) delta)));
  }

  @Override
  public final void affineInverse(
      Tensor eps, Tensor logDet, Tensor z, Tensor w, Tensor b, Tensor logDetIn, double delta) {
    CheckFlows.affineInverse(this, eps, logDet, z, w, b, logDetIn, delta);
    MemorySegment pe = address(eps);
    MemorySegment pl = address(logDet);
    MemorySegment pz = address(z);
    MemorySegment pw = address(w);
    MemorySegment pb = address(b);
    MemorySegment pin = address(logDetIn);
    long samples = z.rows();
    long d = z.columns();
    submit(
        () ->
            check(
                BhnC.bhn_affine_inv(
                    context, pe, pl, pz, pw, pb, pin, samples, d, (float) delta)));
  }

  // ---- likelihoods ----

  @Override
  public final void categorical(Tensor logLik, Tensor logits, Tensor labels) {
    CheckLayers.categorical(this, logLik, logits, labels);
    MemorySegment pl = address(logLik);
    MemorySegment px = address(logits);
    MemorySegment py = address(labels);
    long batch = labels.size();
    long samples = batch == 0 ? 0 : logits.rows() / batch;
    long classes = logits.columns();
    submit(() -> check(BhnC.bhn_categorical_fwd(context, pl, px, py, samples, batch, classes)));
  }

  @Override
  public final void categoricalBackward(
      Tensor dLogits, Tensor dLogLik, Tensor logits, Tensor labels) {
    CheckLayers.categoricalBackward(this, dLogits, dLogLik, logits, labels);
    MemorySegment pd = address(dLogits);
    MemorySegment pl = address(dLogLik);
    MemorySegment px = address(logits);
    MemorySegment py = address(labels);
    long batch = labels.size();
    long samples = batch == 0 ? 0 : logits.rows() / batch;
    long classes = logits.columns();
    submit(
        () -> check(BhnC.bhn_categorical_bwd(context, pd, pl, px, py, samples, batch, classes)));
  }

  @Override
  public final void gaussian(
      Tensor logLik, Tensor mean, Tensor logVar, Tensor target, int samples, LogVariance mode) {
    CheckLayers.gaussian(this, logLik, mean, logVar, target, samples, mode);
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
    CheckLayers.gaussianBackward(
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
        () ->
            check(
                BhnC.bhn_gaussian_bwd(
                    context, pdm, pdv, pdl, pm, pv, py, samples, batch, outputs, ldMean, ldVar,
                    m)));
  }

  @Override
  public final void bernoulli(Tensor logLik, Tensor logits, Tensor target) {
    CheckLayers.bernoulli(this, logLik, logits, target);
    MemorySegment pl = address(logLik);
    MemorySegment px = address(logits);
    MemorySegment py = address(target);
    long batch = target.rows();
    long samples = batch == 0 ? 0 : logits.rows() / batch;
    long outputs = target.columns();
    submit(() -> check(BhnC.bhn_bernoulli_fwd(context, pl, px, py, samples, batch, outputs)));
  }

  @Override
  public final void bernoulliBackward(
      Tensor dLogits, Tensor dLogLik, Tensor logits, Tensor target) {
    CheckLayers.bernoulliBackward(this, dLogits, dLogLik, logits, target);
    MemorySegment pd = address(dLogits);
    MemorySegment pl = address(dLogLik);
    MemorySegment px = address(logits);
    MemorySegment py = address(target);
    long batch = target.rows();
    long samples = batch == 0 ? 0 : logits.rows() / batch;
    long outputs = target.columns();
    submit(() -> check(BhnC.bhn_bernoulli_bwd(context, pd, pl, px, py, samples, batch, outputs)));
  }

  // ---- prior, elbo ----

  @Override
  public final void prior(
      Tensor logPrior,
      Tensor w,
      Tensor logPriorIn,
      PriorKind kind,
      double p0,
      double p1,
      double p2) {
    CheckLayers.prior(this, logPrior, w, logPriorIn, kind, p0, p1, p2);
    MemorySegment pl = address(logPrior);
    MemorySegment pw = address(w);
    MemorySegment pin = address(logPriorIn);
    long samples = w.rows();
    long d = w.columns();
    long ld = w.ld();
    int k = kind.ordinal();
    submit(
        () ->
            check(
                BhnC.bhn_prior_fwd(
                    context, pl, pw, pin, samples, d, ld, k, (float) p0, (float) p1,
                    (float) p2)));
  }

  @Override
  public final void priorBackward(
      Tensor dW, Tensor dLogPrior, Tensor w, PriorKind kind, double p0, double p1, double p2) {
    CheckLayers.priorBackward(this, dW, dLogPrior, w, kind, p0, p1, p2);
    MemorySegment pdw = address(dW);
    MemorySegment pdl = address(dLogPrior);
    MemorySegment pw = address(w);
    long samples = w.rows();
    long d = w.columns();
    long ld = w.ld();
    int k = kind.ordinal();
    submit(
        () ->
            check(
                BhnC.bhn_prior_bwd(
                    context, pdw, pdl, pw, samples, d, ld, k, (float) p0, (float) p1,
                    (float) p2)));
  }

  @Override
  public final void elbo(
      Tensor items, Tensor logLik, Tensor logPrior, Tensor logDet, Tensor klScale) {
    CheckLayers.elbo(this, items, logLik, logPrior, logDet, klScale);
    MemorySegment pi = address(items);
    MemorySegment pl = address(logLik);
    MemorySegment pp = address(logPrior);
    MemorySegment pd = address(logDet);
    MemorySegment pk = address(klScale);
    long rows = logLik.size();
    long draws = draws(logPrior, logDet);
    submit(() -> check(BhnC.bhn_elbo_fwd(context, pi, pl, pp, pd, pk, rows, draws)));
  }

  @Override
  public final void elboBackward(
      Tensor dLogLik, Tensor dLogPrior, Tensor dLogDet, Tensor dLoss, Tensor klScale) {
    CheckLayers.elboBackward(this, dLogLik, dLogPrior, dLogDet, dLoss, klScale);
    MemorySegment pl = address(dLogLik);
    MemorySegment pp = address(dLogPrior);
    MemorySegment pd = address(dLogDet);
    MemorySegment ps = address(dLoss);
    MemorySegment pk = address(klScale);
    long rows = dLogLik == null ? 0 : dLogLik.size();
    long draws = draws(dLogPrior, dLogDet);
    submit(() -> check(BhnC.bhn_elbo_bwd(context, pl, pp, pd, ps, pk, rows, draws)));
  }

  private static long draws(Tensor logPrior, Tensor logDet) {
    return logPrior != null ? logPrior.size() : logDet != null ? logDet.size() : 0;
  }

  // ---- optimiser ----

  @Override
  public final void adam(AdamState state) {
    CheckLayers.adam(this, state);
    // The tables hold raw addresses. They are a few kilobytes and must live as long as a recording
    // that uses them, which is when the collector frees an automatic arena.
    Arena arena = Arena.ofAuto();
    MemorySegment values = table(arena, state.values());
    MemorySegment gradients = table(arena, state.gradients());
    MemorySegment first = table(arena, state.firstMoments());
    MemorySegment second = table(arena, state.secondMoments());
    long n = state.values().size();
    MemorySegment sizes = arena.allocate(ValueLayout.JAVA_LONG, n);
    for (int i = 0; i < n; i++) {
      sizes.setAtIndex(ValueLayout.JAVA_LONG, i, state.values().get(i).size());
    }
    MemorySegment step = address(state.step());
    MemorySegment report = address(state.report());
    MemorySegment hyper = address(state.hyper());
    Tensor[] raw = rawlyAddressed(state);
    submit(
        () -> {
          requireLive(raw);
          check(
              BhnC.bhn_adam_step(
                  context, values, first, second, step, report, gradients, sizes, hyper, n));
        });
  }

  private static MemorySegment table(Arena arena, List<Tensor> tensors) {
    MemorySegment table = arena.allocate(ValueLayout.ADDRESS, tensors.size());
    for (int i = 0; i < tensors.size(); i++) {
      table.setAtIndex(ValueLayout.ADDRESS, i, address(tensors.get(i)));
    }
    return table;
  }

  private static Tensor[] rawlyAddressed(AdamState state) {
    return java.util.stream.Stream.of(
            state.values(), state.gradients(), state.firstMoments(), state.secondMoments())
        .flatMap(List::stream)
        .toArray(Tensor[]::new);
  }

  /** Addresses inside a table are not guarded by their arenas, so their liveness is checked here. */
  private static void requireLive(Tensor[] tensors) {
    for (Tensor tensor : tensors) {
      if (tensor.isStale()) {
        throw new IllegalStateException("adam: " + tensor + " was released");
      }
    }
  }

  // ---- predictive ----

  @Override
  public final void predictiveCategorical(
      Tensor mean, Tensor m2, Tensor entropy, Tensor votes, Tensor logits, long seen) {
    CheckLayers.predictiveCategorical(this, mean, m2, entropy, votes, logits, seen);
    MemorySegment pm = address(mean);
    MemorySegment p2 = address(m2);
    MemorySegment pe = address(entropy);
    MemorySegment pv = address(votes);
    MemorySegment px = address(logits);
    long batch = mean.rows();
    long samples = batch == 0 ? 0 : logits.rows() / batch;
    long classes = mean.columns();
    submit(
        () ->
            check(
                BhnC.bhn_predictive_categorical(
                    context, pm, p2, pe, pv, px, samples, batch, classes, seen)));
  }

  @Override
  public final void predictiveMoments(Tensor mean, Tensor m2, Tensor values, long seen) {
    CheckLayers.predictiveMoments(this, mean, m2, values, seen);
    MemorySegment pm = address(mean);
    MemorySegment p2 = address(m2);
    MemorySegment px = address(values);
    long batch = mean.rows();
    long samples = batch == 0 ? 0 : values.rows() / batch;
    long outputs = mean.columns();
    long ld = values.ld();
    submit(
        () ->
            check(
                BhnC.bhn_predictive_moments(
                    context, pm, p2, px, samples, batch, outputs, ld, seen)));
  }

  @Override
  public final void predictiveLogLik(Tensor logMean, Tensor logLik, long seen) {
    CheckLayers.predictiveLogLik(this, logMean, logLik, seen);
    MemorySegment pm = address(logMean);
    MemorySegment px = address(logLik);
    long batch = logMean.size();
    long samples = batch == 0 ? 0 : logLik.size() / batch;
    submit(() -> check(BhnC.bhn_predictive_log_lik(context, pm, px, samples, batch, seen)));
  }

  // ---- dropout ----

  @Override
  public final void dropout(
      Tensor y,
      Tensor x,
      Tensor counter,
      int samples,
      long firstRow,
      long seed,
      long stream,
      double rate) {
    CheckElementwise.dropout(this, y, x, counter, samples, firstRow, seed, stream, rate);
    MemorySegment py = address(y);
    MemorySegment px = address(x);
    MemorySegment pc = address(counter);
    long batch = y.rows() / samples;
    long cols = y.columns();
    int shared = samples > 1 && x.rows() == batch ? 1 : 0;
    submit(
        () ->
            check(
                BhnC.bhn_dropout_fwd(
                    context, py, px, pc, samples, batch, cols, firstRow, seed, stream,
                    (float) rate, shared)));
  }

  @Override
  public final void dropoutBackward(
      Tensor dX,
      Tensor dY,
      Tensor counter,
      int samples,
      long firstRow,
      long seed,
      long stream,
      double rate) {
    CheckElementwise.dropoutBackward(this, dX, dY, counter, samples, firstRow, seed, stream, rate);
    MemorySegment pdx = address(dX);
    MemorySegment pdy = address(dY);
    MemorySegment pc = address(counter);
    long batch = dY.rows() / samples;
    long cols = dY.columns();
    int shared = samples > 1 && dX != null && dX.rows() == batch ? 1 : 0;
    submit(
        () ->
            check(
                BhnC.bhn_dropout_bwd(
                    context, pdx, pdy, pc, samples, batch, cols, firstRow, seed, stream,
                    (float) rate, shared)));
  }

  @Override
  final void closeDevice() {
    check(BhnC.bhn_context_destroy(context));
    if (ownsMemory()) {
      memory.close();
    }
  }

  /** Whether this is the first context of its family. */
  abstract boolean ownsMemory();
}
