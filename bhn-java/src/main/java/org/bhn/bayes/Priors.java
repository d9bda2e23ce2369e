package org.bhn.bayes;

import org.bhn.backend.PriorKind;

/** The priors to choose from. */
public final class Priors {
  private Priors() {}

  /** N(0, std²). */
  public static Prior normal(double std) {
    return new Prior(PriorKind.NORMAL, 0, std, 0);
  }

  /** N(mean, std²). */
  public static Prior normal(double mean, double std) {
    return new Prior(PriorKind.NORMAL, mean, std, 0);
  }

  /** Laplace with scale b: log p = −log 2b − |w|/b; its variance is 2b². */
  public static Prior laplace(double b) {
    return new Prior(PriorKind.LAPLACE, 0, b, 0);
  }

  /** weight·N(0, std1²) + (1 − weight)·N(0, std2²) (Blundell et al. 2015). */
  public static Prior mixture(double weight, double std1, double std2) {
    return new Prior(PriorKind.MIXTURE, weight, std1, std2);
  }
}
