package org.bhn.backend;

import static org.bhn.backend.ElementwiseCases.MATRICES;
import static org.bhn.backend.ElementwiseCases.dims;
import static org.bhn.backend.OpCase.below;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.bhn.tensor.DType;

/** Cases of the flows: conditioner, coupling, permutation, the linear flow. */
final class FlowCases {
  /** Exact in f32, so that all backends add the same number. */
  static final double DELTA = 0x1p-10;

  private FlowCases() {}

  static List<OpCase> all() {
    List<OpCase> all = new ArrayList<>();
    for (boolean masked : new boolean[] {false, true}) {
      for (boolean weightNorm : new boolean[] {false, true}) {
        all.add(made(masked, weightNorm));
      }
    }
    all.add(mask());
    all.add(coupling(true));
    all.add(coupling(false));
    all.add(couplingInverse());
    all.add(permute());
    all.add(affine(true));
    all.add(affine(false));
    all.add(affineInverse());
    return all;
  }

  static double[] permutation(RandomGenerator random, int n) {
    double[] p = new double[n];
    for (int i = 0; i < n; i++) {
      int j = random.nextInt(i + 1);
      p[i] = p[j];
      p[j] = i;
    }
    return p;
  }

  /** Degrees as IAF draws them: a random order, hidden degrees in 1 .. D − 1. */
  private static OpCase made(boolean masked, boolean weightNorm) {
    OpCase op =
        OpCase.of(
                "made/" + (masked ? "masked" : "dense") + (weightNorm ? ",norm" : ""),
                "S",
                "I",
                "H",
                "O")
            .out("heads", n -> dims(n[0], 2 * n[3]))
            .kept("hidden", n -> dims(n[0], n[2]))
            .kept("r", n -> dims(n[2] + 2 * n[3]))
            .in("z", n -> dims(n[0], n[1]))
            .strided()
            .in("params", n -> dims(net(null, n[1], n[2], n[3], weightNorm).parameterCount()))
            .values(
                (random, n, size) ->
                    OpCase.fill(size, () -> (weightNorm ? 1 : 0.25) * random.nextGaussian()))
            // A row with one live entry has the gradient 0, as a difference of two equal terms.
            .slack(n -> 0, n -> weightNorm ? 0.1 : 0);
    if (masked) {
      op.data(
              "inDegree",
              DType.INT32,
              n -> dims(n[1]),
              (random, n, size) -> {
                double[] p = permutation(random, size);
                for (int i = 0; i < size; i++) {
                  p[i]++;
                }
                return p;
              })
          .data(
              "hiddenDegree",
              DType.INT32,
              n -> dims(n[2]),
              (random, n, size) ->
                  OpCase.fill(size, () -> 1 + random.nextInt(Math.max(1, n[1] - 1))))
          .data(
              "outDegree",
              DType.INT32,
              n -> dims(n[3]),
              (random, n, size) -> permutation(random, size));
    }
    return op.forward(
            (b, t) ->
                b.made(
                    t.get("heads"),
                    t.get("hidden"),
                    t.get("r"),
                    t.get("z"),
                    t.get("params"),
                    net(t, t.n(1), t.n(2), t.n(3), weightNorm)))
        .backward(
            (b, t) ->
                b.madeBackward(
                    t.grad("z"),
                    t.grad("params"),
                    t.grad("heads"),
                    t.get("z"),
                    t.get("hidden"),
                    t.get("r"),
                    t.get("params"),
                    net(t, t.n(1), t.n(2), t.n(3), weightNorm)))
        .flops(n -> 2.0 * n[0] * n[2] * (n[1] + 2.0 * n[3]))
        .at(0, 3, 4, 3)
        .at(1, 1, 1, 1)
        .at(2, 3, 5, 3)
        .at(3, 7, 8, 7)
        .at(2, 8, 16, 9)
        .at(5, 9, 17, 8)
        .at(1, 33, 31, 33)
        .at(3, 17, 64, 16)
        .at(2, 65, 33, 63)
        .large(1, weightNorm ? 1610 : 330, 200, weightNorm ? 1610 : 330);
  }

  private static Conditioner net(
      OpCall t, int inputs, int hidden, int outputs, boolean weightNorm) {
    return t == null
        ? new Conditioner(inputs, hidden, outputs, null, null, null, weightNorm)
        : new Conditioner(
            inputs,
            hidden,
            outputs,
            t.get("inDegree"),
            t.get("hiddenDegree"),
            t.get("outDegree"),
            weightNorm);
  }

  private static OpCase mask() {
    return OpCase.of("madeMask", "degrees", "times", "cols")
        .state("u", DType.REAL, n -> dims(n[0] * n[1], n[2]), OpCase.NORMAL)
        .strided()
        .data("rowDegree", DType.INT32, n -> dims(n[0]), below(n -> 5))
        .data("colDegree", DType.INT32, n -> dims(n[2]), below(n -> 5))
        .forward((b, t) -> b.madeMask(t.get("u"), t.get("rowDegree"), t.get("colDegree")))
        .tolerance(0)
        .at(1, 1, 1)
        .at(3, 0, 2)
        .at(3, 1, 7)
        .at(5, 2, 17)
        .large(330, 2, 200);
  }

  private static OpCase coupling(boolean chained) {
    OpCase op =
        OpCase.of(chained ? "coupling/chained" : "coupling/first", "S", "d")
            .out("y", n -> dims(n[0], n[1]))
            .strided()
            .out("logDet", n -> dims(n[0]))
            .slack(n -> n[1], n -> 0)
            .in("z", n -> dims(n[0], n[1]))
            .strided()
            .in("heads", n -> dims(n[0], 2 * n[1]));
    if (chained) {
      op.data("logDetIn", DType.REAL, n -> dims(n[0]), OpCase.NORMAL);
    }
    return op.forward(
            (b, t) ->
                b.coupling(
                    t.get("y"),
                    t.get("logDet"),
                    t.get("z"),
                    t.get("heads"),
                    t.get("logDetIn"),
                    DELTA))
        .backward(
            (b, t) ->
                b.couplingBackward(
                    t.grad("z"),
                    t.grad("heads"),
                    t.grad("y"),
                    t.grad("logDet"),
                    t.get("z"),
                    t.get("heads"),
                    DELTA))
        .optionalCotangents()
        .flops(n -> 6.0 * n[0] * n[1])
        .at(MATRICES)
        .large(4, 805);
  }

  private static OpCase couplingInverse() {
    return OpCase.of("couplingInverse", "S", "d")
        .out("z", n -> dims(n[0], n[1]))
        .strided()
        .out("logDet", n -> dims(n[0]))
        .slack(n -> n[1], n -> 0)
        .data("y", DType.REAL, n -> dims(n[0], n[1]), OpCase.NORMAL)
        .strided()
        .data("heads", DType.REAL, n -> dims(n[0], 2 * n[1]), OpCase.NORMAL)
        .data("logDetIn", DType.REAL, n -> dims(n[0]), OpCase.NORMAL)
        .forward(
            (b, t) ->
                b.couplingInverse(
                    t.get("z"),
                    t.get("logDet"),
                    t.get("y"),
                    t.get("heads"),
                    t.get("logDetIn"),
                    DELTA))
        .flops(n -> 6.0 * n[0] * n[1])
        .at(MATRICES)
        .large(4, 805);
  }

  private static OpCase permute() {
    return OpCase.of("permute", "S", "d")
        .out("y", n -> dims(n[0], n[1]))
        .strided()
        .in("x", n -> dims(n[0], n[1]))
        .strided()
        .data(
            "permutation",
            DType.INT32,
            n -> dims(n[1]),
            (random, n, size) -> permutation(random, size))
        .forward((b, t) -> b.permute(t.get("y"), t.get("x"), t.get("permutation")))
        .backward((b, t) -> b.permuteBackward(t.grad("x"), t.grad("y"), t.get("permutation")))
        .tolerance(1)
        .at(MATRICES)
        .large(4, 1610);
  }

  private static OpCase affine(boolean chained) {
    OpCase op =
        OpCase.of(chained ? "affine/chained" : "affine/first", "S", "D")
            .out("z", n -> dims(n[0], n[1]))
            .out("logDet", n -> dims(n[0]))
            .slack(n -> n[1], n -> 0)
            .in("eps", n -> dims(n[0], n[1]))
            .in("w", n -> dims(n[1]))
            .in("b", n -> dims(n[1]));
    if (chained) {
      op.data("logDetIn", DType.REAL, n -> dims(n[0]), OpCase.NORMAL);
    }
    return op.forward(
            (b, t) ->
                b.affine(
                    t.get("z"),
                    t.get("logDet"),
                    t.get("eps"),
                    t.get("w"),
                    t.get("b"),
                    t.get("logDetIn"),
                    DELTA))
        .backward(
            (b, t) ->
                b.affineBackward(
                    t.grad("eps"),
                    t.grad("w"),
                    t.grad("b"),
                    t.grad("z"),
                    t.grad("logDet"),
                    t.get("eps"),
                    t.get("w"),
                    DELTA))
        .optionalCotangents()
        .flops(n -> 2.0 * n[0] * n[1] + 3.0 * n[1])
        .at(MATRICES)
        .large(20, 1610);
  }

  private static OpCase affineInverse() {
    return OpCase.of("affineInverse", "S", "D")
        .out("eps", n -> dims(n[0], n[1]))
        .out("logDet", n -> dims(n[0]))
        .slack(n -> n[1], n -> 0)
        .data("z", DType.REAL, n -> dims(n[0], n[1]), OpCase.NORMAL)
        .data("w", DType.REAL, n -> dims(n[1]), OpCase.NORMAL)
        .data("b", DType.REAL, n -> dims(n[1]), OpCase.NORMAL)
        .data("logDetIn", DType.REAL, n -> dims(n[0]), OpCase.NORMAL)
        .forward(
            (b, t) ->
                b.affineInverse(
                    t.get("eps"),
                    t.get("logDet"),
                    t.get("z"),
                    t.get("w"),
                    t.get("b"),
                    t.get("logDetIn"),
                    DELTA))
        .flops(n -> 2.0 * n[0] * n[1] + 3.0 * n[1])
        .at(MATRICES)
        .large(20, 1610);
  }
}
