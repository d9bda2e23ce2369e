package org.bhn.backend;

/**
 * What makes two convolutions the same to a library that prepares them.
 *
 * @param images how many
 * @param add whether the result is added to what is there
 */
record ConvolutionKey(Kind kind, Convolution shape, int images, boolean add, Precision precision) {
  /** Convolutions that a backend stays prepared for. */
  static final int KEPT = 64;

  /** Which of x, w and y is computed from the other two. */
  enum Kind {
    /** y = x * w. */
    OUTPUTS,
    /** The gradient by x. */
    INPUTS,
    /** The gradient by w. */
    WEIGHTS
  }

  /** For messages: what is computed, and all sizes. */
  @Override
  public String toString() {
    String what =
        switch (kind) {
          case OUTPUTS -> "convolution";
          case INPUTS -> "gradient by inputs";
          case WEIGHTS -> "gradient by weights";
        };
    return what + " of " + images + " images, " + shape + ", " + precision;
  }
}
