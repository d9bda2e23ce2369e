package org.bhn.posterior;

import java.util.List;
import java.util.SplittableRandom;
import org.bhn.backend.Backend;
import org.bhn.flow.FlowSpec;
import org.bhn.flow.FlowStack;
import org.bhn.nn.MaxPool;
import org.bhn.nn.Network;
import org.bhn.nn.NetworkWeights;
import org.bhn.nn.WeightLayer;
import org.bhn.tape.ImageOps;
import org.bhn.tape.Ops;
import org.bhn.tape.Param;
import org.bhn.tape.Start;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.Tensor;

/**
 * Every weight and bias is random, θ = h(ε). θ holds the layers one after the other, each W {@code
 * [units, fanIn]} row by row and then its biases. With an affine flow alone this is mean-field.
 */
final class FullPosterior extends FlowPosterior {
  private final Network network;
  private final FlowStack flow;

  FullPosterior(Backend backend, Network network, FlowSpec spec, boolean centred, Start start) {
    this.network = network;
    SplittableRandom random = start.numbers();
    int dim = network.parameters();
    this.flow = spec.build(backend, "flow", dim, Posterior.WEIGHT_STD, start.next(random));
    if (start.hasValues()) {
      flow.setMean(backend, centred ? new double[dim] : Gaussians.he(network, random));
    }
  }

  @Override
  public Network network() {
    return network;
  }

  @Override
  public List<Param> params() {
    return flow.params();
  }

  @Override
  public FlowStack flow() {
    return flow;
  }

  @Override
  public boolean supportsPerExample() {
    return false;
  }

  @Override
  public Var forward(Tape tape, Draw draw, Var x, int samples, long firstRow) {
    int batch = x.value().rows();
    int at = 0;
    Var h = x;
    for (int i = 0; i < network.layers().size(); i++) {
      tape.scope("layer " + i);
      switch (network.layers().get(i)) {
        case MaxPool pool -> h = ImageOps.maxPool(h, pool.shape());
        case WeightLayer layer -> {
          Var w =
              Ops.contiguous(draw.weights().columns(at, at + layer.weights()))
                  .view(0, samples, layer.units(), layer.fanIn());
          at += layer.weights();
          Var bias = null;
          if (layer.bias()) {
            bias = draw.weights().columns(at, at + layer.units());
            at += layer.units();
          }
          Var t = Products.bySample(layer, h, w, i == 0);
          int rows = batch * layer.places();
          h = Ops.gain(t, null, null, bias, samples, rows, layer.activation());
        }
      }
    }
    tape.scope("");
    return h;
  }

  /** A full posterior starts from a random network or from 0. */
  @Override
  public void initialise(Backend backend, Tensor x) {}

  @Override
  public void startFrom(Backend backend, NetworkWeights weights) {
    double[] all = new double[dim()];
    int at = 0;
    for (int i = 0; i < network.weightLayers().count(); i++) {
      for (double[] part : new double[][] {weights.matrix(i), weights.bias(i)}) {
        System.arraycopy(part, 0, all, at, part.length);
        at += part.length;
      }
    }
    flow.setMean(backend, all);
  }

  @Override
  public void close() {
    flow.close();
  }
}
