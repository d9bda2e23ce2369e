package org.bhn.posterior;

import org.bhn.backend.Backend;
import org.bhn.backend.PackedMatrix;
import org.bhn.backend.Precision;
import org.bhn.nn.Conv2d;
import org.bhn.nn.Dense;
import org.bhn.nn.WeightLayer;
import org.bhn.tape.ImageOps;
import org.bhn.tape.Ops;
import org.bhn.tape.Var;
import org.bhn.tensor.Tensor;

/**
 * What a layer does with its weights before gain, bias and activation. Its output has a row for
 * each place of each example and a column for each unit. Channels come last, so an image is
 * flattened by looking at it as a row.
 */
final class Products {
  private Products() {}

  /** The product of n examples with w {@code [units, fanIn]}: {@code [n·places, units]}. */
  static Var of(WeightLayer layer, Var x, Var w) {
    return switch (layer) {
      case Dense dense -> Ops.product(examples(x, dense.inputs()), w);
      case Conv2d conv -> ImageOps.conv(x, w, conv.shape());
    };
  }

  /**
   * One product for each sample.
   *
   * @param x {@code [B, inputs]} to serve all samples, or S·B examples
   * @param w {@code [S, units, fanIn]}
   * @param shared whether x serves all samples
   * @return {@code [S·B·places, units]}
   */
  static Var bySample(WeightLayer layer, Var x, Var w, boolean shared) {
    int samples = w.value().dim(0);
    int rows = shared ? x.value().rows() : x.value().size() / layer.inputs() / samples;
    Var in = shared ? x : x.view(0, samples, rows, layer.inputs());
    Var t =
        switch (layer) {
          case Dense dense -> Ops.productBySample(in, w);
          case Conv2d conv -> ImageOps.convBySample(in, w, conv.shape());
        };
    return t.view(0, samples * rows * layer.places(), layer.units());
  }

  /** As {@link #of(WeightLayer, Var, Var)}, without a tape, into y. */
  static void into(Backend backend, WeightLayer layer, Tensor y, Tensor x, Tensor w) {
    switch (layer) {
      case Dense dense -> backend.matmul(y, examples(x, dense.inputs()), w, false, true, 0);
      case Conv2d conv -> backend.conv(y, x, w, conv.shape());
    }
  }

  /** The weights made ready for many products. */
  static PackedMatrix pack(Backend backend, WeightLayer layer, Tensor w, Precision precision) {
    return switch (layer) {
      case Dense dense -> backend.pack(w, precision);
      case Conv2d conv -> backend.pack(w, conv.shape(), precision);
    };
  }

  /** One row for each example. */
  static Var examples(Var x, int inputs) {
    Tensor value = x.value();
    return value.columns() == inputs ? x : x.view(0, value.size() / inputs, inputs);
  }

  /** One row for each example. */
  static Tensor examples(Tensor x, int inputs) {
    return x.columns() == inputs ? x : x.view(0, x.size() / inputs, inputs);
  }
}
