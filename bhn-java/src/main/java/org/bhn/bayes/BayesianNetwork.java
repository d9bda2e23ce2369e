package org.bhn.bayes;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bhn.backend.Backend;
import org.bhn.data.Scaling;
import org.bhn.data.Standardizer;
import org.bhn.nn.Network;
import org.bhn.posterior.Posterior;
import org.bhn.posterior.WeightPosterior;
import org.bhn.tape.BayesOps;
import org.bhn.tape.Noise;
import org.bhn.tape.Ops;
import org.bhn.tape.Param;
import org.bhn.tape.Start;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** A network, a posterior over its weights, a prior and a likelihood, on one backend. */
public final class BayesianNetwork implements AutoCloseable {
  private final Backend backend;
  private final Network network;
  private final WeightPosterior posterior;
  private final Prior prior;
  private final Likelihood likelihood;
  private final Scaling scaling;
  private final Likelihood.Term term;
  private final Tensor noiseCounter;
  private final long seed;
  private boolean initialised;

  /**
   * Builds posterior and likelihood.
   *
   * @throws IllegalArgumentException if the network's width does not fit the likelihood
   */
  public BayesianNetwork(
      Backend backend,
      Network network,
      Posterior posterior,
      Prior prior,
      Likelihood likelihood,
      long seed) {
    this(backend, network, posterior, prior, likelihood, Scaling.NONE, seed, Start.random(seed));
  }

  /**
   * As the other, with parameters from any start.
   *
   * @param scaling from the units of the data to those of the network
   * @throws IllegalArgumentException if widths do not fit, or targets without units are scaled
   */
  public BayesianNetwork(
      Backend backend,
      Network network,
      Posterior posterior,
      Prior prior,
      Likelihood likelihood,
      Scaling scaling,
      long seed,
      Start start) {
    if (network.outputs() != likelihood.outputs()) {
      throw new IllegalArgumentException(
          "the likelihood needs "
              + likelihood.outputs()
              + " network outputs but the network has "
              + network.outputs());
    }
    requireWidth("inputs", scaling.inputs(), network.inputs());
    requireWidth("targets", scaling.targets(), likelihood.targets());
    if (scaling.targets().isPresent() && !likelihood.hasUnits()) {
      throw new IllegalArgumentException(
          "scaling of the targets, which are no quantities under this likelihood: use ofInputs()");
    }
    this.backend = backend;
    this.network = network;
    this.prior = prior;
    this.likelihood = likelihood;
    this.scaling = scaling;
    this.seed = seed;
    this.posterior = posterior.build(backend, network, start);
    this.term = likelihood.build(backend);
    this.noiseCounter = backend.allocate(DType.INT64, 1);
  }

  private static void requireWidth(String name, Optional<Standardizer> scaler, int width) {
    if (scaler.isPresent() && scaler.get().columns() != width) {
      throw new IllegalArgumentException(
          "scaling: %d columns of %s but the model has %d; measure data of the model's width"
              .formatted(scaler.get().columns(), name, width));
    }
  }

  /** The backend it lives on. */
  public Backend backend() {
    return backend;
  }

  /** The primary network. */
  public Network network() {
    return network;
  }

  /** The posterior. */
  public WeightPosterior posterior() {
    return posterior;
  }

  /** The likelihood's description. */
  public Likelihood likelihood() {
    return likelihood;
  }

  /** From the units of the data to those in which network and likelihood see them. */
  public Scaling scaling() {
    return scaling;
  }

  /** The likelihood on this backend. */
  public Likelihood.Term term() {
    return term;
  }

  /** The prior over the random weights. */
  public Prior prior() {
    return prior;
  }

  /** Key of all random numbers. */
  public long seed() {
    return seed;
  }

  /** Counter of the training noise, INT64 {@code [1]}. */
  public Tensor noiseCounter() {
    return noiseCounter;
  }

  /** Whether data-dependent initialisation has been done, or values were loaded. */
  public boolean isInitialised() {
    return initialised;
  }

  /** Notes that the parameters hold values worth keeping. */
  public void markInitialised() {
    initialised = true;
  }

  /** Everything that is trained. */
  public List<Param> params() {
    List<Param> all = new ArrayList<>(posterior.params());
    all.addAll(term.params());
    return all;
  }

  /**
   * The training loss of a batch and its items, see {@link BayesOps#elbo}.
   *
   * @param x {@code [B, inputs]}, scaled
   * @param targets labels {@code [B]} or scaled targets {@code [B, O]}
   * @param samples S
   * @param examplesPerDraw how many examples share a draw; B or more: all
   * @param klScale β/N, {@code [1]}
   */
  public Var loss(
      Tape tape,
      Noise noise,
      Tensor x,
      Tensor targets,
      int samples,
      int examplesPerDraw,
      Tensor klScale) {
    int sharing = gcd(Math.min(examplesPerDraw, x.rows()), x.rows());
    int draws = Ops.rows(samples, x.rows() / sharing);
    WeightPosterior.Draw draw = posterior.draw(tape, noise, draws);
    Var outputs = posterior.forward(tape, draw, tape.constant(x), samples, 0);
    tape.scope("likelihood");
    Var logLik = term.logLik(tape, outputs, targets, samples);
    tape.scope("prior");
    Var logPrior = draw.weights() == null ? null : prior.logDensity(draw.weights());
    tape.scope("");
    return BayesOps.elbo(logLik, logPrior, draw.logDet(), klScale);
  }

  private static int gcd(int a, int b) {
    return b == 0 ? a : gcd(b, a % b);
  }

  @Override
  public void close() {
    posterior.close();
    term.close();
    if (!noiseCounter.isStale()) {
      backend.release(noiseCounter);
    }
  }
}
