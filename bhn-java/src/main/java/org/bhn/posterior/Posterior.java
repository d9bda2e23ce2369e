package org.bhn.posterior;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bhn.backend.Backend;
import org.bhn.flow.FlowSpec;
import org.bhn.flow.Flows;
import org.bhn.nn.Network;
import org.bhn.tape.Start;

/** What to believe about the weights; one argument swaps it. */
public sealed interface Posterior {
  /**
   * Default standard deviation of the gains at the start. The paper starts almost at a point, e⁻⁷ +
   * δ; from there Adam needs thousands of steps to reach the width that the ELBO wants, because the
   * log of the scale moves by at most a learning rate a step. The noise of so wide a start keeps a
   * deep regression, or one of few data, from fitting at first: there {@link
   * FlowSpec#initialStd(double) initialStd(0.1)} or {@code Fit.klWarmup} save epochs.
   */
  double GAIN_STD = 0.5;

  /** Default standard deviation of the weights of a full posterior at the start. */
  double WEIGHT_STD = 0.05;

  /** Builds it for a network. */
  WeightPosterior build(Backend backend, Network network, Start start);

  /** Builds it for a network, from the random numbers of a seed. */
  default WeightPosterior build(Backend backend, Network network, long seed) {
    return build(backend, network, Start.random(seed));
  }

  /** As a map of plain values, for the card of a saved model. */
  Map<String, Object> toMap();

  /**
   * The scalable Bayesian hypernetwork: directions v/‖v‖ and biases are points, the gains of all
   * units are random, θ_j = g_j v_j/‖v_j‖ with g = h(ε) (Krueger et al. 2017, §3.3). Prior and ELBO
   * are those of the gains, given the points.
   */
  static Posterior weightNorm(FlowSpec flow) {
    return new WeightNorm(flow);
  }

  /** Every weight and bias is random, θ = h(ε). For small networks. */
  static Posterior full(FlowSpec flow) {
    return new Full(flow, false);
  }

  /** As {@link #full}, starting centred at 0 instead of at a random network. */
  static Posterior fullCentred(FlowSpec flow) {
    return new Full(flow, true);
  }

  /** Every weight and bias is an independent Gaussian (Blundell et al. 2015). */
  static Posterior meanField() {
    return new Full(Flows.affine(), false);
  }

  /**
   * Monte-Carlo dropout on hidden layers (Gal and Ghahramani 2016), without their weight decay: the
   * likelihood alone is trained.
   */
  static Posterior dropout(double rate) {
    return new Dropout(rate);
  }

  /** One set of weights: maximum likelihood. */
  static Posterior point() {
    return new Point();
  }

  /**
   * Random gains.
   *
   * @param flow over all units
   */
  record WeightNorm(FlowSpec flow) implements Posterior {
    /** Checks for null. */
    public WeightNorm {
      required(flow);
    }

    @Override
    public WeightPosterior build(Backend backend, Network network, Start start) {
      return new WeightNormPosterior(backend, network, flow, start);
    }

    @Override
    public Map<String, Object> toMap() {
      return map("weight_norm", "flow", flow.toMap());
    }
  }

  /**
   * Random weights and biases.
   *
   * @param flow over all weights and biases
   * @param centred whether the mean starts at 0 instead of at a random network
   */
  record Full(FlowSpec flow, boolean centred) implements Posterior {
    /** Checks for null. */
    public Full {
      required(flow);
    }

    @Override
    public WeightPosterior build(Backend backend, Network network, Start start) {
      return new FullPosterior(backend, network, flow, centred, start);
    }

    @Override
    public Map<String, Object> toMap() {
      Map<String, Object> map = map("full", "flow", flow.toMap());
      map.put("centred", centred);
      return map;
    }
  }

  /**
   * Dropped hidden units.
   *
   * @param rate probability of dropping a unit
   */
  record Dropout(double rate) implements Posterior {
    /** Checks the range. */
    public Dropout {
      if (!(rate >= 0 && rate < 1)) {
        throw new IllegalArgumentException("dropout rate = " + rate + " must be in [0, 1)");
      }
    }

    @Override
    public WeightPosterior build(Backend backend, Network network, Start start) {
      return new PointPosterior(backend, network, rate, start);
    }

    @Override
    public Map<String, Object> toMap() {
      return map("dropout", "rate", rate);
    }
  }

  /** No uncertainty. */
  record Point() implements Posterior {
    @Override
    public WeightPosterior build(Backend backend, Network network, Start start) {
      return new PointPosterior(backend, network, 0, start);
    }

    @Override
    public Map<String, Object> toMap() {
      return new LinkedHashMap<>(Map.of("kind", "point"));
    }
  }

  private static void required(FlowSpec flow) {
    if (flow == null) {
      throw new IllegalArgumentException("flow is null: pass for example Flows.iaf(8)");
    }
  }

  private static Map<String, Object> map(String kind, String key, Object value) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("kind", kind);
    map.put(key, value);
    return map;
  }
}
