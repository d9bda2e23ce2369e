package org.bhn.bayes;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.bhn.backend.PriorKind;
import org.bhn.tape.BayesOps;
import org.bhn.tape.Var;

/**
 * A prior density, independent over the random weights (the gains of a weight-norm posterior, all
 * weights and biases of a full one).
 *
 * @param kind its family
 * @param p0 see {@link PriorKind}
 * @param p1 see {@link PriorKind}
 * @param p2 see {@link PriorKind}
 */
public record Prior(PriorKind kind, double p0, double p1, double p2) {
  /** Checks the ranges. */
  public Prior {
    if (kind == null) {
      throw new IllegalArgumentException("kind is null: use Priors.normal, laplace or mixture");
    }
    String scale = kind == PriorKind.LAPLACE ? "b" : kind == PriorKind.NORMAL ? "std" : "std1";
    requireScale(scale, p1);
    if (kind == PriorKind.MIXTURE) {
      requireScale("std2", p2);
    }
    boolean location = kind == PriorKind.MIXTURE ? p0 > 0 && p0 < 1 : Math.abs(p0) < 1e15;
    if (!location) {
      throw new IllegalArgumentException(
          (kind == PriorKind.MIXTURE ? "mixture weight = " : "prior mean = ")
              + p0
              + (kind == PriorKind.MIXTURE ? " must be in (0, 1)" : " must be finite"));
    }
  }

  private static void requireScale(String name, double value) {
    if (!(value > 0 && value < 1e15)) {
      throw new IllegalArgumentException(
          "prior " + name + " = " + value + " must be positive, and less than 1e15");
    }
  }

  /** {@code [S]} log-densities of weights {@code [S, D]}, in nats. */
  public Var logDensity(Var weights) {
    return BayesOps.prior(weights, kind, p0, p1, p2);
  }

  /** A weight drawn from it. */
  public double draw(RandomGenerator random) {
    return switch (kind) {
      case NORMAL -> p0 + p1 * random.nextGaussian();
      case LAPLACE -> p0 + p1 * (random.nextExponential() - random.nextExponential());
      case MIXTURE -> (random.nextDouble() < p0 ? p1 : p2) * random.nextGaussian();
    };
  }

  /** As a map of plain values, for the card of a saved model. */
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("kind", kind.name().toLowerCase(Locale.ROOT));
    map.put("p0", p0);
    map.put("p1", p1);
    map.put("p2", p2);
    return map;
  }
}
