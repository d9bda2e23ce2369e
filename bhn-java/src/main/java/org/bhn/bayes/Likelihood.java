package org.bhn.bayes;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bhn.backend.Backend;
import org.bhn.backend.LogVariance;
import org.bhn.tape.BayesOps;
import org.bhn.tape.Ops;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** p(y | network output): what the last layer's numbers mean. */
public sealed interface Likelihood {
  /** Width of a target: 1 for class labels. */
  int targets();

  /** Network outputs it needs. */
  int outputs();

  /** Number of classes, or 0 if targets are real. */
  int classes();

  /** Whether targets are quantities, so that another unit is another density of the same data. */
  default boolean hasUnits() {
    return false;
  }

  /** What a target is on average where the network's output for it is this. */
  default double inverseLink(double output) {
    return output;
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
     * Log-variance of the noise of the rows {@code [S·B, O]}, or shared {@code [O]}; null if the
     * targets are not Gaussian.
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
      return new Plain((outputs, targets) -> BayesOps.categorical(outputs, targets));
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
      if (!(std > 1e-12 && std < 1e12)) {
        throw new IllegalArgumentException("noise std = " + std + " must be in (1e-12, 1e12)");
      }
    }

    @Override
    public int outputs() {
      return targets;
    }

    @Override
    public int classes() {
      return 0;
    }

    @Override
    public boolean hasUnits() {
      return true;
    }

    @Override
    public Term build(Backend backend) {
      return new GaussianTerm(backend, this);
    }

    @Override
    public Map<String, Object> toMap() {
      Map<String, Object> map = map(learned ? "gaussian_learned" : "gaussian", targets);
      map.put("std", std);
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
    public int classes() {
      return 0;
    }

    @Override
    public boolean hasUnits() {
      return true;
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
    public int outputs() {
      return targets;
    }

    @Override
    public int classes() {
      return 0;
    }

    @Override
    public double inverseLink(double output) {
      return 1 / (1 + Math.exp(-output));
    }

    @Override
    public Term build(Backend backend) {
      return new Plain((outputs, y) -> BayesOps.bernoulli(outputs, y));
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
    public int outputs() {
      return targets;
    }

    @Override
    public int classes() {
      return 0;
    }

    @Override
    public double inverseLink(double output) {
      return Math.exp(output);
    }

    @Override
    public Term build(Backend backend) {
      return new Plain((outputs, y) -> BayesOps.poisson(outputs, y));
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

  private static Map<String, Object> map(String kind, int size) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("kind", kind);
    map.put("size", (long) size);
    return map;
  }
}

/** A likelihood with nothing to learn. */
record Plain(Function function) implements Likelihood.Term {
  interface Function {
    Var apply(Var outputs, Tensor targets);
  }

  @Override
  public Var logLik(Tape tape, Var outputs, Tensor targets, int samples) {
    return function.apply(outputs, targets);
  }

  @Override
  public List<Param> params() {
    return List.of();
  }

  @Override
  public Tensor mean(Tensor outputs) {
    return outputs;
  }

  @Override
  public double[] logVariance(Backend backend, Tensor outputs) {
    return null;
  }

  @Override
  public void close() {}
}

/**
 * Gaussian noise shared by all rows, fixed or learned. What is learned is log σ² / {@link #STEP}:
 * Adam moves every parameter by about the learning rate, and the residuals of a regression shrink
 * faster than log σ² could follow. Another step is another format of files.
 */
final class GaussianTerm implements Likelihood.Term {
  static final double STEP = 5;

  private final Backend backend;
  private final Param learned;
  private final Tensor fixed;

  GaussianTerm(Backend backend, Likelihood.Gaussian spec) {
    this.backend = backend;
    double logVar = 2 * Math.log(spec.std());
    this.learned = spec.learned() ? new Param(backend, "likelihood.noise", spec.targets()) : null;
    this.fixed = spec.learned() ? null : backend.allocate(DType.REAL, spec.targets());
    backend.fill(
        learned == null ? fixed : learned.value(), learned == null ? logVar : logVar / STEP);
  }

  @Override
  public Var logLik(Tape tape, Var outputs, Tensor targets, int samples) {
    Var logVar = learned == null ? tape.constant(fixed) : Ops.scaled(tape.param(learned), STEP);
    return BayesOps.gaussian(outputs, logVar, targets, samples, LogVariance.SHARED);
  }

  @Override
  public List<Param> params() {
    return learned == null ? List.of() : List.of(learned);
  }

  @Override
  public Tensor mean(Tensor outputs) {
    return outputs;
  }

  @Override
  public double[] logVariance(Backend any, Tensor outputs) {
    Tensor held = learned == null ? fixed : learned.value();
    double[] values = new double[held.size()];
    any.download(held, values);
    for (int i = 0; i < values.length; i++) {
      values[i] *= learned == null ? 1 : STEP;
    }
    return values;
  }

  @Override
  public void close() {
    if (learned != null) {
      learned.close();
    } else if (!fixed.isStale()) {
      backend.release(fixed);
    }
  }
}

/** Mean and log-variance side by side in the network's output. */
record HeteroscedasticTerm(int targets) implements Likelihood.Term {
  @Override
  public Var logLik(Tape tape, Var outputs, Tensor target, int samples) {
    return BayesOps.gaussian(
        outputs.columns(0, targets),
        outputs.columns(targets, 2 * targets),
        target,
        samples,
        LogVariance.PER_ROW);
  }

  @Override
  public List<Param> params() {
    return List.of();
  }

  @Override
  public Tensor mean(Tensor outputs) {
    return outputs.columns(0, targets);
  }

  @Override
  public double[] logVariance(Backend backend, Tensor outputs) {
    double[] values = new double[outputs.rows() * targets];
    backend.download(outputs.columns(targets, 2 * targets), values);
    return values;
  }

  @Override
  public void close() {}
}
