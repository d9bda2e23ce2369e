package org.bhn.bayes;

import java.util.ArrayList;
import java.util.List;
import org.bhn.backend.Backend;
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
    this(backend, network, posterior, prior, likelihood, seed, Start.random(seed));
  }

  /** As the other, with parameters from any start. */
  public BayesianNetwork(
      Backend backend,
      Network network,
      Posterior posterior,
      Prior prior,
      Likelihood likelihood,
      long seed,
      Start start) {
    if (network.outputs() != likelihood.outputs()) {
      throw new IllegalArgumentException(
          "the likelihood needs "
              + likelihood.outputs()
              + " network outputs but the network has "
              + network.outputs());
    }
    this.backend = backend;
    this.network = network;
    this.prior = prior;
    this.likelihood = likelihood;
    this.seed = seed;
    this.posterior = posterior.build(backend, network, start);
    this.term = likelihood.build(backend);
    this.noiseCounter = backend.allocate(DType.INT64, 1);
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
   * @param x {@code [B, inputs]}
   * @param targets labels {@code [B]} or targets {@code [B, O]}
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
