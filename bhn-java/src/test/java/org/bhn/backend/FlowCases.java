package org.bhn.backend;

import static org.bhn.backend.ElementwiseCases.MATRICES;
import static org.bhn.backend.ElementwiseCases.dims;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** Cases of the flows: conditioner, coupling, permutation, the linear flow. */
final class FlowCases {
  /** Exact in f32, so that all backends add the same number. */
  static final double DELTA = 0x1p-10;

  private FlowCases() {}

  static List<OpCase> all() {
    List<OpCase> all = new ArrayList<>();
    for (boolean ragged : new boolean[] {false, true}) {
      for (boolean weightNorm : new boolean[] {false, true}) {
        all.add(made(ragged, weightNorm));
      }
    }
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

  /**
   * Where rows lie that see ever more: the first of each kind sees nothing, few see all. None sees
   * one entry, whose normalised weight is ±1 and has no gradient but rounding.
   */
  static int[] rowStart(int inputs, int hidden, int outputs) {
    int[] start = new int[hidden + 2 * outputs + 1];
    for (int row = 0; row < hidden + 2 * outputs; row++) {
      long at = row < hidden ? row : (row - hidden) % outputs;
      long sees = row < hidden ? at * (inputs + 1) / hidden : at * (hidden + 1) / outputs;
      start[row + 1] = start[row] + (sees == 1 ? 0 : (int) sees);
    }
    return start;
  }

  private static OpCase made(boolean ragged, boolean weightNorm) {
    OpCase op =
        OpCase.of(
                "made/" + (ragged ? "ragged" : "dense") + (weightNorm ? ",norm" : ""),
                "S",
                "I",
                "H",
                "O")
            .out("heads", n -> dims(n[0], 2 * n[3]))
            .kept("hidden", n -> dims(n[0], n[2]))
            .kept("products", n -> dims(n[0], n[2] + 2 * n[3]))
            .kept("r", n -> dims(n[2] + 2 * n[3]))
            .in("z", n -> dims(n[0], n[1]))
            .strided()
            .in("params", n -> dims(parameters(ragged, n[1], n[2], n[3])))
            .values(
                (random, n, size) ->
                    OpCase.fill(size, () -> (weightNorm ? 1 : 0.25) * random.nextGaussian()))
            // A row with one live entry has the gradient 0, as a difference of two equal terms.
            .slack(n -> 0, n -> weightNorm ? 0.1 : 0);
    if (ragged) {
      op.data(
          "rowStart",
          DType.INT32,
          n -> dims(n[2] + 2 * n[3] + 1),
          (random, n, size) ->
              Arrays.stream(rowStart(n[1], n[2], n[3])).asDoubleStream().toArray());
    }
    return op.forward(
            (b, t) ->
                b.made(
                    t.get("heads"),
                    t.get("hidden"),
                    t.get("products"),
                    t.get("r"),
                    t.get("z"),
                    t.get("params"),
                    net(t, weightNorm)))
        .backward(
            (b, t) -> {
              Conditioner net = net(t, weightNorm);
              Tensor factors = b.allocate(DType.REAL, net.factorCount(t.n(0)));
              b.madeBackward(
                  t.grad("z"),
                  factors,
                  t.grad("heads"),
                  t.get("z"),
                  t.get("hidden"),
                  t.get("products"),
                  t.get("r"),
                  t.get("params"),
                  net);
              if (t.grad("params") != null) {
                b.madeGradient(
                    t.grad("params"), factors, t.get("z"), t.get("hidden"), t.get("params"), net);
              }
            })
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

  private static int parameters(boolean ragged, int inputs, int hidden, int outputs) {
    int rows = hidden + 2 * outputs;
    int weights =
        ragged ? rowStart(inputs, hidden, outputs)[rows] : hidden * (inputs + 2 * outputs);
    return weights + 2 * rows;
  }

  private static Conditioner net(OpCall t, boolean weightNorm) {
    int rows = t.n(2) + 2 * t.n(3);
    return new Conditioner(
        t.n(1), t.n(2), t.n(3), t.get("params").size() - 2 * rows, t.get("rowStart"), weightNorm);
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
        .at(MATRICES)
        .large(20, 1610);
  }
}
