package org.bhn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.bayes.Likelihood;
import org.bhn.bayes.Prior;
import org.bhn.bayes.Priors;
import org.bhn.flow.Flows;
import org.bhn.nn.Network;
import org.bhn.posterior.Posterior;

/** What model to build. Each method sets one thing and returns this. */
public final class BhnBuilder {
  private final int inputs;
  private Likelihood likelihood;
  private int[] hidden = {};
  private Activation activation = Activation.RELU;
  private boolean bias = true;
  private Posterior posterior = Posterior.weightNorm(Flows.iaf(4));
  private Prior prior = Priors.normal(1);
  private long seed;

  BhnBuilder(int inputs, Likelihood likelihood) {
    if (inputs < 1) {
      throw new IllegalArgumentException("inputs = " + inputs + " must be at least 1");
    }
    this.inputs = inputs;
    this.likelihood = likelihood;
  }

  /** Units of the hidden layers (none: a linear model). */
  public BhnBuilder hidden(int... units) {
    if (units == null) {
      throw new IllegalArgumentException("hidden is null: pass the widths, or nothing");
    }
    for (int u : units) {
      if (u < 1) {
        throw new IllegalArgumentException("hidden width " + u + " must be at least 1");
      }
    }
    this.hidden = units.clone();
    return this;
  }

  /** Nonlinearity of the hidden layers (ReLU). */
  public BhnBuilder activation(Activation function) {
    if (function == null) {
      throw new IllegalArgumentException("activation is null: use Activation.RELU");
    }
    this.activation = function;
    return this;
  }

  /** Whether units have biases (yes). */
  public BhnBuilder bias(boolean on) {
    this.bias = on;
    return this;
  }

  /** What to believe about the weights ({@code weightNorm(iaf(4))}). */
  public BhnBuilder posterior(Posterior belief) {
    if (belief == null) {
      throw new IllegalArgumentException(
          "posterior is null: use for example Posterior.weightNorm(Flows.iaf(8))");
    }
    this.posterior = belief;
    return this;
  }

  /** Prior over the random weights (N(0, 1)). */
  public BhnBuilder prior(Prior density) {
    if (density == null) {
      throw new IllegalArgumentException("prior is null: use Priors.normal(1)");
    }
    this.prior = density;
    return this;
  }

  /** How outputs explain targets; set by the factory method. */
  public BhnBuilder likelihood(Likelihood how) {
    if (how == null) {
      throw new IllegalArgumentException("likelihood is null: use Likelihood.categorical(classes)");
    }
    this.likelihood = how;
    return this;
  }

  /** Key of all random numbers: initial values, masks, noise, minibatches (0). */
  public BhnBuilder seed(long key) {
    this.seed = key;
    return this;
  }

  /** Builds the model on a backend, which must outlive it. */
  public Bhn build(Backend backend) {
    if (backend == null) {
      throw new IllegalArgumentException("backend is null: use Backends.best()");
    }
    Network network = Network.mlp(inputs, hidden, likelihood.outputs(), activation, bias);
    return new Bhn(
        toMap(), new BayesianNetwork(backend, network, posterior, prior, likelihood, seed));
  }

  /** As a map of plain values: the card of a saved model. */
  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("inputs", (long) inputs);
    List<Object> widths = new ArrayList<>();
    for (int u : hidden) {
      widths.add((long) u);
    }
    map.put("hidden", widths);
    map.put("activation", activation.name().toLowerCase(Locale.ROOT));
    map.put("bias", bias);
    map.put("likelihood", likelihood.toMap());
    map.put("posterior", posterior.toMap());
    map.put("prior", prior.toMap());
    map.put("seed", seed);
    return map;
  }
}
