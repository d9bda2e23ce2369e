package org.bhn.tape;

import org.bhn.tensor.Tensor;

/**
 * Where random numbers come from: a Philox key and a counter that lives on the device, so that a
 * replayed step draws fresh noise.
 *
 * @param seed the key
 * @param counter INT64 {@code [1]}
 * @param firstSample index of the first weight sample drawn; samples are the same however they are
 *     cut into pieces
 */
public record Noise(long seed, Tensor counter, long firstSample) {
  /** Philox stream of the flow's noise ε. */
  public static final int WEIGHTS = 0;

  /** Philox stream of the dropout masks of layer 0; layer l uses this plus l. */
  public static final int DROPOUT = 16;
}
