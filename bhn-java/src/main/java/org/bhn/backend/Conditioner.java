package org.bhn.backend;

import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * Sizes of a flow's conditioner, one hidden ReLU layer and two linear heads, and which inputs each
 * of its R = H + 2·O rows sees: rows 0 … H − 1 are hidden units and see z {@code [I]}; then come
 * the shift rows and the log-scale rows, which see the hidden units.
 *
 * <p>Row i sees the first {@code rowStart[i + 1] − rowStart[i]} entries, never fewer than the row
 * of its kind before it. So a net that is autoregressive in the order of its inputs (MADE, Germain
 * et al. 2015) needs no mask and stores only the weights that live.
 *
 * <p>Its parameters are one block of {@link #parameterCount()} reals: U {@code [weights]}, row
 * after row, the gains g {@code [R]}, the biases b {@code [R]}.
 *
 * @param inputs I
 * @param hidden H
 * @param outputs O
 * @param weights entries of U
 * @param rowStart INT32 {@code [R + 1]}: where each row lies in U; null: every row sees everything
 * @param weightNorm whether each row is normalised and scaled by its gain
 */
public record Conditioner(
    int inputs, int hidden, int outputs, int weights, Tensor rowStart, boolean weightNorm) {

  /** Checks the sizes. */
  public Conditioner {
    if (inputs < 1 || hidden < 1 || outputs < 1) {
      throw new IllegalArgumentException(
          "a conditioner needs inputs, hidden units and outputs; got "
              + sizes(inputs, hidden, outputs));
    }
    double all = dense(inputs, hidden, outputs);
    double most = all + 2.0 * (hidden + 2.0 * outputs);
    if (most > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a conditioner with "
              + sizes(inputs, hidden, outputs)
              + " has more than 2^31 - 1 parameters; use fewer hidden units, or weightNorm instead"
              + " of full");
    }
    if (weights < 0 || weights > all || (rowStart == null && weights != all)) {
      throw new IllegalArgumentException(
          "weights = "
              + weights
              + (rowStart == null ? " must be " : " must be at most ")
              + (long) all
              + " with "
              + sizes(inputs, hidden, outputs));
    }
  }

  private static String sizes(int inputs, int hidden, int outputs) {
    return "inputs = " + inputs + ", hidden = " + hidden + ", outputs = " + outputs;
  }

  private static double dense(double inputs, double hidden, double outputs) {
    return hidden * inputs + 2 * outputs * hidden;
  }

  /** A net whose rows see everything: a coupling's conditioner. */
  public static Conditioner dense(int inputs, int hidden, int outputs, boolean weightNorm) {
    double weights = dense(inputs, hidden, outputs);
    return new Conditioner(
        inputs, hidden, outputs, (int) Math.min(weights, Integer.MAX_VALUE), null, weightNorm);
  }

  /**
   * A net of as many outputs as inputs whose output j sees inputs 0 … j − 1. The degrees of the
   * hidden units are spread evenly over 1 … dim − 1.
   *
   * @param backend holds the row starts, which the caller releases
   * @param dim I and O, at least 2
   */
  public static Conditioner autoregressive(
      Backend backend, int dim, int hidden, boolean weightNorm) {
    if (dim < 2 || hidden < 1) {
      throw new IllegalArgumentException(
          "an autoregressive net needs dim of 2 or more and hidden units; got dim = "
              + dim
              + ", hidden = "
              + hidden);
    }
    dense(dim, hidden, dim, weightNorm); // refuses what is too large
    int[] start = new int[hidden + 2 * dim + 1];
    int row = 0;
    for (int h = 0; h < hidden; h++) {
      int degree = 1 + (int) ((long) h * (dim - 1) / hidden);
      start[row + 1] = start[row] + degree;
      row++;
    }
    for (int j = 0; j < 2 * dim; j++) {
      // Hidden unit h has a degree of at most j: h (dim − 1) / hidden < j.
      long output = j % dim;
      int sees = (int) Math.min(hidden, (output * hidden + dim - 2) / (dim - 1));
      start[row + 1] = start[row] + sees;
      row++;
    }
    Tensor rowStart = backend.allocate(DType.INT32, start.length);
    backend.upload(rowStart, start);
    return new Conditioner(dim, hidden, dim, start[row], rowStart, weightNorm);
  }

  /** R = H + 2·O. */
  public int rows() {
    return hidden + 2 * outputs;
  }

  /** Number of reals in the parameter block. */
  public int parameterCount() {
    return weights + 2 * rows();
  }

  /** Offset of the gains. */
  public int gains() {
    return weights;
  }

  /** Offset of the biases. */
  public int biases() {
    return weights + rows();
  }

  /** Reals of the factored gradient that {@link Backend#madeBackward} writes for S samples. */
  public int factorCount(int samples) {
    return Math.multiplyExact(samples + 4, rows());
  }
}
