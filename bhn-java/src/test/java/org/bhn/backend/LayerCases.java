package org.bhn.backend;

import static org.bhn.backend.ElementwiseCases.MATRICES;
import static org.bhn.backend.ElementwiseCases.dims;
import static org.bhn.backend.OpCase.below;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bhn.tensor.DType;

/** Cases of the layers, likelihoods, priors, and the ELBO. */
final class LayerCases {
  /** S, B, columns. */
  private static final int[][] BATCHES = {
    {2, 0, 3},
    {1, 1, 1},
    {1, 2, 3},
    {2, 1, 7},
    {3, 5, 8},
    {2, 3, 9},
    {3, 2, 15},
    {2, 2, 16},
    {1, 3, 17},
    {5, 2, 31},
    {2, 3, 33},
    {2, 2, 64},
    {3, 2, 65}
  };

  private LayerCases() {}

  static List<OpCase> all() {
    List<OpCase> all = new ArrayList<>();
    all.add(weightNorm());
    all.addAll(gains());
    all.add(categorical());
    for (LogVariance mode : LogVariance.values()) {
      all.add(gaussian(mode));
      all.add(studentT(mode, 3));
    }
    all.add(studentT(LogVariance.SHARED, 0.5));
    all.add(bernoulli());
    all.add(poisson());
    all.add(prior("normal", PriorKind.NORMAL, 0.25, 1.5, 0, true));
    all.add(prior("normal-first", PriorKind.NORMAL, 0, 1, 0, false));
    all.add(prior("laplace", PriorKind.LAPLACE, -0.125, 0.75, 0, true));
    all.add(prior("mixture", PriorKind.MIXTURE, 0.25, 1, 0.25, true));
    all.add(elbo(true, true));
    all.add(elbo(true, false));
    all.add(elbo(false, true));
    all.add(elbo(false, false));
    return all;
  }

  private static OpCase weightNorm() {
    return OpCase.of("weightNorm", "rows", "cols")
        .out("r", n -> dims(n[0]))
        .in("v", n -> dims(n[0], n[1]))
        .strided()
        .forward((b, t) -> b.weightNorm(t.get("r"), t.get("v")))
        .backward((b, t) -> b.weightNormBackward(t.grad("v"), t.grad("r"), t.get("v"), t.get("r")))
        .at(MATRICES)
        .large(100, 784);
  }

  private record GainVariant(
      Activation activation,
      boolean shared,
      boolean hasG,
      boolean perExample,
      boolean hasR,
      boolean hasBias,
      boolean perSampleBias) {
    String label() {
      return activation.name().toLowerCase(Locale.ROOT)
          + (shared ? ",shared" : "")
          + (hasG ? perExample ? ",g/example" : ",g" : "")
          + (hasR ? ",r" : "")
          + (hasBias ? perSampleBias ? ",bias/sample" : ",bias" : "");
    }
  }

  private static List<OpCase> gains() {
    return List.of(
        gain(new GainVariant(Activation.RELU, false, true, false, true, true, false)),
        gain(new GainVariant(Activation.RELU, true, true, false, true, true, true)),
        gain(new GainVariant(Activation.TANH, true, true, true, true, true, false)),
        gain(new GainVariant(Activation.GELU, false, true, true, false, true, true)),
        gain(new GainVariant(Activation.IDENTITY, true, true, false, true, false, false)),
        gain(new GainVariant(Activation.RELU, false, false, false, false, true, false)),
        gain(new GainVariant(Activation.TANH, false, false, false, true, false, false)),
        gain(new GainVariant(Activation.GELU, true, false, false, false, true, true)),
        gain(new GainVariant(Activation.IDENTITY, false, false, false, false, false, false)));
  }

  private static OpCase gain(GainVariant v) {
    boolean curved = v.activation == Activation.TANH || v.activation == Activation.GELU;
    double curve = curved ? 8 : 0;
    OpCase op =
        OpCase.of("gain/" + v.label(), "S", "B", "out")
            .out("y", n -> dims(n[0] * n[1], n[2]))
            .slack(v.activation == Activation.GELU ? 8 : 0, 0)
            .in("t", n -> dims(v.shared ? n[1] : n[0] * n[1], n[2]))
            .slack(n -> 0, n -> curve * n[0]);
    if (v.hasG) {
      op.in("g", n -> dims(v.perExample ? n[0] * n[1] : n[0], n[2]))
          .strided()
          .slack(n -> 0, n -> curve * n[1]);
    }
    if (v.hasR) {
      op.in("r", n -> dims(n[2])).slack(n -> 0, n -> curve * n[0] * n[1]);
    }
    if (v.hasBias && v.perSampleBias) {
      op.in("bias", n -> dims(n[0], n[2])).strided().slack(n -> 0, n -> curve * n[1]);
    } else if (v.hasBias) {
      op.in("bias", n -> dims(n[2])).slack(n -> 0, n -> curve * n[0] * n[1]);
    }
    return op.forward(
            (b, t) ->
                b.gain(
                    t.get("y"),
                    t.get("t"),
                    t.get("g"),
                    t.get("r"),
                    t.get("bias"),
                    t.n(0),
                    v.activation))
        .backward(
            (b, t) ->
                b.gainBackward(
                    t.grad("t"),
                    t.grad("g"),
                    t.grad("r"),
                    t.grad("bias"),
                    t.grad("y"),
                    t.get("t"),
                    t.get("g"),
                    t.get("r"),
                    t.get("bias"),
                    t.n(0),
                    v.activation,
                    1))
        .at(BATCHES)
        .large(4, 32, 200);
  }

  private static OpCase categorical() {
    return OpCase.of("categorical", "S", "B", "C")
        .out("logLik", n -> dims(n[0] * n[1]))
        .slack(8, 0)
        .in("logits", n -> dims(n[0] * n[1], n[2]))
        .values((random, n, size) -> OpCase.fill(size, () -> 3 * random.nextGaussian()))
        .slack(0, 8)
        .data("labels", DType.INT32, n -> dims(n[1]), below(n -> n[2]))
        .forward((b, t) -> b.categorical(t.get("logLik"), t.get("logits"), t.get("labels")))
        .backward(
            (b, t) ->
                b.categoricalBackward(
                    t.grad("logits"), t.grad("logLik"), t.get("logits"), t.get("labels")))
        .at(BATCHES)
        .large(20, 128, 10);
  }

  /** The inputs of a density with a location and a scale. */
  private static OpCase locationScale(String op, String variant, LogVariance mode) {
    OpCase made =
        OpCase.of(op + "/" + mode.name().toLowerCase(Locale.ROOT) + variant, "S", "B", "O")
            .out("logLik", n -> dims(n[0] * n[1]))
            .slack(n -> 2 * n[2], n -> 0)
            .in("mean", n -> dims(n[0] * n[1], n[2]))
            .strided();
    switch (mode) {
      case SHARED -> made.in("logVar", n -> dims(n[2])).slack(n -> 0, n -> 2 * n[0] * n[1]);
      case PER_SAMPLE ->
          made.in("logVar", n -> dims(n[0], n[2])).strided().slack(n -> 0, n -> 2 * n[1]);
      case PER_ROW -> made.in("logVar", n -> dims(n[0] * n[1], n[2])).strided().slack(0, 2);
    }
    return made.data("target", DType.REAL, n -> dims(n[1], n[2]), OpCase.NORMAL)
        .at(BATCHES)
        .large(20, 128, 3);
  }

  private static OpCase gaussian(LogVariance mode) {
    return locationScale("gaussian", "", mode)
        .forward(
            (b, t) ->
                b.gaussian(
                    t.get("logLik"), t.get("mean"), t.get("logVar"), t.get("target"), t.n(0), mode))
        .backward(
            (b, t) ->
                b.gaussianBackward(
                    t.grad("mean"),
                    t.grad("logVar"),
                    t.grad("logLik"),
                    t.get("mean"),
                    t.get("logVar"),
                    t.get("target"),
                    t.n(0),
                    mode));
  }

  private static OpCase studentT(LogVariance mode, double nu) {
    return locationScale("studentT", ",nu=" + nu, mode)
        .forward(
            (b, t) ->
                b.studentT(
                    t.get("logLik"),
                    t.get("mean"),
                    t.get("logVar"),
                    t.get("target"),
                    t.n(0),
                    mode,
                    nu))
        .backward(
            (b, t) ->
                b.studentTBackward(
                    t.grad("mean"),
                    t.grad("logVar"),
                    t.grad("logLik"),
                    t.get("mean"),
                    t.get("logVar"),
                    t.get("target"),
                    t.n(0),
                    mode,
                    nu));
  }

  private static OpCase bernoulli() {
    return OpCase.of("bernoulli", "S", "B", "O")
        .out("logLik", n -> dims(n[0] * n[1]))
        .slack(n -> n[2], n -> 0)
        .in("logits", n -> dims(n[0] * n[1], n[2]))
        .values((random, n, size) -> OpCase.fill(size, () -> 3 * random.nextGaussian()))
        .slack(0, 4)
        .data("target", DType.REAL, n -> dims(n[1], n[2]), OpCase.between(0, 1))
        .forward((b, t) -> b.bernoulli(t.get("logLik"), t.get("logits"), t.get("target")))
        .backward(
            (b, t) ->
                b.bernoulliBackward(
                    t.grad("logits"), t.grad("logLik"), t.get("logits"), t.get("target")))
        .at(BATCHES)
        .large(2, 32, 784);
  }

  private static OpCase poisson() {
    return OpCase.of("poisson", "S", "B", "O")
        .out("logLik", n -> dims(n[0] * n[1]))
        .slack(n -> n[2], n -> 0)
        .in("logRate", n -> dims(n[0] * n[1], n[2]))
        .slack(0, 4)
        .data("target", DType.REAL, n -> dims(n[1], n[2]), below(n -> 12))
        .forward((b, t) -> b.poisson(t.get("logLik"), t.get("logRate"), t.get("target")))
        .backward(
            (b, t) ->
                b.poissonBackward(
                    t.grad("logRate"), t.grad("logLik"), t.get("logRate"), t.get("target")))
        .at(BATCHES)
        .large(20, 128, 10);
  }

  private static OpCase prior(
      String name, PriorKind kind, double p0, double p1, double p2, boolean chained) {
    double score = kind == PriorKind.MIXTURE ? 64 : 4;
    OpCase op =
        OpCase.of("prior/" + name, "S", "D")
            .out("logPrior", n -> dims(n[0]))
            .slack(n -> 4 * n[1], n -> 0)
            .in("w", n -> dims(n[0], n[1]))
            .strided()
            .slack(0, score);
    if (chained) {
      op.data("logPriorIn", DType.REAL, n -> dims(n[0]), OpCase.NORMAL);
    }
    return op.forward(
            (b, t) -> b.prior(t.get("logPrior"), t.get("w"), t.get("logPriorIn"), kind, p0, p1, p2))
        .backward(
            (b, t) ->
                b.priorBackward(t.grad("w"), t.grad("logPrior"), t.get("w"), kind, p0, p1, p2))
        .at(MATRICES)
        .large(4, 1610);
  }

  private static OpCase elbo(boolean prior, boolean det) {
    OpCase op =
        OpCase.of("elbo" + (prior ? "/prior" : "/") + (det ? ",det" : ""), "rows", "draws")
            .out("items", n -> dims(4))
            .cotangent(n -> dims(1))
            .in("logLik", n -> dims(n[0]));
    if (prior) {
      op.in("logPrior", n -> dims(n[1]));
    }
    if (det) {
      op.in("logDet", n -> dims(n[1]));
    }
    return op.data("klScale", DType.REAL, n -> dims(1), OpCase.between(0.01, 0.1))
        .forward(
            (b, t) ->
                b.elbo(
                    t.get("items"),
                    t.get("logLik"),
                    t.get("logPrior"),
                    t.get("logDet"),
                    t.get("klScale")))
        .backward(
            (b, t) ->
                b.elboBackward(
                    t.grad("logLik"),
                    t.grad("logPrior"),
                    t.grad("logDet"),
                    t.grad("items"),
                    t.get("klScale")))
        .at(1, 1)
        .at(2, 1)
        .at(7, 3)
        .at(16, 4)
        .at(65, 33)
        .at(257, 17)
        .large(4096, 4096);
  }
}
