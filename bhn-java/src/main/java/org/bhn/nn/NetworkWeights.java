package org.bhn.nn;

import java.nio.file.Path;
import java.util.List;
import org.bhn.io.FormatException;
import org.bhn.io.SafeTensors;

/** One set of weights of a network: what a posterior may start from. */
public final class NetworkWeights {
  private final Network network;
  private final double[][] matrices;
  private final double[][] biases;

  private NetworkWeights(Network network, double[][] matrices, double[][] biases) {
    this.network = network;
    this.matrices = matrices;
    this.biases = biases;
  }

  /**
   * Plain arrays, one of each kind for every layer that has weights. They are copied.
   *
   * @param matrices by layer {@code [units, fanIn]} row by row; of a convolution {@code [out,
   *     KH·KW·in]}
   * @param biases by layer {@code [units]}; null for a layer without
   * @throws IllegalArgumentException if a size does not fit the network or a value is not finite
   */
  public static NetworkWeights of(Network network, double[][] matrices, double[][] biases) {
    if (network == null || matrices == null || biases == null) {
      throw new IllegalArgumentException(
          (network == null ? "network" : matrices == null ? "matrices" : "biases")
              + " is null: pass the network and an array for each of its layers with weights");
    }
    List<WeightLayer> layers = network.weightLayers().toList();
    if (matrices.length != layers.size() || biases.length != layers.size()) {
      throw new IllegalArgumentException(
          "%d matrices and %d biases for %d layers with weights: pass one of each for every layer"
              .formatted(matrices.length, biases.length, layers.size()));
    }
    double[][] ownMatrices = new double[layers.size()][];
    double[][] ownBiases = new double[layers.size()][];
    for (int i = 0; i < layers.size(); i++) {
      WeightLayer layer = layers.get(i);
      ownMatrices[i] = checked("matrices[" + i + "]", matrices[i], layer.weights());
      ownBiases[i] = checked("biases[" + i + "]", biases[i], layer.bias() ? layer.units() : 0);
    }
    return new NetworkWeights(network, ownMatrices, ownBiases);
  }

  private static double[] checked(String name, double[] values, int length) {
    if (length == 0 && values == null) {
      return new double[0];
    }
    if (values == null || values.length != length) {
      throw new IllegalArgumentException(
          "%s has %s values, the network's layer %d: pass weights of a network of the same shape"
              .formatted(name, values == null ? "no" : values.length, length));
    }
    for (int i = 0; i < length; i++) {
      if (!Double.isFinite(values[i])) {
        throw new IllegalArgumentException(
            "%s[%d] = %s is not finite: a posterior needs a start that is"
                .formatted(name, i, values[i]));
      }
    }
    return values.clone();
  }

  /**
   * The weights of a PyTorch module in a safetensors file: {@code NAME.weight} and {@code
   * NAME.bias} of each layer, in single precision. Images there have their channels first; kernels
   * of convolutions, and the columns of the dense layer that a flattened image enters, are brought
   * into the order of this library, where channels are last. A dense first layer is taken as it is:
   * that an image enters it the network does not know.
   *
   * @param names of the modules with weights, first to last: {@code "0", "2", "4"} of an {@code
   *     nn.Sequential} of linear layers with activations between them
   * @throws FormatException if the file is none, lacks a tensor or has one of another type or shape
   * @throws IllegalArgumentException if there is not a name for each layer with weights
   * @throws java.io.UncheckedIOException if the file cannot be read
   */
  public static NetworkWeights torch(Network network, Path file, String... names) {
    if (network == null || file == null || names == null) {
      throw new IllegalArgumentException(
          (network == null ? "network" : file == null ? "file" : "names")
              + " is null: pass the network, a safetensors file and the names of its modules");
    }
    int count = (int) network.weightLayers().count();
    if (names.length != count) {
      throw new IllegalArgumentException(
          "%d names for %d layers with weights: pass one for each".formatted(names.length, count));
    }
    double[][] matrices = new double[count][];
    double[][] biases = new double[count][];
    try (SafeTensors.File tensors = SafeTensors.open(file)) {
      int at = 0;
      Image before = null;
      for (Layer any : network.layers()) {
        if (any instanceof WeightLayer layer) {
          matrices[at] = matrix(tensors, names[at] + ".weight", layer, before);
          biases[at] = bias(tensors, file, names[at] + ".bias", layer);
          at++;
        }
        before = any.result();
      }
    }
    return of(network, matrices, biases);
  }

  private static double[] matrix(
      SafeTensors.File tensors, String name, WeightLayer layer, Image before) {
    return switch (layer) {
      case Conv2d conv -> {
        int height = conv.shape().kernelHeight();
        int width = conv.shape().kernelWidth();
        int in = conv.shape().in();
        tensors.require(name, SafeTensors.DType.F32, conv.units(), in, height, width);
        yield wide(new Image(height, width, in).channelsLast(tensors.floats(name)));
      }
      case Dense dense -> {
        tensors.require(name, SafeTensors.DType.F32, dense.units(), dense.fanIn());
        float[] values = tensors.floats(name);
        yield wide(before == null ? values : before.channelsLast(values));
      }
    };
  }

  private static double[] bias(
      SafeTensors.File tensors, Path file, String name, WeightLayer layer) {
    if (layer.bias()) {
      tensors.require(name, SafeTensors.DType.F32, layer.units());
      return wide(tensors.floats(name));
    }
    if (tensors.tensors().containsKey(name)) {
      throw new FormatException(
          file.toString(), name, "the model has no biases", "build the model with bias(true)");
    }
    return null;
  }

  private static double[] wide(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  /** The network whose weights they are. */
  public Network network() {
    return network;
  }

  /**
   * The weights of a layer {@code [units, fanIn]}.
   *
   * @param layer its index among the layers that have weights
   */
  public double[] matrix(int layer) {
    return matrices[layer].clone();
  }

  /**
   * The biases of a layer {@code [units]}, none if it has none.
   *
   * @param layer its index among the layers that have weights
   */
  public double[] bias(int layer) {
    return biases[layer].clone();
  }
}
