package org.bhn.backend;

import static org.bhn.backend.ElementwiseCases.dims;

import java.util.ArrayList;
import java.util.List;
import org.bhn.tensor.DType;

/** Cases of the optimiser and of the predictive statistics. */
final class TrainingCases {
  /** S, B, columns. S = 0 folds nothing in. */
  private static final int[][] PIECES = {
    {0, 3, 2}, {1, 0, 3}, {1, 1, 1}, {2, 3, 2}, {3, 7, 5}, {5, 2, 10}, {2, 9, 17}, {7, 3, 33}
  };

  private TrainingCases() {}

  static List<OpCase> all() {
    List<OpCase> all = new ArrayList<>();
    all.add(adam("plain", 0, 0));
    all.add(adam("clipped", 0.5, 0.03125));
    for (int seen : new int[] {0, 6}) {
      all.add(predictiveCategorical(seen));
      all.add(predictiveMoments(seen));
      all.add(predictiveLogLik(seen));
    }
    return all;
  }

  private static OpCase adam(String name, double maxNorm, double clip) {
    OpCase.Values positive =
        (random, n, size) -> OpCase.fill(size, () -> 0.01 + Math.abs(random.nextGaussian()));
    OpCase op = OpCase.of("adam/" + name, "n", "m");
    for (int i = 0; i < 2; i++) {
      int tensor = i;
      OpCase.Shape shape = n -> dims(n[tensor]);
      op.state("theta" + i, DType.REAL, shape, OpCase.NORMAL)
          .state("m" + i, DType.REAL, shape, OpCase.NORMAL)
          .state("v" + i, DType.REAL, shape, positive)
          .data("g" + i, DType.REAL, shape, OpCase.NORMAL);
    }
    return op.counter("step", OpCase.Role.STATE, 4)
        .data(
            "hyper",
            DType.REAL,
            n -> dims(6),
            (random, n, size) -> new double[] {0.01, 0.9, 0.999, 1e-8, maxNorm, clip})
        .state("report", DType.REAL, n -> dims(2), (random, n, size) -> new double[size])
        .forward(
            (b, t) ->
                b.adam(
                    new AdamState(
                        List.of(t.get("theta0"), t.get("theta1")),
                        List.of(t.get("g0"), t.get("g1")),
                        List.of(t.get("m0"), t.get("m1")),
                        List.of(t.get("v0"), t.get("v1")),
                        t.get("step"),
                        t.get("hyper"),
                        t.get("report"))))
        .at(0, 1)
        .at(1, 2)
        .at(7, 8)
        .at(9, 15)
        .at(17, 33)
        .at(65, 97)
        .large(62_720, 80);
  }

  /** What holds `seen` samples already is read; a new start is only written. */
  private static OpCase folded(
      OpCase op, int seen, String name, DType dtype, OpCase.Shape shape, OpCase.Values values) {
    if (seen > 0) {
      return op.state(name, dtype, shape, values);
    }
    return dtype == DType.INT32 ? op.outInts(name, shape) : op.out(name, shape);
  }

  private static OpCase predictiveCategorical(int seen) {
    OpCase.Shape table = n -> dims(n[1], n[2]);
    OpCase op = OpCase.of("predictiveCategorical/seen=" + seen, "S", "B", "C");
    folded(op, seen, "mean", DType.REAL, table, OpCase.between(0, 1)).slack(1, 0);
    folded(op, seen, "m2", DType.REAL, table, OpCase.between(0, 1)).slack(4, 0);
    folded(op, seen, "entropy", DType.REAL, n -> dims(n[1]), OpCase.between(0, 1)).slack(8, 0);
    folded(op, seen, "votes", DType.INT32, table, OpCase.below(n -> seen));
    return op.data("logits", DType.REAL, n -> dims(n[0] * n[1], n[2]), OpCase.NORMAL)
        .forward(
            (b, t) ->
                b.predictiveCategorical(
                    t.get("mean"),
                    t.get("m2"),
                    t.get("entropy"),
                    t.get("votes"),
                    t.get("logits"),
                    seen))
        .at(PIECES)
        .large(20, 128, 10);
  }

  private static OpCase predictiveMoments(int seen) {
    OpCase.Shape table = n -> dims(n[1], n[2]);
    OpCase op = OpCase.of("predictiveMoments/seen=" + seen, "S", "B", "O");
    folded(op, seen, "mean", DType.REAL, table, OpCase.NORMAL).slack(4, 0);
    folded(op, seen, "m2", DType.REAL, table, OpCase.between(0, 5)).slack(16, 0);
    return op.data("values", DType.REAL, n -> dims(n[0] * n[1], n[2]), OpCase.NORMAL)
        .strided()
        .forward((b, t) -> b.predictiveMoments(t.get("mean"), t.get("m2"), t.get("values"), seen))
        .at(PIECES)
        .large(20, 128, 10);
  }

  private static OpCase predictiveLogLik(int seen) {
    OpCase op = OpCase.of("predictiveLogLik/seen=" + seen, "S", "B");
    folded(op, seen, "logMean", DType.REAL, n -> dims(n[1], 2), OpCase.between(-4, -1)).slack(8, 0);
    return op.data("logLik", DType.REAL, n -> dims(n[0] * n[1]), OpCase.between(-6, 0))
        .forward((b, t) -> b.predictiveLogLik(t.get("logMean"), t.get("logLik"), seen))
        .at(PIECES)
        .large(20, 1000, 1);
  }
}
