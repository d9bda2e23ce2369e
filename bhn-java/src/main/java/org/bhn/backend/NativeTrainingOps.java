package org.bhn.backend;

import static org.bhn.backend.NativeBuffer.address;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.bhn.nativelib.gen.bhn.BhnC;
import org.bhn.nativelib.gen.bhn.bhn_made_gradient;
import org.bhn.tensor.Tensor;

/** Priors, the ELBO, Adam and predictive statistics, by libbhn. */
abstract class NativeTrainingOps extends NativeFlowOps {
  NativeTrainingOps(NativeMemory memory, MemorySegment context) {
    super(memory, context);
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
        "prior",
        () ->
            check(
                BhnC.bhn_prior_fwd(
                    context, pl, pw, pin, samples, d, ld, k, (float) p0, (float) p1, (float) p2)));
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
        "priorBackward",
        () ->
            check(
                BhnC.bhn_prior_bwd(
                    context, pdw, pdl, pw, samples, d, ld, k, (float) p0, (float) p1, (float) p2)));
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
    submit("elbo", () -> check(BhnC.bhn_elbo_fwd(context, pi, pl, pp, pd, pk, rows, draws)));
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
    submit(
        "elboBackward", () -> check(BhnC.bhn_elbo_bwd(context, pl, pp, pd, ps, pk, rows, draws)));
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
    MemorySegment made = conditioners(arena, state, gradients);
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
    RawTensors raw = new RawTensors(rawlyAddressed(state));
    submit(
        "adam",
        () -> {
          raw.requireLive("adam");
          check(
              BhnC.bhn_adam_step(
                  context,
                  values,
                  first,
                  second,
                  step,
                  report,
                  gradients,
                  sizes,
                  hyper,
                  made,
                  n,
                  state.made().size()));
        });
  }

  private static MemorySegment table(Arena arena, List<Tensor> tensors) {
    MemorySegment table = arena.allocate(ValueLayout.ADDRESS, tensors.size());
    for (int i = 0; i < tensors.size(); i++) {
      table.setAtIndex(ValueLayout.ADDRESS, i, address(tensors.get(i)));
    }
    return table;
  }

  /** The factored gradients; their places in the table of gradients become NULL. */
  private static MemorySegment conditioners(Arena arena, AdamState state, MemorySegment gradients) {
    MemorySegment all = bhn_made_gradient.allocateArray(state.made().size(), arena);
    int next = 0;
    for (Map.Entry<Integer, MadeGradient> entry : state.made().entrySet()) {
      MadeGradient made = entry.getValue();
      Conditioner net = made.net();
      MemorySegment at = bhn_made_gradient.asSlice(all, next++);
      bhn_made_gradient.tensor(at, entry.getKey());
      bhn_made_gradient.factors(at, address(made.factors()));
      bhn_made_gradient.z(at, address(made.z()));
      bhn_made_gradient.h(at, address(made.hidden()));
      bhn_made_gradient.row_start(at, address(net.rowStart()));
      bhn_made_gradient.samples(at, made.z().rows());
      bhn_made_gradient.inputs(at, net.inputs());
      bhn_made_gradient.hidden(at, net.hidden());
      bhn_made_gradient.outputs(at, net.outputs());
      bhn_made_gradient.weights(at, net.weights());
      bhn_made_gradient.ld_z(at, made.z().ld());
      gradients.setAtIndex(ValueLayout.ADDRESS, entry.getKey(), MemorySegment.NULL);
    }
    return all;
  }

  private static List<Tensor> rawlyAddressed(AdamState state) {
    Stream<Tensor> made =
        state.made().values().stream()
            .flatMap(m -> Stream.of(m.factors(), m.z(), m.hidden(), m.net().rowStart()))
            .filter(Objects::nonNull);
    Stream<Tensor> plain =
        Stream.of(state.values(), state.gradients(), state.firstMoments(), state.secondMoments())
            .flatMap(List::stream);
    return Stream.concat(plain, made).toList();
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
        "predictiveCategorical",
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
        "predictiveMoments",
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
    long batch = logMean.rows();
    long samples = batch == 0 ? 0 : logLik.size() / batch;
    submit(
        "predictiveLogLik",
        () -> check(BhnC.bhn_predictive_log_lik(context, pm, px, samples, batch, seen)));
  }
}
