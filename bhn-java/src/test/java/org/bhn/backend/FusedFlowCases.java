package org.bhn.backend;

import static org.bhn.backend.ElementwiseCases.dims;
import static org.bhn.backend.FlowCases.DELTA;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** Cases of flows of several steps. */
final class FusedFlowCases {
  private FusedFlowCases() {}

  /** A step's kind; which columns it sees and moves depends on D. */
  private enum Kind {
    IAF,
    UPPER,
    LOWER;

    int inputs(int d) {
      return this == IAF ? d : this == UPPER ? d / 2 : d - d / 2;
    }

    int outputs(int d) {
      return this == IAF ? d : d - inputs(d);
    }

    int seen(int d) {
      return this == LOWER ? d / 2 : 0;
    }

    int moved(int d) {
      return this == UPPER ? d / 2 : 0;
    }
  }

  static List<OpCase> all() {
    return List.of(
        flow("iaf", true, false, Kind.IAF).large(1, 330, 40),
        flow("couplings", true, true, Kind.UPPER, Kind.LOWER),
        flow("three", true, true, Kind.IAF, Kind.LOWER, Kind.IAF),
        flow("plain", false, false, Kind.UPPER, Kind.IAF));
  }

  private static OpCase flow(String name, boolean norm, boolean chained, Kind... kinds) {
    OpCase op = OpCase.of("flow/" + name, "S", "D", "H");
    op.out("y", n -> dims(n[0], n[1]))
        .out("logDet", n -> dims(n[0]))
        .slack(n -> n[1] * kinds.length, n -> 0)
        .in("z", n -> dims(n[0], n[1]));
    if (chained) {
      op.data("logDetIn", DType.REAL, n -> dims(n[0]), OpCase.NORMAL);
    }
    for (int l = 0; l < kinds.length; l++) {
      Kind kind = kinds[l];
      op.kept("x" + l, n -> dims(n[0], n[1]))
          .kept("heads" + l, n -> dims(n[0], 2 * kind.outputs(n[1])))
          .kept("hidden" + l, n -> dims(n[0], n[2]))
          .kept("products" + l, n -> dims(n[0], rows(kind, n)))
          .kept("r" + l, n -> dims(rows(kind, n)))
          .in("params" + l, n -> dims(weights(kind, n) + 2 * rows(kind, n)))
          .values((random, n, size) -> OpCase.fill(size, () -> 0.3 * random.nextGaussian()))
          // A row with one live entry has the gradient 0, as a difference of two equal terms.
          .slack(n -> 0, n -> norm ? 1 : 0);
      if (kind == Kind.IAF) {
        op.data(
                "rowStart" + l,
                DType.INT32,
                n -> dims(rows(kind, n) + 1),
                (random, n, size) ->
                    Arrays.stream(FlowCases.rowStart(n[1], n[2], n[1])).asDoubleStream().toArray())
            .data(
                "permutation" + l,
                DType.INT32,
                n -> dims(n[1]),
                (random, n, size) -> FlowCases.permutation(random, size));
      }
    }
    return op.forward(
            (b, t) ->
                b.flow(
                    t.get("y"),
                    t.get("logDet"),
                    t.get("z"),
                    t.get("logDetIn"),
                    steps(b, t, norm, kinds),
                    DELTA))
        .backward((b, t) -> backward(b, t, steps(b, t, norm, kinds)))
        .optionalCotangents()
        // From D = 4 on no row of a coupling sees one entry only: such a row has no gradient but
        // rounding.
        .at(1, 4, 3)
        .at(2, 5, 4)
        .at(3, 9, 8)
        .at(17, 7, 6)
        .at(33, 4, 5)
        .at(1, 33, 17);
  }

  private static void backward(Backend b, OpCall t, List<FlowStep> forward) {
    List<FlowStep> steps = new ArrayList<>();
    for (FlowStep s : forward) {
      steps.add(s.withFactors(b.allocate(DType.REAL, s.net().factorCount(t.n(0)))));
    }
    b.flowBackward(t.grad("z"), t.grad("y"), t.grad("logDet"), steps, DELTA);
    for (int l = 0; l < steps.size(); l++) {
      FlowStep s = steps.get(l);
      Tensor gradient = t.grad("params" + l);
      if (gradient != null) {
        b.madeGradient(gradient, s.factors(), s.conditions(), s.hidden(), s.params(), s.net());
      }
    }
  }

  private static List<FlowStep> steps(Backend b, OpCall t, boolean norm, Kind... kinds) {
    int d = t.n(1);
    List<FlowStep> steps = new ArrayList<>();
    for (int l = 0; l < kinds.length; l++) {
      Kind kind = kinds[l];
      int[] n = {t.n(0), d, t.n(2)};
      Conditioner net =
          new Conditioner(
              kind.inputs(d),
              t.n(2),
              kind.outputs(d),
              weights(kind, n),
              t.get("rowStart" + l),
              norm);
      steps.add(
          new FlowStep(
              net,
              kind.seen(d),
              kind.moved(d),
              t.get("permutation" + l),
              t.get("params" + l),
              t.get("x" + l),
              t.get("heads" + l),
              t.get("hidden" + l),
              t.get("products" + l),
              t.get("r" + l),
              null));
    }
    return steps;
  }

  private static int rows(Kind kind, int[] n) {
    return n[2] + 2 * kind.outputs(n[1]);
  }

  private static int weights(Kind kind, int[] n) {
    return kind == Kind.IAF
        ? FlowCases.rowStart(n[1], n[2], n[1])[rows(kind, n)]
        : n[2] * (kind.inputs(n[1]) + 2 * kind.outputs(n[1]));
  }
}
