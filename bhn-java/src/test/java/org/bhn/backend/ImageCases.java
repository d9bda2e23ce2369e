package org.bhn.backend;

import static org.bhn.backend.ElementwiseCases.dims;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bhn.tensor.DType;

/** Cases of convolutions and pooling. */
final class ImageCases {
  /** Images, H, W, in, KH, KW, stride, out: fit with and without padding. */
  private static final int[][] CONVOLUTIONS = {
    {2, 6, 5, 3, 3, 2, 2, 4},
    {0, 4, 4, 2, 3, 3, 1, 3},
    {1, 1, 1, 1, 1, 1, 1, 1},
    {2, 5, 7, 3, 1, 1, 1, 5}, // 1 x 1: a product of pixels
    {3, 4, 3, 2, 4, 3, 1, 7}, // as large as the image
    {2, 7, 5, 1, 3, 3, 1, 9},
    {1, 9, 8, 4, 5, 5, 1, 8},
    {2, 8, 9, 8, 3, 3, 2, 16},
    {1, 11, 7, 5, 2, 4, 3, 17},
    {2, 6, 6, 16, 3, 3, 1, 33},
    {1, 7, 7, 17, 5, 3, 2, 15},
    {2, 5, 4, 3, 2, 2, 4, 6} // a stride beyond the kernel
  };

  private static final int[] REAL = {8, 12, 12, 16, 5, 5, 1, 32};

  private ImageCases() {}

  static List<OpCase> all() {
    List<OpCase> all = new ArrayList<>();
    for (Padding padding : Padding.values()) {
      all.add(conv(padding));
      for (boolean add : new boolean[] {false, true}) {
        all.add(gradient("convInputs", padding, add));
        all.add(gradient("convWeights", padding, add));
      }
    }
    all.add(maxPool());
    return all;
  }

  private static Convolution shape(Padding padding, int... n) {
    return new Convolution(n[1], n[2], n[3], n[4], n[5], n[6], padding, n[7]);
  }

  private static int[] images(int... n) {
    return dims(n[0] * n[1] * n[2], n[3]);
  }

  private static int[] filters(int... n) {
    return dims(n[7], n[4] * n[5] * n[3]);
  }

  private static OpCase.Shape outputs(Padding padding) {
    return n -> dims(n[0] * shape(padding, n).places(), n[7]);
  }

  private static OpCase named(String op, Padding padding) {
    String name = op + "/" + padding.name().toLowerCase(Locale.ROOT);
    return OpCase.of(name, "images", "H", "W", "in", "KH", "KW", "stride", "out");
  }

  private static OpCase sized(OpCase op) {
    return op.at(CONVOLUTIONS).large(REAL);
  }

  private static Convolution shape(Padding padding, OpCall t) {
    return shape(padding, t.n(0), t.n(1), t.n(2), t.n(3), t.n(4), t.n(5), t.n(6), t.n(7));
  }

  private static OpCase conv(Padding padding) {
    OpCase op =
        named("conv", padding)
            .out("y", outputs(padding))
            .in("x", ImageCases::images)
            .in("w", ImageCases::filters)
            .forward((b, t) -> b.conv(t.get("y"), t.get("x"), t.get("w"), shape(padding, t)))
            .backward(
                (b, t) -> {
                  if (t.grad("x") != null) {
                    b.convInputs(t.grad("x"), t.grad("y"), t.get("w"), shape(padding, t), 1);
                  }
                  if (t.grad("w") != null) {
                    b.convWeights(t.grad("w"), t.grad("y"), t.get("x"), shape(padding, t), 1);
                  }
                });
    return sized(op);
  }

  /** A gradient as a product of its own, overwriting or adding. */
  private static OpCase gradient(String name, Padding padding, boolean add) {
    boolean byInputs = name.equals("convInputs");
    OpCase op = named(name + (add ? "/adding" : "/overwriting"), padding);
    OpCase.Shape shape = byInputs ? ImageCases::images : ImageCases::filters;
    op = add ? op.state("d", DType.REAL, shape, OpCase.NORMAL) : op.out("d", shape);
    op.data("dY", DType.REAL, outputs(padding), OpCase.NORMAL);
    double beta = add ? 1 : 0;
    if (byInputs) {
      op.data("w", DType.REAL, ImageCases::filters, OpCase.NORMAL)
          .forward(
              (b, t) -> b.convInputs(t.get("d"), t.get("dY"), t.get("w"), shape(padding, t), beta));
    } else {
      op.data("x", DType.REAL, ImageCases::images, OpCase.NORMAL)
          .forward(
              (b, t) ->
                  b.convWeights(t.get("d"), t.get("dY"), t.get("x"), shape(padding, t), beta));
    }
    return sized(op);
  }

  private static OpCase maxPool() {
    return OpCase.of("maxPool", "images", "H", "W", "C", "window", "stride")
        .out("y", n -> dims(n[0] * pooling(n).outHeight() * pooling(n).outWidth(), n[3]))
        .in("x", n -> dims(n[0] * n[1] * n[2], n[3]))
        .forward((b, t) -> b.maxPool(t.get("y"), t.get("x"), pooling(t)))
        .backward((b, t) -> b.maxPoolBackward(t.grad("x"), t.grad("y"), t.get("x"), pooling(t)))
        .at(2, 4, 4, 3, 2, 2)
        .at(0, 4, 4, 3, 2, 2)
        .at(1, 1, 1, 1, 1, 1)
        .at(2, 5, 7, 8, 2, 2)
        .at(1, 5, 5, 9, 3, 1)
        .at(3, 7, 6, 16, 3, 2)
        .at(2, 6, 6, 17, 6, 6)
        .at(1, 8, 7, 65, 2, 3)
        .large(8, 24, 24, 32, 2, 2);
  }

  private static Pooling pooling(int... n) {
    return new Pooling(n[1], n[2], n[3], n[4], n[5]);
  }

  private static Pooling pooling(OpCall t) {
    return pooling(t.n(0), t.n(1), t.n(2), t.n(3), t.n(4), t.n(5));
  }
}
