package org.bhn.flow;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.bhn.backend.Backend;
import org.bhn.tape.Start;

/**
 * What flow to build: an affine flow followed by {@code steps} steps of one kind. Immutable; each
 * method returns a changed copy.
 *
 * @param kind of the steps after the affine flow
 * @param steps how many
 * @param hidden hidden units of each conditioner
 * @param weightNorm whether conditioners are weight-normalised
 * @param shuffle for couplings: random permutations between steps instead of alternating halves
 * @param initialStd initial standard deviation of the affine flow; NaN: the posterior chooses
 * @param delta added to every scale; a floor on it
 * @param rowStd initial standard deviation of weight-normalised conditioner rows
 * @param gainStd initial standard deviation of conditioner gains: how near the identity it starts
 */
public record FlowSpec(
    Kind kind,
    int steps,
    int hidden,
    boolean weightNorm,
    boolean shuffle,
    double initialStd,
    double delta,
    double rowStd,
    double gainStd) {

  /** Families of flow steps. */
  public enum Kind {
    /** Only the affine flow. */
    AFFINE,
    /** RealNVP couplings. */
    COUPLING,
    /** Inverse autoregressive steps. */
    IAF
  }

  /** Checks the ranges. */
  public FlowSpec {
    if (kind == null) {
      throw new IllegalArgumentException("kind is null: use Flows.iaf, coupling or affine");
    }
    if (steps < 0 || steps > 1024) {
      throw new IllegalArgumentException("steps = " + steps + " must be in [0, 1024]");
    }
    if (hidden < 1 || hidden > 1 << 16) {
      throw new IllegalArgumentException("hidden = " + hidden + " must be in [1, 65536]");
    }
    if (!(delta >= 0 && delta < 1)) {
      throw new IllegalArgumentException("delta = " + delta + " must be in [0, 1)");
    }
    if (!Double.isNaN(initialStd) && !(initialStd > delta && initialStd < 1e6)) {
      throw new IllegalArgumentException(
          "initialStd = " + initialStd + " must be above delta = " + delta);
    }
    if (!(rowStd > 0) || !(gainStd >= 0)) {
      throw new IllegalArgumentException(
          "rowStd = " + rowStd + " must be positive and gainStd = " + gainStd + " not negative");
    }
  }

  /** The same with so many hidden units in each conditioner. */
  public FlowSpec hidden(int units) {
    return new FlowSpec(
        kind, steps, units, weightNorm, shuffle, initialStd, delta, rowStd, gainStd);
  }

  /** The same with conditioners weight-normalised or not. */
  public FlowSpec weightNorm(boolean on) {
    return new FlowSpec(kind, steps, hidden, on, shuffle, initialStd, delta, rowStd, gainStd);
  }

  /** The same with random permutations between couplings. */
  public FlowSpec shuffle(boolean on) {
    return new FlowSpec(kind, steps, hidden, weightNorm, on, initialStd, delta, rowStd, gainStd);
  }

  /** The same starting at this standard deviation. */
  public FlowSpec initialStd(double std) {
    return new FlowSpec(kind, steps, hidden, weightNorm, shuffle, std, delta, rowStd, gainStd);
  }

  /** The same with this floor under every scale. */
  public FlowSpec delta(double floor) {
    return new FlowSpec(
        kind, steps, hidden, weightNorm, shuffle, initialStd, floor, rowStd, gainStd);
  }

  /** The same with these initial scales of conditioner rows and gains. */
  public FlowSpec conditionerInit(double rows, double gains) {
    return new FlowSpec(kind, steps, hidden, weightNorm, shuffle, initialStd, delta, rows, gains);
  }

  /**
   * Builds the flow.
   *
   * @param name prefix of its parameters' names
   * @param dim D; with one dimension only the affine flow is built, for the others need two
   * @param defaultStd initial standard deviation where the spec leaves it open
   * @param seed of the orders, degrees, permutations and initial values
   */
  public FlowStack build(Backend backend, String name, int dim, double defaultStd, long seed) {
    return build(backend, name, dim, defaultStd, Start.random(seed));
  }

  /** As {@link #build(Backend, String, int, double, long)}, from any start. */
  public FlowStack build(Backend backend, String name, int dim, double defaultStd, Start start) {
    List<Flow> flows = new ArrayList<>();
    SplittableRandom random = start.numbers();
    double std = Double.isNaN(initialStd) ? defaultStd : initialStd;
    AffineFlow first = new AffineFlow(backend, name + ".affine", dim, std, delta);
    flows.add(first);
    int count = kind == Kind.AFFINE || dim < 2 ? 0 : steps;
    for (int i = 0; i < count; i++) {
      String step = name + "." + i;
      SplittableRandom own = random == null ? null : random.split();
      if (kind == Kind.IAF) {
        flows.add(new IafFlow(backend, step, dim, this, own));
      } else {
        if (shuffle && i > 0) {
          flows.add(new PermutationFlow(backend, step, dim, own));
        }
        flows.add(new CouplingFlow(backend, step, dim, shuffle || i % 2 == 0, this, own));
      }
    }
    return new FlowStack(first, flows);
  }

  /** As a map of plain values, for the card of a saved model. */
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("kind", kind.name().toLowerCase(Locale.ROOT));
    map.put("steps", (long) steps);
    map.put("hidden", (long) hidden);
    map.put("weight_norm", weightNorm);
    map.put("shuffle", shuffle);
    if (!Double.isNaN(initialStd)) {
      map.put("initial_std", initialStd);
    }
    map.put("delta", delta);
    map.put("row_std", rowStd);
    map.put("gain_std", gainStd);
    return map;
  }
}
