package org.bhn.backend;

import static org.bhn.backend.OpCase.below;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bhn.tensor.DType;

/** Cases of the rng, elementwise, reduction, product and dropout ops. */
final class ElementwiseCases {
  /** Sizes of vectors: empty, tiny, and one below, at and above each vector width. */
  static final int[][] VECTORS = {
    {0}, {1}, {2}, {7}, {8}, {9}, {15}, {16}, {17}, {31}, {33}, {63}, {64}, {65}, {97}
  };

  /** Sizes of matrices, with the same widths as columns. */
  static final int[][] MATRICES = {
    {0, 5}, {1, 1}, {2, 3}, {3, 7}, {2, 8}, {5, 9}, {3, 15}, {2, 16}, {3, 17}, {2, 31}, {3, 32},
    {2, 33}, {3, 63}, {2, 64}, {5, 65}, {7, 97}
  };

  private ElementwiseCases() {}

  static int[] dims(int... n) {
    return n;
  }

  static List<OpCase> all() {
    List<OpCase> all = new ArrayList<>(random());
    all.addAll(plain());
    for (Activation activation : Activation.values()) {
      all.add(activation(activation));
    }
    all.addAll(gathers());
    for (int flags = 0; flags < 8; flags++) {
      all.add(matmul((flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0));
    }
    all.addAll(batched());
    all.add(dropout(false));
    all.add(dropout(true));
    return all;
  }

  private static List<OpCase> random() {
    long counter = (5L << 32) + 7;
    List<OpCase> cases = new ArrayList<>();
    for (long first : new long[] {0, 3, (1L << 34) - 25_601}) {
      cases.add(
          OpCase.of("uniform/first=" + first, "n")
              .out("out", n -> dims(n[0]))
              .counter("counter", OpCase.Role.DATA, counter)
              .forward((b, t) -> b.uniform(t.get("out"), t.get("counter"), first, -3, 9))
              .tolerance(0)
              .at(VECTORS)
              .large(25_600));
      cases.add(
          OpCase.of("normal/first=" + first, "n")
              .out("out", n -> dims(n[0]))
              .slack(6, 0)
              .counter("counter", OpCase.Role.DATA, counter)
              .forward((b, t) -> b.normal(t.get("out"), t.get("counter"), first, -3, 9))
              .at(VECTORS)
              .large(25_600));
    }
    cases.add(
        OpCase.of("advance")
            .counter("counter", OpCase.Role.STATE, counter)
            .forward((b, t) -> b.advance(t.get("counter"), 1L << 31))
            .tolerance(0)
            .at());
    return cases;
  }

  private static List<OpCase> plain() {
    return List.of(
        OpCase.of("fill", "rows", "cols")
            .out("x", n -> dims(n[0], n[1]))
            .strided()
            .forward((b, t) -> b.fill(t.get("x"), -2.5))
            .tolerance(0)
            .at(MATRICES)
            .large(128, 800),
        OpCase.of("copy", "rows", "cols")
            .out("y", n -> dims(n[0], n[1]))
            .strided()
            .data("x", DType.REAL, n -> dims(n[0], n[1]), OpCase.NORMAL)
            .strided()
            .forward((b, t) -> b.copy(t.get("y"), t.get("x")))
            .tolerance(0)
            .at(MATRICES)
            .large(128, 800),
        OpCase.of("axpy", "rows", "cols")
            .state("y", DType.REAL, n -> dims(n[0], n[1]), OpCase.NORMAL)
            .strided()
            .data("x", DType.REAL, n -> dims(n[0], n[1]), OpCase.NORMAL)
            .strided()
            .forward((b, t) -> b.axpy(t.get("y"), t.get("x"), -0.75))
            .at(MATRICES)
            .large(128, 800),
        OpCase.of("mul", "n")
            .out("y", n -> dims(n[0]))
            .in("a", n -> dims(n[0]))
            .in("b", n -> dims(n[0]))
            .forward((b, t) -> b.mul(t.get("y"), t.get("a"), t.get("b")))
            .backward(
                (b, t) ->
                    b.mulBackward(t.grad("a"), t.grad("b"), t.grad("y"), t.get("a"), t.get("b")))
            .at(VECTORS)
            .large(25_600),
        OpCase.of("sumRows", "rows", "cols")
            .out("out", n -> dims(n[0]))
            .in("x", n -> dims(n[0], n[1]))
            .strided()
            .forward((b, t) -> b.sumRows(t.get("out"), t.get("x")))
            .backward((b, t) -> b.sumRowsBackward(t.grad("x"), t.grad("out")))
            .at(MATRICES)
            .large(20, 1610));
  }

  private static OpCase activation(Activation kind) {
    boolean plain = kind == Activation.IDENTITY || kind == Activation.RELU;
    return OpCase.of("activation/" + kind.name().toLowerCase(Locale.ROOT), "n")
        .out("y", n -> dims(n[0]))
        .slack(kind == Activation.GELU ? 4 : 0, 0)
        .in("x", n -> dims(n[0]))
        .slack(0, plain ? 0 : 4)
        .forward((b, t) -> b.activation(t.get("y"), t.get("x"), kind))
        .backward((b, t) -> b.activationBackward(t.grad("x"), t.grad("y"), t.get("x"), kind))
        .at(VECTORS)
        .large(25_600);
  }

  private static List<OpCase> gathers() {
    int extra = 5;
    return List.of(
        OpCase.of("gather/rows", "n", "cols", "xRows")
            .out("y", n -> dims(n[0], n[1]))
            .data("x", DType.REAL, n -> dims(n[2], n[1]), OpCase.NORMAL)
            .data("order", DType.INT32, n -> dims(n[0] + extra), below(n -> n[2]))
            .counter("cursor", OpCase.Role.DATA, 3)
            .forward((b, t) -> b.gather(t.get("y"), t.get("x"), t.get("order"), t.get("cursor")))
            .tolerance(0)
            .at(0, 3, 4)
            .at(1, 1, 1)
            .at(7, 5, 3)
            .at(3, 17, 11)
            .at(9, 64, 33)
            .large(32, 784, 500),
        OpCase.of("gather/labels", "n", "xRows")
            .outInts("y", n -> dims(n[0]))
            .data("x", DType.INT32, n -> dims(n[1]), below(n -> 1000))
            .data("order", DType.INT32, n -> dims(n[0] + extra), below(n -> n[1]))
            .counter("cursor", OpCase.Role.DATA, extra)
            .forward((b, t) -> b.gather(t.get("y"), t.get("x"), t.get("order"), t.get("cursor")))
            .tolerance(0)
            .at(0, 4)
            .at(1, 1)
            .at(7, 3)
            .at(17, 11)
            .large(32, 5000));
  }

  private static OpCase matmul(boolean transA, boolean transB, boolean add) {
    String variant = (transA ? "t" : "n") + (transB ? "t" : "n") + (add ? "+" : "");
    OpCase op = OpCase.of("matmul/" + variant, "m", "n", "k");
    OpCase.Shape shape = n -> dims(n[0], n[1]);
    op = add ? op.state("c", DType.REAL, shape, OpCase.NORMAL) : op.out("c", shape);
    return op.strided()
        .data("a", DType.REAL, n -> transA ? dims(n[2], n[0]) : dims(n[0], n[2]), OpCase.NORMAL)
        .strided()
        .data("b", DType.REAL, n -> transB ? dims(n[1], n[2]) : dims(n[2], n[1]), OpCase.NORMAL)
        .strided()
        .forward(
            (b, t) -> b.matmul(t.get("c"), t.get("a"), t.get("b"), transA, transB, add ? 1 : 0))
        .at(0, 3, 4)
        .at(3, 4, 0)
        .at(1, 1, 1)
        .at(2, 3, 5)
        .at(7, 8, 9)
        .at(8, 16, 15)
        .at(16, 17, 33)
        .at(31, 33, 32)
        .at(1, 129, 131)
        .at(64, 65, 63)
        .large(32, 200, 784);
  }

  /** Ranks of c, a, b as digits: which of them are shared by, or summed over, the samples. */
  private static List<OpCase> batched() {
    return List.of(
        batched("333", false, true, false),
        batched("333", true, false, true),
        batched("323", false, true, false),
        batched("332", false, false, true),
        batched("233", false, false, false),
        batched("233", true, false, true));
  }

  private static OpCase batched(String ranks, boolean transA, boolean transB, boolean add) {
    String variant = ranks + (transA ? "t" : "n") + (transB ? "t" : "n") + (add ? "+" : "");
    OpCase op = OpCase.of("matmulBatched/" + variant, "S", "m", "n", "k");
    OpCase.Shape shape = n -> ranked(ranks.charAt(0), n[0], n[1], n[2], false);
    op = add ? op.state("c", DType.REAL, shape, OpCase.NORMAL) : op.out("c", shape);
    return op.strided()
        .data(
            "a", DType.REAL, n -> ranked(ranks.charAt(1), n[0], n[1], n[3], transA), OpCase.NORMAL)
        .strided()
        .data(
            "b", DType.REAL, n -> ranked(ranks.charAt(2), n[0], n[3], n[2], transB), OpCase.NORMAL)
        .strided()
        .forward(
            (b, t) ->
                b.matmulBatched(t.get("c"), t.get("a"), t.get("b"), transA, transB, add ? 1 : 0))
        .at(0, 3, 4, 5)
        .at(2, 3, 4, 0)
        .at(1, 1, 1, 1)
        .at(2, 3, 4, 5)
        .at(3, 8, 9, 7)
        .at(5, 2, 17, 16)
        .at(2, 17, 16, 33)
        .large(4, 32, 100, 200);
  }

  private static int[] ranked(char rank, int samples, int rows, int columns, boolean transposed) {
    int first = transposed ? columns : rows;
    int second = transposed ? rows : columns;
    return rank == '3' ? dims(samples, first, second) : dims(first, second);
  }

  private static OpCase dropout(boolean shared) {
    double rate = 0.3f;
    long counter = (1L << 33) + 1;
    return OpCase.of(shared ? "dropout/shared" : "dropout/own", "S", "B", "cols")
        .out("y", n -> dims(n[0] * n[1], n[2]))
        .in("x", n -> dims(shared ? n[1] : n[0] * n[1], n[2]))
        .counter("counter", OpCase.Role.DATA, counter)
        .forward(
            (b, t) -> b.dropout(t.get("y"), t.get("x"), t.get("counter"), t.n(0), 11, 4, 16, rate))
        .backward(
            (b, t) ->
                b.dropoutBackward(
                    t.grad("x"), t.grad("y"), t.get("counter"), t.n(0), 11, 4, 16, rate))
        .at(1, 0, 3)
        .at(1, 1, 1)
        .at(2, 3, 5)
        .at(3, 2, 8)
        .at(2, 5, 17)
        .at(5, 3, 33)
        .at(2, 7, 64)
        .large(4, 32, 200);
  }
}
