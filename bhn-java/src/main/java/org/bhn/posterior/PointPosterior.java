package org.bhn.posterior;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.bhn.backend.Backend;
import org.bhn.flow.FlowStack;
import org.bhn.nn.MaxPool;
import org.bhn.nn.Network;
import org.bhn.nn.NetworkWeights;
import org.bhn.nn.WeightLayer;
import org.bhn.tape.ImageOps;
import org.bhn.tape.Noise;
import org.bhn.tape.Ops;
import org.bhn.tape.Param;
import org.bhn.tape.Start;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.Tensor;

/**
 * One set of weights: maximum likelihood, or Monte-Carlo dropout when hidden units are dropped with
 * a positive rate, each pixel of a channel for itself, after pooling. What comes before the first
 * mask is shared by all samples.
 */
final class PointPosterior implements WeightPosterior {
  private final Network network;
  private final double rate;
  private final LayerParams layers;

  PointPosterior(Backend backend, Network network, double rate, Start start) {
    this.network = network;
    this.rate = rate;
    SplittableRandom random = start.numbers();
    this.layers = new LayerParams(backend, network, "weight", layer -> Gaussians.he(layer, random));
  }

  @Override
  public Network network() {
    return network;
  }

  @Override
  public List<Param> params() {
    return layers.all();
  }

  @Override
  public Map<String, Tensor> constants() {
    return Map.of();
  }

  @Override
  public int dim() {
    return 0;
  }

  @Override
  public FlowStack flow() {
    return null;
  }

  @Override
  public boolean isRandom() {
    return rate > 0 && network.layers().size() > 1;
  }

  @Override
  public boolean supportsPerExample() {
    return true;
  }

  @Override
  public Draw draw(Tape tape, Noise noise, int draws) {
    return new Draw(null, null, null, noise);
  }

  @Override
  public Draw use(Tape tape, Noise noise, Tensor drawn) {
    return new Draw(null, null, null, noise);
  }

  @Override
  public Var forward(Tape tape, Draw draw, Var x, int samples, long firstRow) {
    int batch = x.value().rows();
    int last = network.layers().size() - 1;
    int copies = 1;
    Var h = x;
    for (int i = 0; i <= last; i++) {
      tape.scope("layer " + i);
      switch (network.layers().get(i)) {
        case MaxPool pool -> h = ImageOps.maxPool(h, pool.shape());
        case WeightLayer layer -> {
          if (rate > 0 && i > 0) {
            Var in = Products.examples(h, layer.inputs());
            int stream = Noise.DROPOUT + i - 1;
            h = Ops.dropout(in, draw.noise(), stream, samples, batch, firstRow, rate);
            copies = samples;
          }
          Var t = Products.of(layer, h, layers.matrix(tape, i));
          int rows = i == last ? samples : copies;
          int places = batch * layer.places();
          h = Ops.gain(t, null, null, layers.bias(tape, i), rows, places, layer.activation());
        }
      }
    }
    tape.scope("");
    return h;
  }

  /** Weights are He-initialised when made. */
  @Override
  public void initialise(Backend backend, Tensor x) {}

  @Override
  public void startFrom(Backend backend, NetworkWeights weights) {
    layers.set(weights, (layer, matrix) -> matrix);
  }

  @Override
  public NetworkWeights pointWeights() {
    return layers.get();
  }

  @Override
  public void close() {
    layers.close();
  }
}
