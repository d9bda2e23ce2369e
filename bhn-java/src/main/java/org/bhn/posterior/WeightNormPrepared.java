package org.bhn.posterior;

import java.util.ArrayList;
import java.util.List;
import org.bhn.backend.Backend;
import org.bhn.backend.PackedMatrix;
import org.bhn.backend.Precision;
import org.bhn.nn.MaxPool;
import org.bhn.nn.Network;
import org.bhn.nn.WeightLayer;
import org.bhn.posterior.WeightPosterior.Draw;
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
  private final Network network;
  private final LayerParams params;
  private final List<PackedMatrix> directions = new ArrayList<>(); // null where a layer has none
  private final List<Tensor> inverseNorms = new ArrayList<>();
  private Tensor held; // room for the first product
  private Tensor first;

  WeightNormPrepared(Backend backend, Network network, LayerParams params, Precision precision) {
    this.backend = backend;
    this.network = network;
    this.params = params;
    for (int i = 0; i < network.layers().size(); i++) {
      PackedMatrix packed = null;
      Tensor r = null;
      if (network.layers().get(i) instanceof WeightLayer layer) {
        Tensor v = params.matrix(i);
        // The inputs' own digits may matter; and the first product is not what takes the time.
        packed = Products.pack(backend, layer, v, i == 0 ? Precision.STRICT : precision);
        r = backend.allocate(DType.REAL, layer.units());
        backend.weightNorm(r, v);
      }
      directions.add(packed);
      inverseNorms.add(r);
    }
  }

  @Override
  public void inputs(Tensor x, long firstRow) {
    WeightLayer layer = (WeightLayer) network.layers().getFirst();
    int rows = x.rows() * layer.places();
    if (held == null || held.size() < rows * layer.units()) {
      release(held);
      held = null; // should there be no memory
      held = backend.allocate(DType.REAL, rows * layer.units());
    }
    first = held.view(0, rows, layer.units());
    directions.getFirst().product(first, x);
  }

  @Override
  public Var forward(Tape tape, Draw draw, int samples) {
    Tensor gains = draw.weights().value();
    int unit = 0;
    Tensor h = first;
    for (int i = 0; i < network.layers().size(); i++) {
      switch (network.layers().get(i)) {
        case MaxPool pool -> {
          Tensor y = backend.pool().take(h.size() / pool.inputs(), pool.outputs());
          backend.maxPool(y, h, pool.shape());
          h = y;
        }
        case WeightLayer layer -> {
          Tensor t = i == 0 ? first : product(i, layer, h);
          Tensor y = i > 0 ? t : backend.pool().take(samples * first.rows(), layer.units());
          Tensor g = gains.columns(unit, unit + layer.units());
          Tensor r = inverseNorms.get(i);
          backend.gain(y, t, g, r, params.bias(i), samples, layer.activation());
          h = y;
          unit += layer.units();
        }
      }
    }
    return tape.constant(h);
  }

  private Tensor product(int i, WeightLayer layer, Tensor h) {
    Tensor x = Products.examples(h, layer.inputs());
    Tensor t = backend.pool().take(x.rows() * layer.places(), layer.units());
    directions.get(i).product(t, x);
    return t;
  }

  @Override
  public void close() {
    directions.stream().filter(packed -> packed != null).forEach(PackedMatrix::close);
    inverseNorms.forEach(this::release);
    release(held);
  }

  private void release(Tensor tensor) {
    if (tensor != null && !tensor.isStale()) {
      backend.release(tensor);
    }
  }
}
