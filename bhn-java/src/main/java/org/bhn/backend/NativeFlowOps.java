package org.bhn.backend;

import static org.bhn.backend.NativeBuffer.address;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.bhn.nativelib.gen.bhn.BhnC;
import org.bhn.tensor.Tensor;

/** Conditioners, couplings, permutations and the linear flow, by libbhn. */
abstract class NativeFlowOps extends NativeLayerOps {
  NativeFlowOps(NativeMemory memory, MemorySegment context) {
    super(memory, context);
  }

  // ---- flows ----

  @Override
  public final void made(
      Tensor heads,
      Tensor hidden,
      Tensor products,
      Tensor r,
      Tensor z,
      Tensor params,
      Conditioner net) {
    CheckFlows.made(this, heads, hidden, products, r, z, params, net);
    MemorySegment ph = address(heads);
    MemorySegment phid = address(hidden);
    MemorySegment pt = address(products);
    MemorySegment pr = address(r);
    MemorySegment pz = address(z);
    MemorySegment pp = address(params);
    MemorySegment ps = address(net.rowStart());
    long samples = z.rows();
    long ld = z.ld();
    int norm = net.weightNorm() ? 1 : 0;
    submit(
        "made",
        () ->
            check(
                BhnC.bhn_made_fwd(
                    context,
                    ph,
                    phid,
                    pt,
                    pr,
                    pz,
                    pp,
                    ps,
                    samples,
                    net.inputs(),
                    net.hidden(),
                    net.outputs(),
                    net.weights(),
                    ld,
                    norm)));
  }

  @Override
  public final void madeBackward(
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
    long samples = z.rows();
    long perSample =
        (long) BhnC.BHN_MADE_PARTS() * Math.max(net.inputs(), net.hidden()) + net.hidden();
    Tensor work = pool().take(Math.toIntExact(Math.multiplyExact(samples, perSample)));
    MemorySegment pdz = address(dZ);
    MemorySegment pf = address(factors);
    MemorySegment pw = address(work);
    MemorySegment pdh = address(dHeads);
    MemorySegment pz = address(z);
    MemorySegment phid = address(hidden);
    MemorySegment pt = address(products);
    MemorySegment pr = address(r);
    MemorySegment pp = address(params);
    MemorySegment ps = address(net.rowStart());
    long ld = z.ld();
    int norm = net.weightNorm() ? 1 : 0;
    submit(
        "madeBackward",
        () ->
            check(
                BhnC.bhn_made_bwd(
                    context,
                    pdz,
                    pf,
                    pw,
                    pdh,
                    pz,
                    phid,
                    pt,
                    pr,
                    pp,
                    ps,
                    samples,
                    net.inputs(),
                    net.hidden(),
                    net.outputs(),
                    net.weights(),
                    ld,
                    norm)));
  }

  @Override
  public final void madeGradient(
      Tensor dParams, Tensor factors, Tensor z, Tensor hidden, Tensor params, Conditioner net) {
    CheckFlows.madeGradient(this, dParams, factors, z, hidden, params, net);
    MemorySegment pd = address(dParams);
    MemorySegment pf = address(factors);
    MemorySegment pz = address(z);
    MemorySegment phid = address(hidden);
    MemorySegment pp = address(params);
    MemorySegment ps = address(net.rowStart());
    long samples = z.rows();
    long ld = z.ld();
    int norm = net.weightNorm() ? 1 : 0;
    submit(
        "madeGradient",
        () ->
            check(
                BhnC.bhn_made_grad(
                    context,
                    pd,
                    pf,
                    pz,
                    phid,
                    pp,
                    ps,
                    samples,
                    net.inputs(),
                    net.hidden(),
                    net.outputs(),
                    net.weights(),
                    ld,
                    norm)));
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
        "coupling",
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
        "couplingBackward",
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
        "couplingInverse",
        () ->
            check(
                BhnC.bhn_coupling_inv(
                    context, pz, pl, py, ph, pin, samples, d, ldZ, ldY, (float) delta)));
  }

  @Override
  public final void flow(
      Tensor y, Tensor logDet, Tensor z, Tensor logDetIn, List<FlowStep> steps, double delta) {
    CheckFlows.flow(this, y, logDet, z, logDetIn, steps, delta);
    MemorySegment py = address(y);
    MemorySegment pl = address(logDet);
    MemorySegment pz = address(z);
    MemorySegment pin = address(logDetIn);
    NativeFlowSteps all = new NativeFlowSteps(steps);
    long samples = z.rows();
    long d = z.columns();
    submit(
        "flow",
        () -> {
          all.requireLive("flow");
          check(
              BhnC.bhn_flow_fwd(
                  context, py, pl, pz, pin, all.table, samples, d, all.count, (float) delta));
        });
  }

  @Override
  public final void flowBackward(
      Tensor dZ, Tensor dY, Tensor dLogDet, List<FlowStep> steps, double delta) {
    CheckFlows.flowBackward(this, dZ, dY, dLogDet, steps, delta);
    Tensor work = pool().take(NativeFlowSteps.work(steps));
    MemorySegment pdz = address(dZ);
    MemorySegment pw = address(work);
    MemorySegment pdy = address(dY);
    MemorySegment pdl = address(dLogDet);
    NativeFlowSteps all = new NativeFlowSteps(steps);
    long samples = steps.getFirst().x().rows();
    long d = steps.getFirst().x().columns();
    submit(
        "flowBackward",
        () -> {
          all.requireLive("flowBackward");
          check(
              BhnC.bhn_flow_bwd(
                  context, pdz, pw, pdy, pdl, all.table, samples, d, all.count, (float) delta));
        });
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
    submit("permute", () -> check(BhnC.bhn_permute_fwd(context, py, px, pp, samples, d, ldY, ldX)));
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
    submit(
        "permuteBackward",
        () -> check(BhnC.bhn_permute_bwd(context, pdx, pdy, pp, samples, d, ldY, ldX)));
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
        "affine",
        () ->
            check(
                BhnC.bhn_affine_fwd(context, pz, pl, pe, pw, pb, pin, samples, d, (float) delta)));
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
        "affineBackward",
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
        "affineInverse",
        () ->
            check(
                BhnC.bhn_affine_inv(context, pe, pl, pz, pw, pb, pin, samples, d, (float) delta)));
  }
}
