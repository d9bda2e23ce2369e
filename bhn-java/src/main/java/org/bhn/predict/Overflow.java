package org.bhn.predict;

/**
 * Refuses results that are not finite. Inputs are finite, but their products may not be; and a NaN
 * left in the statistics compares as no class better than the first and no entropy above 0: a
 * prediction that looks perfectly sure.
 */
final class Overflow {
  private Overflow() {}

  /**
   * Checks statistics of rows.
   *
   * @param what they are, for the message
   * @param values {@code [N, columns]}
   */
  static void check(String what, float[] values, int columns) {
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw at(i / columns, what, values[i]);
      }
    }
  }

  /** As {@link #check(String, float[], int)}. */
  static void check(String what, double[] values, int columns) {
    for (int i = 0; i < values.length; i++) {
      if (!Double.isFinite(values[i])) {
        throw at(i / columns, what, values[i]);
      }
    }
  }

  static IllegalArgumentException at(int row, String what, double value) {
    return new IllegalArgumentException(
        ("inputs[row %d] gives %s as %s: numbers overflow in the network; scale the inputs as those"
                + " of the training, to about 1, and if inputs of that size fail too, train anew")
            .formatted(row, value, what));
  }
}
