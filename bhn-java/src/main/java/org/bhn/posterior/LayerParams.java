package org.bhn.posterior;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.bhn.backend.Backend;
import org.bhn.nn.Layer;
import org.bhn.nn.Network;
import org.bhn.nn.NetworkWeights;
import org.bhn.nn.WeightLayer;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.Tensor;

/** The point parameters of a network: for each layer with weights a matrix and, maybe, biases. */
final class LayerParams implements AutoCloseable {
  /** By layer; null where there is none. */
  private final List<Param> matrices = new ArrayList<>();

  private final List<Param> biases = new ArrayList<>();
  private final Network network;

  /**
   * Makes them; biases start at 0.
   *
   * @param name of the matrices, {@code layer.i.name}
   * @param initial values of a layer's matrix {@code [units, fanIn]}; null where a file has them
   */
  LayerParams(
      Backend backend, Network network, String name, Function<WeightLayer, double[]> initial) {
    this.network = network;
    for (int i = 0; i < network.layers().size(); i++) {
      Layer any = network.layers().get(i);
      Param matrix = null;
      Param bias = null;
      if (any instanceof WeightLayer layer) {
        matrix = new Param(backend, "layer." + i + "." + name, layer.units(), layer.fanIn());
        double[] values = initial.apply(layer);
        if (values != null) {
          matrix.set(values);
        }
        bias = layer.bias() ? new Param(backend, "layer." + i + ".bias", layer.units()) : null;
      }
      matrices.add(matrix);
      biases.add(bias);
    }
  }

  /** The matrix of a layer, on a tape. */
  Var matrix(Tape tape, int layer) {
    return tape.param(matrices.get(layer));
  }

  /** The biases of a layer, on a tape; null if it has none. */
  Var bias(Tape tape, int layer) {
    return biases.get(layer) == null ? null : tape.param(biases.get(layer));
  }

  /** The matrix of a layer. */
  Tensor matrix(int layer) {
    return matrices.get(layer).value();
  }

  /** The biases of a layer; null if it has none. */
  Tensor bias(int layer) {
    return biases.get(layer) == null ? null : biases.get(layer).value();
  }

  /** Sets the biases of a layer, if it has any. */
  void setBias(int layer, double[] values) {
    if (biases.get(layer) != null) {
      biases.get(layer).set(values);
    }
  }

  /** Sets all biases, and all matrices to what the function makes of them. */
  void set(NetworkWeights weights, BiFunction<WeightLayer, double[], double[]> function) {
    int at = 0;
    for (int i = 0; i < matrices.size(); i++) {
      if (network.layers().get(i) instanceof WeightLayer layer) {
        matrices.get(i).set(function.apply(layer, weights.matrix(at)));
        setBias(i, weights.bias(at));
        at++;
      }
    }
  }

  /** What they are now. */
  NetworkWeights get() {
    int count = (int) network.weightLayers().count();
    double[][] all = new double[count][];
    double[][] shifts = new double[count][];
    int at = 0;
    for (int i = 0; i < matrices.size(); i++) {
      if (matrices.get(i) != null) {
        all[at] = matrices.get(i).get();
        shifts[at] = biases.get(i) == null ? null : biases.get(i).get();
        at++;
      }
    }
    return NetworkWeights.of(network, all, shifts);
  }

  /** All matrices, then all biases. */
  List<Param> all() {
    List<Param> all = new ArrayList<>(matrices);
    all.addAll(biases);
    all.removeIf(param -> param == null);
    return all;
  }

  @Override
  public void close() {
    all().forEach(Param::close);
  }
}
