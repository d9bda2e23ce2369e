package org.bhn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.backend.Padding;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.bayes.Likelihood;
import org.bhn.bayes.Prior;
import org.bhn.bayes.Priors;
import org.bhn.data.Dataset;
import org.bhn.data.Scaling;
import org.bhn.data.Standardizer;
import org.bhn.flow.Flows;
import org.bhn.nn.Layer;
import org.bhn.nn.Network;
import org.bhn.posterior.Posterior;
import org.bhn.tape.Start;

/** What model to build. Each method sets one thing and returns this. */
public final class BhnBuilder {
  /** Columns whose moments, as text, leave room in a card. */
  private static final int MOST_SCALED = 1 << 17;

  private final int inputs;
  private final ImageLayers images; // null if inputs are plain vectors
  private Likelihood likelihood;
  private int[] hidden = {};
  private Activation activation = Activation.RELU;
  private boolean bias = true;
  private Posterior posterior = Posterior.weightNorm(Flows.iaf(4));
  private Prior prior = Priors.normal(1);
  private Scaling scaling = Scaling.NONE;
  private long seed;

  BhnBuilder(int inputs, Likelihood likelihood) {
    if (inputs < 1) {
      throw new IllegalArgumentException("inputs = " + inputs + " must be at least 1");
    }
    this.inputs = inputs;
    this.images = null;
    this.likelihood = likelihood;
  }

  BhnBuilder(ImageLayers images, Likelihood likelihood) {
    this.inputs = images.input().size();
    this.images = images;
    this.likelihood = likelihood;
  }

  /** A convolution of stride 1 that stays inside the image; see the longer form. */
  public BhnBuilder conv(int channels, int kernel) {
    return conv(channels, kernel, 1, Padding.VALID);
  }

  /**
   * Appends a convolution. Its units, with a gain each in a weight-norm posterior, are its output
   * channels.
   *
   * @param channels of the output
   * @param kernel pixels of the square kernel along each axis
   * @param stride pixels from one place of the kernel to the next
   * @param padding what lies beyond the edge
   * @throws IllegalArgumentException if the kernel does not fit what the layer before gives
   */
  public BhnBuilder conv(int channels, int kernel, int stride, Padding padding) {
    images("conv").conv(channels, kernel, stride, padding);
    return this;
  }

  /** Max-pooling of windows side by side. */
  public BhnBuilder maxPool(int window) {
    return maxPool(window, window);
  }

  /**
   * Appends a max-pooling.
   *
   * @param window pixels of the square window along each axis
   * @param stride pixels from one window to the next
   * @throws IllegalArgumentException if the window does not fit what the layer before gives
   */
  public BhnBuilder maxPool(int window, int stride) {
    images("maxPool").maxPool(window, stride);
    return this;
  }

  private ImageLayers images(String layer) {
    if (images == null) {
      throw new IllegalStateException(
          layer
              + " needs images: build with their shape, Bhn.classifier(new Image(32, 32, 3), 10)");
    }
    if (hidden.length > 0) {
      throw new IllegalStateException(
          layer + " after hidden: convolutions and poolings come first, then the hidden layers");
    }
    return images;
  }

  /** Units of the dense hidden layers (none: the output follows at once). */
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

  /**
   * Prior over the random weights (N(0, 1)): gains of a weight-norm posterior, all weights of a
   * full one. Dropout and point networks have none, and no weight decay in its place.
   */
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

  /**
   * Takes the units of these data: the model then is given data as they are, and standardises them
   * itself. Predictions, intervals and densities are in the units of the targets; gradients by
   * inputs in those of the inputs. Only a noise level in the likelihood is one of standardised
   * targets. Targets that are no quantities, labels and coins, are left alone.
   *
   * @param train usually the data the model will be trained on; saved with it are the moments only
   * @throws IllegalArgumentException without rows
   */
  public BhnBuilder standardise(Dataset train) {
    return scaling(Scaling.of(train));
  }

  /** As {@link #standardise}, by moments known already (none: data come standardised). */
  public BhnBuilder scaling(Scaling units) {
    if (units == null) {
      throw new IllegalArgumentException("scaling is null: use Scaling.of(train)");
    }
    requireStorable(units.inputs());
    requireStorable(units.targets());
    this.scaling = units;
    return this;
  }

  private static void requireStorable(Optional<Standardizer> scaler) {
    if (scaler.isPresent() && scaler.get().columns() > MOST_SCALED) {
      throw new IllegalArgumentException(
          "scaling: %d columns are more than a model's card holds, which is %d; scale such data"
                  .formatted(scaler.get().columns(), MOST_SCALED)
              + " before, and use a model without scaling");
    }
  }

  /** Key of all random numbers: initial values, masks, noise, minibatches (0). */
  public BhnBuilder seed(long key) {
    this.seed = key;
    return this;
  }

  /**
   * Builds the model on a backend, which must outlive it. The model works in a fork of its own, so
   * models on one backend may be used by a thread each.
   */
  public Bhn build(Backend backend) {
    if (backend == null) {
      throw new IllegalArgumentException("backend is null: use Backends.best()");
    }
    return build(backend, Start.random(seed));
  }

  /** As {@link #build(Backend)}, with parameters from any start. */
  Bhn build(Backend backend, Start start) {
    Network network = network();
    Map<String, Object> card = toMap();
    Backend own = backend.fork();
    boolean built = false;
    try {
      BayesianNetwork net =
          new BayesianNetwork(own, network, posterior, prior, likelihood, units(), seed, start);
      built = true;
      return new Bhn(card, net);
    } finally {
      if (!built) { // an Error included: memory that ran out has to be given back
        own.close();
      }
    }
  }

  private Scaling units() {
    return likelihood.hasUnits() ? scaling : scaling.ofInputs();
  }

  /** The network that these settings describe. */
  Network network() {
    List<Layer> layers = new ArrayList<>();
    int width = inputs;
    if (images != null) {
      layers.addAll(images.layers(activation, bias));
      width = images.outputs();
    }
    layers.addAll(Network.dense(width, hidden, likelihood.outputs(), activation, bias));
    return new Network(layers);
  }

  /** As a map of plain values: the card of a saved model. */
  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("inputs", (long) inputs);
    if (images != null) {
      images.toMap(map);
    }
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
    if (!units().equals(Scaling.NONE)) {
      map.put("scaling", units().toMap());
    }
    map.put("seed", seed);
    return map;
  }
}
