package org.bhn.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.bhn.backend.Activation;
import org.bhn.backend.Convolution;
import org.bhn.backend.Padding;
import org.bhn.backend.Pooling;
import org.junit.jupiter.api.Test;

/** Which layers fit together, and what they add up to. */
class NetworkTest {
  private static final Layer CONV = conv(6, 6, 1, 3, 4);
  private static final Layer POOL = new MaxPool(new Pooling(4, 4, 4, 2, 2));

  private static Layer conv(int height, int width, int in, int kernel, int out) {
    Convolution shape = new Convolution(height, width, in, kernel, kernel, 1, Padding.VALID, out);
    return new Conv2d(shape, Activation.RELU, true);
  }

  private static Layer dense(int inputs, int outputs) {
    return new Dense(inputs, outputs, Activation.RELU, false);
  }

  @Test
  void sizesAddUp() {
    Network network = new Network(List.of(CONV, POOL, dense(16, 5), dense(5, 2)));
    assertEquals(36, network.inputs());
    assertEquals(2, network.outputs());
    assertEquals(4 + 5 + 2, network.units());
    assertEquals(4 * 9 + 4 + 16 * 5 + 5 * 2, network.parameters());
    assertEquals(64, network.maxWidth());
    assertEquals(3, network.weightLayers().count());
  }

  @Test
  void aVectorMayBeLookedAtAsAnImage() {
    assertEquals(64, new Network(List.of(dense(3, 36), CONV)).outputs());
  }

  @Test
  void layersThatDoNotFitAreNamed() {
    refused("layer 1 takes 17 inputs but layer 0 has 64 outputs", CONV, dense(17, 2));
    // As many values, in another shape.
    refused("images of 8 x 2 x 4 but layer 0 gives 4 x 4 x 4", CONV, conv(8, 2, 4, 1, 1));
    refused("images of 2 x 2 x 4 but layer 0 gives 4 x 4 x 4", CONV, conv(2, 2, 4, 1, 1));
    refused("the first and the last layer must have weights", POOL, dense(16, 2));
    refused("the first and the last layer must have weights", CONV, POOL);
    refused("layers is empty");
  }

  private static void refused(String words, Layer... layers) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> new Network(List.of(layers)))
            .getMessage();
    assertTrue(message.contains(words), message);
  }
}
