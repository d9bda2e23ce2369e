package org.bhn.posterior;

import java.util.ArrayList;
import java.util.List;
import org.bhn.backend.Backend;
import org.bhn.backend.PackedMatrix;
import org.bhn.backend.Precision;
import org.bhn.nn.Dense;
import org.bhn.posterior.WeightPosterior.Draw;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * Weight-normed layers for many draws of the gains: directions are packed and their norms taken
 * once, and the first layer's product is taken once for each set of inputs.
 */
final class WeightNormPrepared implements Prepared {
  private final Backend backend;
  private final List<Dense> layers;
  private final List<PackedMatrix> directions = new ArrayList<>();
  private final List<Tensor> inverseNorms = new ArrayList<>();
  private final List<Param> biases;
  private Tensor held; // room for the first product
  private Tensor first;

  WeightNormPrepared(
      Backend backend,
      List<Dense> layers,
      List<Param> directions,
      List<Param> biases,
      Precision precision) {
    this.backend = backend;
    this.layers = layers;
    this.biases = biases;
    for (int i = 0; i < layers.size(); i++) {
      Tensor v = directions.get(i).value();
      // The inputs' own digits may matter; and the first product is not what takes the time.
      this.directions.add(backend.pack(v, i == 0 ? Precision.STRICT : precision));
      Tensor r = backend.allocate(DType.REAL, layers.get(i).outputs());
      backend.weightNorm(r, v);
      inverseNorms.add(r);
    }
  }

  @Override
  public void inputs(Tensor x, long firstRow) {
    int outputs = layers.get(0).outputs();
    if (held == null || held.size() < x.rows() * outputs) {
      release(held);
      held = backend.allocate(DType.REAL, x.rows() * outputs);
    }
    first = held.view(0, x.rows(), outputs);
    directions.get(0).product(first, x);
  }

  @Override
  public Var forward(Tape tape, Draw draw, int samples) {
    Tensor gains = draw.weights().value();
    int unit = 0;
    Tensor h = first;
    for (int i = 0; i < layers.size(); i++) {
      Dense layer = layers.get(i);
      int outputs = layer.outputs();
      Tensor t = h;
      if (i > 0) {
        t = backend.pool().take(h.rows(), outputs);
        directions.get(i).product(t, h);
      }
      Tensor y = i > 0 ? t : backend.pool().take(samples * first.rows(), outputs);
      Tensor g = gains.columns(unit, unit + outputs);
      Tensor bias = biases.get(i) == null ? null : biases.get(i).value();
      backend.gain(y, t, g, inverseNorms.get(i), bias, samples, layer.activation());
      h = y;
      unit += outputs;
    }
    return tape.constant(h);
  }

  @Override
  public void close() {
    directions.forEach(PackedMatrix::close);
    inverseNorms.forEach(this::release);
    release(held);
  }

  private void release(Tensor tensor) {
    if (tensor != null && !tensor.isStale()) {
      backend.release(tensor);
    }
  }
}
