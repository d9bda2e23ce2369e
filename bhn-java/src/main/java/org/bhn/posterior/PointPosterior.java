package org.bhn.posterior;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.bhn.backend.Backend;
import org.bhn.flow.FlowStack;
import org.bhn.nn.Dense;
import org.bhn.nn.Network;
import org.bhn.tape.Noise;
import org.bhn.tape.Ops;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.Tensor;

/**
 * One set of weights: maximum likelihood, or Monte-Carlo dropout when hidden units are dropped with
 * a positive rate. The first hidden layer before its mask is shared by all samples.
 */
final class PointPosterior implements WeightPosterior {
  private final Network network;
  private final double rate;
  private final List<Param> weights = new ArrayList<>();
  private final List<Param> biases = new ArrayList<>();

  PointPosterior(Backend backend, Network network, double rate, long seed) {
    this.network = network;
    this.rate = rate;
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < network.layers().size(); i++) {
      Dense layer = network.layers().get(i);
      Param w = new Param(backend, "layer." + i + ".weight", layer.outputs(), layer.inputs());
      w.set(Gaussians.he(layer, random));
      weights.add(w);
      biases.add(layer.bias() ? new Param(backend, "layer." + i + ".bias", layer.outputs()) : null);
    }
  }

  @Override
  public Network network() {
    return network;
  }

  @Override
  public List<Param> params() {
    List<Param> all = new ArrayList<>(weights);
    biases.stream().filter(b -> b != null).forEach(all::add);
    return all;
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
    return rate > 0 && weights.size() > 1;
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
    int copies = 1;
    Var h = x;
    for (int i = 0; i < weights.size(); i++) {
      tape.scope("layer " + i);
      Dense layer = network.layers().get(i);
      Var t = Ops.product(h, tape.param(weights.get(i)));
      Var bias = biases.get(i) == null ? null : tape.param(biases.get(i));
      boolean last = i == weights.size() - 1;
      int rows = last ? samples : copies;
      h = Ops.gain(t, null, null, bias, rows, batch, layer.activation());
      if (rate > 0 && !last) {
        h = Ops.dropout(h, draw.noise(), Noise.DROPOUT + i, samples, batch, firstRow, rate);
        copies = samples;
      }
    }
    tape.scope("");
    return h;
  }

  /** Weights are He-initialised when made. */
  @Override
  public void initialise(Backend backend, Tensor x) {}

  @Override
  public void close() {
    weights.forEach(Param::close);
    biases.stream().filter(b -> b != null).forEach(Param::close);
  }
}
