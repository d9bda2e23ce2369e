package org.bhn.flow;

/** The flows to choose from. */
public final class Flows {
  /** Added to every scale (Krueger et al. 2017). */
  public static final double DELTA = 1e-3;

  private static final int HIDDEN = 200;
  private static final double ROW_STD = 1e-2;
  private static final double GAIN_STD = 1e-4;

  private Flows() {}

  /** A diagonal Gaussian. */
  public static FlowSpec affine() {
    return spec(FlowSpec.Kind.AFFINE, 0);
  }

  /** An affine flow, then RealNVP couplings of alternating halves. */
  public static FlowSpec coupling(int steps) {
    return spec(FlowSpec.Kind.COUPLING, steps);
  }

  /** An affine flow, then inverse autoregressive steps, each with its own order. */
  public static FlowSpec iaf(int steps) {
    return spec(FlowSpec.Kind.IAF, steps);
  }

  private static FlowSpec spec(FlowSpec.Kind kind, int steps) {
    return new FlowSpec(kind, steps, HIDDEN, true, false, Double.NaN, DELTA, ROW_STD, GAIN_STD);
  }
}
