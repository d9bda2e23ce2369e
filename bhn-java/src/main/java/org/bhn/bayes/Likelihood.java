package org.bhn.bayes;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.bhn.backend.Backend;
import org.bhn.tape.BayesOps;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.Tensor;
import org.bhn.uncertainty.StudentTDistribution;

/** p(y | network output): what the last layer's numbers mean. */
public sealed interface Likelihood {
  /** Width of a target: 1 for class labels. */
  int targets();

  /** Network outputs it needs. */
  default int outputs() {
    return targets();
  }

  /** Number of classes, or 0 if targets are real. */
  default int classes() {
    return 0;
  }

  /** Whether targets are quantities, so that another unit is another density of the same data. */
  default boolean hasUnits() {
    return false;
  }

  /** What a target is on average where the network's output for it is this. */
  default double inverseLink(double output) {
    return output;
  }

  /**
   * How targets scatter around what a draw of the weights predicts; empty for classes and coins.
   */
  default Optional<TargetDistribution> distribution() {
    return Optional.empty();
  }

  /** Makes it ready for a backend, with what it learns. */
  Term build(Backend backend);

  /** As a map of plain values, for the card of a saved model. */
  Map<String, Object> toMap();

  /** Class labels by softmax. */
  static Likelihood categorical(int classes) {
    return new Categorical(classes);
  }

  /** Real targets with known noise. */
  static Likelihood gaussian(int targets, double noiseStd) {
    return new Gaussian(targets, noiseStd, false);
  }

  /**
   * Real targets; one noise level σ for each target is learned, starting at the given one. A step
   * moves log σ by about 2.5 learning rates at most: a level far from the start takes its time.
   */
  static Likelihood gaussianLearned(int targets, double initialStd) {
    return new Gaussian(targets, initialStd, true);
  }

  /**
   * Real targets with outliers: noise of Student's t distribution, whose tails a gross error does
   * not surprise, so that it does not pull the mean (Lange, Little and Taylor, "Robust statistical
   * modeling using the t distribution", JASA 84 (1989), 881–896). One scale σ for each target is
   * learned, from 1 on, which suits standardised targets: {@link #studentTLearned} starts
   * elsewhere.
   *
   * @param targets O
   * @param degreesOfFreedom ν in [0.01, 10⁶], the same for all targets: 3 to 10 resist outliers, 1
   *     is the Cauchy distribution, large ones are nearly a Gaussian. The network's output is the
   *     distribution's median, which is its mean if ν &gt; 1; it has a variance, σ² ν/(ν − 2), if ν
   *     &gt; 2.
   */
  static Likelihood studentT(int targets, double degreesOfFreedom) {
    return studentTLearned(targets, degreesOfFreedom, 1);
  }

  /** As {@link #studentT(int, double)}, of known scale. */
  static Likelihood studentT(int targets, double degreesOfFreedom, double scale) {
    return new StudentT(targets, degreesOfFreedom, scale, false);
  }

  /**
   * As {@link #studentT(int, double)}, starting at the given scale, from where learning is as slow
   * as that of {@link #gaussianLearned}.
   */
  static Likelihood studentTLearned(int targets, double degreesOfFreedom, double initialScale) {
    return new StudentT(targets, degreesOfFreedom, initialScale, true);
  }

  /** Real targets; the network gives mean and log-variance of each. */
  static Likelihood heteroscedastic(int targets) {
    return new Heteroscedastic(targets);
  }

  /** Targets 0 and 1, or probabilities, by logistic regression. */
  static Likelihood bernoulli(int targets) {
    return new Bernoulli(targets);
  }

  /** Counts: targets 0, 1, 2, ...; the network gives the log of each one's rate. */
  static Likelihood poisson(int targets) {
    return new Poisson(targets);
  }

  /** A likelihood on a backend. */
  interface Term extends AutoCloseable {
    /** {@code [S·B]} log-likelihoods in nats of targets {@code [B, ·]} or labels {@code [B]}. */
    Var logLik(Tape tape, Var outputs, Tensor targets, int samples);

    /** What is trained. */
    List<Param> params();

    /** {@code [S·B, O]} predicted means (or logits, or log rates). */
    Tensor mean(Tensor outputs);

    /**
     * Log σ² of the noise of the rows {@code [S·B, O]}, or shared {@code [O]}; null if the noise
     * has no scale of its own. It is a log-variance if the targets are Gaussian.
     *
     * @param backend of the calling thread
     */
    double[] logVariance(Backend backend, Tensor outputs);

    @Override
    void close();
  }

  /**
   * Softmax.
   *
   * @param classes C
   */
  record Categorical(int classes) implements Likelihood {
    /** Checks the range. */
    public Categorical {
      if (classes < 2 || classes > 1 << 20) {
        throw new IllegalArgumentException("classes = " + classes + " must be in [2, 2^20]");
      }
    }

    @Override
    public int targets() {
      return 1;
    }

    @Override
    public int outputs() {
      return classes;
    }

    @Override
    public Term build(Backend backend) {
      return new PlainTerm((outputs, targets) -> BayesOps.categorical(outputs, targets));
    }

    @Override
    public Map<String, Object> toMap() {
      return map("categorical", classes);
    }
  }

  /**
   * One noise level for each target.
   *
   * @param targets O
   * @param std its standard deviation, or where learning starts
   * @param learned whether it is learned
   */
  record Gaussian(int targets, double std, boolean learned) implements Likelihood {
    /** Checks the ranges. */
    public Gaussian {
      checkTargets(targets);
      checkNoise("noise std", std);
    }

    @Override
    public boolean hasUnits() {
      return true;
    }

    @Override
    public Optional<TargetDistribution> distribution() {
      return Optional.of(TargetDistribution.GAUSSIAN);
    }

    @Override
    public Term build(Backend backend) {
      return new NoiseTerm(backend, targets, std, learned, BayesOps::gaussian);
    }

    @Override
    public Map<String, Object> toMap() {
      Map<String, Object> map = map(learned ? "gaussian_learned" : "gaussian", targets);
      map.put("std", std);
      return map;
    }
  }

  /**
   * Independent errors of a Student-t distribution, log p(y) = log Γ((ν + 1)/2) − log Γ(ν/2) − ½
   * log(νπ) − log σ − (ν + 1)/2 log(1 + ((y − x)/σ)²/ν), x the network's output.
   *
   * @param targets O
   * @param degreesOfFreedom ν
   * @param scale σ, or where learning starts
   * @param learned whether it is learned
   */
  record StudentT(int targets, double degreesOfFreedom, double scale, boolean learned)
      implements Likelihood {
    /** Checks the ranges. */
    public StudentT {
      checkTargets(targets);
      StudentTDistribution.check("degreesOfFreedom", degreesOfFreedom);
      checkNoise("noise scale", scale);
    }

    /** The noise's variance in units of σ²: infinite or none up to 2 degrees of freedom. */
    public OptionalDouble relativeVariance() {
      return degreesOfFreedom > 2
          ? OptionalDouble.of(degreesOfFreedom / (degreesOfFreedom - 2))
          : OptionalDouble.empty();
    }

    @Override
    public boolean hasUnits() {
      return true;
    }

    @Override
    public Optional<TargetDistribution> distribution() {
      return Optional.of(new StudentTargets(degreesOfFreedom));
    }

    @Override
    public Term build(Backend backend) {
      return new NoiseTerm(
          backend,
          targets,
          scale,
          learned,
          (outputs, logVar, y, samples, mode) ->
              BayesOps.studentT(outputs, logVar, y, samples, mode, degreesOfFreedom));
    }

    @Override
    public Map<String, Object> toMap() {
      Map<String, Object> map = map(learned ? "student_t_learned" : "student_t", targets);
      map.put("degrees_of_freedom", degreesOfFreedom);
      map.put("scale", scale);
      return map;
    }
  }

  /**
   * Mean and log-variance from the network.
   *
   * @param targets O
   */
  record Heteroscedastic(int targets) implements Likelihood {
    /** Checks the range. */
    public Heteroscedastic {
      checkTargets(targets);
    }

    @Override
    public int outputs() {
      return 2 * targets;
    }

    @Override
    public boolean hasUnits() {
      return true;
    }

    @Override
    public Optional<TargetDistribution> distribution() {
      return Optional.of(TargetDistribution.GAUSSIAN);
    }

    @Override
    public Term build(Backend backend) {
      return new HeteroscedasticTerm(targets);
    }

    @Override
    public Map<String, Object> toMap() {
      return map("heteroscedastic", targets);
    }
  }

  /**
   * Independent coins.
   *
   * @param targets O
   */
  record Bernoulli(int targets) implements Likelihood {
    /** Checks the range. */
    public Bernoulli {
      checkTargets(targets);
    }

    @Override
    public double inverseLink(double output) {
      return 1 / (1 + Math.exp(-output));
    }

    @Override
    public Term build(Backend backend) {
      return new PlainTerm((outputs, y) -> BayesOps.bernoulli(outputs, y));
    }

    @Override
    public Map<String, Object> toMap() {
      return map("bernoulli", targets);
    }
  }

  /**
   * Independent counts: log p(y) = y x − exp(x) − log y!, x the network's output.
   *
   * @param targets O
   */
  record Poisson(int targets) implements Likelihood {
    /** Checks the range. */
    public Poisson {
      checkTargets(targets);
    }

    @Override
    public double inverseLink(double output) {
      return Math.exp(output);
    }

    @Override
    public Optional<TargetDistribution> distribution() {
      return Optional.of(TargetDistribution.POISSON);
    }

    @Override
    public Term build(Backend backend) {
      return new PlainTerm((outputs, y) -> BayesOps.poisson(outputs, y));
    }

    @Override
    public Map<String, Object> toMap() {
      return map("poisson", targets);
    }
  }

  private static void checkTargets(int targets) {
    if (targets < 1 || targets > 1 << 20) {
      throw new IllegalArgumentException("targets = " + targets + " must be in [1, 2^20]");
    }
  }

  private static void checkNoise(String name, double value) {
    if (!(value > 1e-12 && value < 1e12)) {
      throw new IllegalArgumentException(name + " = " + value + " must be in (1e-12, 1e12)");
    }
  }

  private static Map<String, Object> map(String kind, int size) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("kind", kind);
    map.put("size", (long) size);
    return map;
  }
}
