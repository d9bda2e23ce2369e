package org.bhn.backend;

import org.bhn.tensor.Tensor;

/**
 * Sizes and masks of a flow's conditioner: one hidden ReLU layer and two linear heads.
 *
 * <p>Its parameters are one block of {@link #parameterCount()} reals: U1 {@code [H, I]}, U2 {@code
 * [2·O, H]} (shift rows, then log-scale rows), g1 {@code [H]}, g2 {@code [2·O]}, b1 {@code [H]}, b2
 * {@code [2·O]}. With degrees it is a MADE (Germain et al. 2015): U1[h, i] lives iff {@code
 * inDegree[i] <= hiddenDegree[h]}, U2[j, h] and U2[O+j, h] iff {@code hiddenDegree[h] <=
 * outDegree[j]}.
 *
 * @param inputs I
 * @param hidden H
 * @param outputs O
 * @param inDegree INT32 {@code [I]}, or null with the other two: nothing is masked
 * @param hiddenDegree INT32 {@code [H]}, or null
 * @param outDegree INT32 {@code [O]}, or null
 * @param weightNorm whether each masked row is normalised and scaled by its gain
 */
public record Conditioner(
    int inputs,
    int hidden,
    int outputs,
    Tensor inDegree,
    Tensor hiddenDegree,
    Tensor outDegree,
    boolean weightNorm) {

  /** Checks the sizes. */
  public Conditioner {
    if (inputs < 1 || hidden < 1 || outputs < 1) {
      throw new IllegalArgumentException(
          "a conditioner needs inputs, hidden units and outputs; got inputs = "
              + inputs
              + ", hidden = "
              + hidden
              + ", outputs = "
              + outputs);
    }
    if (count(inputs, hidden, outputs) > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a conditioner with inputs = "
              + inputs
              + ", hidden = "
              + hidden
              + ", outputs = "
              + outputs
              + " has more than 2^31 - 1 parameters; use fewer hidden units, or weightNorm instead"
              + " of full");
    }
    boolean masked = inDegree != null;
    if (masked != (hiddenDegree != null) || masked != (outDegree != null)) {
      throw new IllegalArgumentException(
          "inDegree, hiddenDegree and outDegree must be all given or all null");
    }
  }

  /** Number of reals in the parameter block. */
  public int parameterCount() {
    return (int) count(inputs, hidden, outputs);
  }

  private static double count(double inputs, double hidden, double outputs) {
    return hidden * inputs + 2 * outputs * hidden + 2 * hidden + 4 * outputs;
  }

  /** Offset of U2 in the block. */
  public int u2() {
    return hidden * inputs;
  }

  /** Offset of the hidden gains g1. */
  public int g1() {
    return u2() + 2 * outputs * hidden;
  }

  /** Offset of the head gains g2. */
  public int g2() {
    return g1() + hidden;
  }

  /** Offset of the hidden biases b1. */
  public int b1() {
    return g2() + 2 * outputs;
  }

  /** Offset of the head biases b2. */
  public int b2() {
    return b1() + hidden;
  }
}
