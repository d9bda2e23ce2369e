package org.bhn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.bhn.backend.Activation;
import org.bhn.backend.Convolution;
import org.bhn.backend.Padding;
import org.bhn.backend.Pooling;
import org.bhn.io.JsonObject;
import org.bhn.nn.Conv2d;
import org.bhn.nn.Image;
import org.bhn.nn.Layer;
import org.bhn.nn.MaxPool;
import org.bhn.nn.WeightLayer;

/** The convolutions and poolings of a builder, in order. */
final class ImageLayers {
  private final Image input;
  private final List<Layer> layers = new ArrayList<>(); // without activation and bias
  private Image result;

  ImageLayers(Image input) {
    if (input == null) {
      throw new IllegalArgumentException("inputs is null: use for example new Image(32, 32, 3)");
    }
    this.input = input;
    this.result = input;
  }

  Image input() {
    return input;
  }

  /** Number of values that the last layer gives. */
  int outputs() {
    return result.size();
  }

  void conv(int channels, int kernel, int stride, Padding padding) {
    append(
        "conv",
        x ->
            new Conv2d(
                new Convolution(
                    x.height(), x.width(), x.channels(), kernel, kernel, stride, padding, channels),
                Activation.IDENTITY,
                false));
  }

  void maxPool(int window, int stride) {
    append(
        "maxPool",
        x -> new MaxPool(new Pooling(x.height(), x.width(), x.channels(), window, stride)));
  }

  private void append(String what, Function<Image, Layer> next) {
    try {
      Layer layer = next.apply(result);
      layers.add(layer);
      result = layer.result();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "layer " + layers.size() + ", " + what + ": " + e.getMessage(), e);
    }
  }

  /** The layers with their nonlinearity and biases. */
  List<Layer> layers(Activation activation, boolean bias) {
    List<Layer> all = new ArrayList<>();
    for (Layer layer : layers) {
      all.add(layer instanceof Conv2d c ? new Conv2d(c.shape(), activation, bias) : layer);
    }
    return all;
  }

  /** As members of the card of a saved model. */
  void toMap(Map<String, Object> card) {
    Map<String, Object> image = new LinkedHashMap<>();
    image.put("height", (long) input.height());
    image.put("width", (long) input.width());
    image.put("channels", (long) input.channels());
    card.put("image", image);
    card.put("layers", layers.stream().map(ImageLayers::toMap).toList());
  }

  private static Map<String, Object> toMap(Layer layer) {
    Map<String, Object> map = new LinkedHashMap<>();
    switch (layer) {
      case MaxPool(Pooling p) -> {
        map.put("kind", "max_pool");
        map.put("window", (long) p.window());
        map.put("stride", (long) p.stride());
      }
      case Conv2d conv -> {
        Convolution c = conv.shape();
        map.put("kind", "conv");
        map.put("channels", (long) c.out());
        map.put("kernel", (long) c.kernelHeight());
        map.put("stride", (long) c.stride());
        map.put("padding", c.padding().name().toLowerCase(Locale.ROOT));
      }
      case WeightLayer other -> throw new AssertionError(other);
    }
    return map;
  }

  /** Reads what {@link #toMap(Map)} wrote. */
  static ImageLayers of(JsonObject card) {
    JsonObject image = card.object("image");
    ImageLayers all =
        new ImageLayers(
            new Image(image.integer("height"), image.integer("width"), image.integer("channels")));
    for (JsonObject layer : card.objects("layers")) {
      String kind = layer.string("kind");
      switch (kind) {
        case "max_pool" -> all.maxPool(layer.integer("window"), layer.integer("stride"));
        case "conv" ->
            all.conv(
                layer.integer("channels"),
                layer.integer("kernel"),
                layer.integer("stride"),
                Padding.valueOf(layer.string("padding").toUpperCase(Locale.ROOT)));
        default -> throw new IllegalArgumentException("unknown layer " + kind);
      }
    }
    return all;
  }
}
