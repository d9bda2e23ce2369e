package org.bhn.mcmc;

/**
 * A point in phase space that moves by leapfrog steps (Neal 2011, §2.3): half a step of the
 * momentum, a step of the position, half a step of the momentum. Reversible, keeps volume, and its
 * energy H = −log p(q) + ½ Σ r² σ² strays by O(ε²) over a fixed time. σ² is the diagonal inverse
 * mass, an estimate of the variances.
 */
final class Leapfrog {
  final double[] position;
  final double[] momentum;
  final double[] gradient;
  double logDensity;

  Leapfrog(LogDensity density, double[] start) {
    position = start.clone();
    momentum = new double[start.length];
    gradient = new double[start.length];
    logDensity = density.at(position, gradient);
  }

  private Leapfrog(Leapfrog other) {
    position = other.position.clone();
    momentum = other.momentum.clone();
    gradient = other.gradient.clone();
    logDensity = other.logDensity;
  }

  Leapfrog copy() {
    return new Leapfrog(this);
  }

  /** One step of size ε; a negative one goes back in time. */
  void step(LogDensity density, double epsilon, double[] variance) {
    for (int i = 0; i < position.length; i++) {
      momentum[i] += 0.5 * epsilon * gradient[i];
      position[i] += epsilon * variance[i] * momentum[i];
    }
    logDensity = density.at(position, gradient);
    for (int i = 0; i < position.length; i++) {
      momentum[i] += 0.5 * epsilon * gradient[i];
    }
  }

  /** Minus the energy: the log of the joint density of position and momentum, up to a constant. */
  double logJoint(double[] variance) {
    double kinetic = 0;
    for (int i = 0; i < momentum.length; i++) {
      kinetic += momentum[i] * momentum[i] * variance[i];
    }
    double joint = logDensity - 0.5 * kinetic;
    // NaN and infinite densities are errors of the density, and no place to go to.
    return joint < Double.POSITIVE_INFINITY ? joint : Double.NEGATIVE_INFINITY;
  }
}
