package org.bhn.posterior;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.backend.Precision;
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
 * Random gains: unit j computes act(g_j (v_j·x)/‖v_j‖ + b_j), g = h(ε); a convolution's units are
 * its output channels. The first layer's product x·vᵀ is shared by all samples.
 */
final class WeightNormPosterior extends FlowPosterior {
  private static final double DIRECTION_STD = 0.05;
  private static final double MIN_STD = 1e-6;

  private final Network network;
  private final FlowStack flow;
  private final LayerParams layers; // matrices are the directions v

  WeightNormPosterior(Backend backend, Network network, FlowSpec spec, Start start) {
    this.network = network;
    SplittableRandom random = start.numbers();
    this.layers =
        new LayerParams(
            backend, network, "v", layer -> Gaussians.draw(layer.weights(), DIRECTION_STD, random));
    this.flow =
        spec.build(backend, "flow", network.units(), Posterior.GAIN_STD, start.next(random));
    if (start.hasValues()) {
      double[] ones = new double[network.units()];
      Arrays.fill(ones, 1);
      flow.setMean(backend, ones);
    }
  }

  @Override
  public Network network() {
    return network;
  }

  @Override
  public List<Param> params() {
    List<Param> all = layers.all();
    all.addAll(flow.params());
    return all;
  }

  @Override
  public FlowStack flow() {
    return flow;
  }

  @Override
  public boolean supportsPerExample() {
    return true;
  }

  @Override
  public Var forward(Tape tape, Draw draw, Var x, int samples, long firstRow) {
    int batch = x.value().rows();
    int unit = 0;
    Var h = x;
    for (int i = 0; i < network.layers().size(); i++) {
      tape.scope("layer " + i);
      switch (network.layers().get(i)) {
        case MaxPool pool -> h = ImageOps.maxPool(h, pool.shape());
        case WeightLayer layer -> {
          Var v = layers.matrix(tape, i);
          // Norms first: so the product's backward comes before theirs, and overwrites v's
          // gradient.
          Var r = Ops.weightNorm(v);
          Var t = Products.of(layer, h, v);
          Var g = draw.weights().columns(unit, unit + layer.units());
          h = gain(layer, t, g, r, layers.bias(tape, i), samples, batch);
          unit += layer.units();
        }
      }
    }
    tape.scope("");
    return h;
  }

  /** Rows that share gains, of a few examples or of one example's places, are like a sample. */
  private static Var gain(
      WeightLayer layer, Var t, Var g, Var r, Var bias, int samples, int batch) {
    int draws = g.value().rows();
    int rows = Ops.rows(samples, Ops.rows(batch, layer.places()));
    if (draws == samples || draws == rows) {
      return Ops.gain(t, g, r, bias, samples, rows / samples, layer.activation());
    }
    Var own = t.value().rows() == rows ? t : Ops.repeat(t, samples);
    return Ops.gain(own, g, r, bias, draws, rows / draws, layer.activation());
  }

  @Override
  public Prepared prepare(Backend backend, Precision precision) {
    return new WeightNormPrepared(backend, network, layers, precision);
  }

  /**
   * Standardises every pre-activation on the batch (of a convolution over all places, too): with t
   * = x·v/‖v‖, mean m and standard deviation σ, the mean gain becomes 1/σ and the bias −m/σ. σ is
   * that of t without the noisy gain, and the gains are set at the flow's <em>output</em>, so that
   * permutations do not misplace them.
   */
  @Override
  public void initialise(Backend backend, Tensor x) {
    double[] gains = new double[dim()];
    int unit = 0;
    backend.pool().reset();
    Tensor h = x;
    for (int i = 0; i < network.layers().size(); i++) {
      switch (network.layers().get(i)) {
        case MaxPool pool -> {
          Tensor y = backend.pool().take(x.rows(), pool.outputs());
          backend.maxPool(y, h, pool.shape());
          h = y;
        }
        case WeightLayer layer -> {
          double[] scale = new double[layer.units()];
          h = standardised(backend, i, layer, h, scale);
          System.arraycopy(scale, 0, gains, unit, layer.units());
          unit += layer.units();
        }
      }
    }
    flow.setMean(backend, gains);
  }

  /** The layer's output with standardised pre-activations; sets its biases and gives its gains. */
  private Tensor standardised(Backend backend, int i, WeightLayer layer, Tensor x, double[] scale) {
    int out = layer.units();
    int rows = x.size() / layer.inputs() * layer.places();
    Tensor t = backend.pool().take(rows, out);
    Tensor r = backend.pool().take(out);
    Tensor y = backend.pool().take(rows, out);
    Products.into(backend, layer, t, x, layers.matrix(i));
    backend.weightNorm(r, layers.matrix(i));
    backend.gain(y, t, null, r, null, 1, Activation.IDENTITY);
    double[] shift = new double[out];
    standardise(backend, y, layer.bias(), scale, shift);
    Tensor g = backend.pool().take(1, out);
    Tensor b = backend.pool().take(out);
    backend.upload(g, scale);
    backend.upload(b, shift);
    backend.gain(y, t, g, r, b, 1, layer.activation());
    layers.setBias(i, shift);
    return y;
  }

  /** Scale 1/σ and shift −m/σ of each column; a column that hardly varies keeps σ = 1. */
  private static void standardise(
      Backend backend, Tensor y, boolean centre, double[] scale, double[] shift) {
    double[] values = new double[y.size()];
    backend.download(y, values);
    int n = y.rows();
    int columns = y.columns();
    for (int j = 0; j < columns; j++) {
      double sum = 0;
      double squares = 0;
      for (int i = 0; i < n; i++) {
        sum += values[i * columns + j];
      }
      double mean = centre ? sum / n : 0;
      for (int i = 0; i < n; i++) {
        double d = values[i * columns + j] - mean;
        squares += d * d;
      }
      double std = Math.sqrt(squares / n);
      scale[j] = std > MIN_STD ? 1 / std : 1;
      shift[j] = centre ? -mean * scale[j] : 0;
    }
  }

  /** Directions as long as random ones are, and as gains the lengths of the rows. */
  @Override
  public void startFrom(Backend backend, NetworkWeights weights) {
    double[] gains = new double[dim()];
    List<WeightLayer> all = network.weightLayers().toList();
    int unit = 0;
    for (int i = 0; i < all.size(); i++) {
      double[] matrix = weights.matrix(i);
      for (int from = 0; from < matrix.length; from += all.get(i).fanIn()) {
        gains[unit++] = length(matrix, from, all.get(i).fanIn());
      }
    }
    layers.set(weights, WeightNormPosterior::directions);
    flow.setMean(backend, gains);
  }

  /** The rows at the length of random directions; zeros, whose gain is 0, may go any way. */
  private static double[] directions(WeightLayer layer, double[] matrix) {
    int fanIn = layer.fanIn();
    double usual = DIRECTION_STD * Math.sqrt(fanIn);
    for (int from = 0; from < matrix.length; from += fanIn) {
      double length = length(matrix, from, fanIn);
      if (length == 0) {
        matrix[from] = usual;
        continue;
      }
      for (int k = from; k < from + fanIn; k++) {
        matrix[k] = matrix[k] / length * usual;
      }
    }
    return matrix;
  }

  private static double length(double[] matrix, int from, int count) {
    double length = 0;
    for (int k = from; k < from + count; k++) {
      length = Math.hypot(length, matrix[k]);
    }
    return length;
  }

  @Override
  public void close() {
    layers.close();
    flow.close();
  }
}
