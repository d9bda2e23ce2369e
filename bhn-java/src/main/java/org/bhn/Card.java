package org.bhn;

import java.util.Locale;
import java.util.Optional;
import org.bhn.backend.Activation;
import org.bhn.backend.PriorKind;
import org.bhn.bayes.Likelihood;
import org.bhn.bayes.Prior;
import org.bhn.data.Scaling;
import org.bhn.data.Standardizer;
import org.bhn.flow.FlowSpec;
import org.bhn.io.FormatException;
import org.bhn.io.JsonObject;
import org.bhn.posterior.Posterior;

/** Reads the card of a saved model: the inverse of the {@code toMap} methods. */
final class Card {
  private Card() {}

  /**
   * The model that a card describes.
   *
   * @throws FormatException if something is missing, mistyped, unknown or out of range
   */
  static BhnBuilder builder(JsonObject card, String source) {
    try {
      int[] hidden = new int[card.list("hidden").size()];
      long[] widths = card.integers("hidden");
      for (int i = 0; i < hidden.length; i++) {
        hidden[i] = Math.toIntExact(widths[i]);
      }
      Likelihood likelihood = likelihood(card.object("likelihood"));
      BhnBuilder builder =
          card.has("image")
              ? new BhnBuilder(ImageLayers.of(card), likelihood)
              : new BhnBuilder(card.integer("inputs"), likelihood);
      builder
          .hidden(hidden)
          .activation(Activation.valueOf(upper(card.string("activation"))))
          .bias(card.bool("bias"))
          .posterior(posterior(card.object("posterior")))
          .prior(prior(card.object("prior")))
          .scaling(card.has("scaling") ? scaling(card.object("scaling")) : Scaling.NONE)
          .seed(card.longInteger("seed"));
      builder.network(); // refuses layers that do not fit
      return builder;
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw refused(source, e);
    }
  }

  /** Says that a card describes a model that cannot be. */
  static FormatException refused(String source, RuntimeException e) {
    return new FormatException(
        source,
        "card",
        e.getMessage(),
        "the file was edited or written by another version: save the model again");
  }

  private static Likelihood likelihood(JsonObject map) {
    int size = map.integer("size");
    String kind = map.string("kind");
    return switch (kind) {
      case "categorical" -> Likelihood.categorical(size);
      case "gaussian" -> Likelihood.gaussian(size, map.number("std"));
      case "gaussian_learned" -> Likelihood.gaussianLearned(size, map.number("std"));
      case "student_t" ->
          Likelihood.studentT(size, map.number("degrees_of_freedom"), map.number("scale"));
      case "student_t_learned" ->
          Likelihood.studentTLearned(size, map.number("degrees_of_freedom"), map.number("scale"));
      case "heteroscedastic" -> Likelihood.heteroscedastic(size);
      case "bernoulli" -> Likelihood.bernoulli(size);
      case "poisson" -> Likelihood.poisson(size);
      default -> throw new IllegalArgumentException("unknown likelihood " + kind);
    };
  }

  private static Posterior posterior(JsonObject map) {
    String kind = map.string("kind");
    return switch (kind) {
      case "weight_norm" -> Posterior.weightNorm(flow(map.object("flow")));
      case "full" -> new Posterior.Full(flow(map.object("flow")), map.bool("centred"));
      case "dropout" -> Posterior.dropout(map.number("rate"));
      case "point" -> Posterior.point();
      default -> throw new IllegalArgumentException("unknown posterior " + kind);
    };
  }

  private static FlowSpec flow(JsonObject map) {
    return new FlowSpec(
        FlowSpec.Kind.valueOf(upper(map.string("kind"))),
        map.integer("steps"),
        map.integer("hidden"),
        map.bool("weight_norm"),
        map.bool("shuffle"),
        map.has("initial_std") ? map.number("initial_std") : Double.NaN,
        map.number("delta"),
        map.number("row_std"),
        map.number("gain_std"));
  }

  private static Prior prior(JsonObject map) {
    return new Prior(
        PriorKind.valueOf(upper(map.string("kind"))),
        map.number("p0"),
        map.number("p1"),
        map.number("p2"));
  }

  private static Scaling scaling(JsonObject map) {
    return new Scaling(standardizer(map, "inputs"), standardizer(map, "targets"));
  }

  private static Optional<Standardizer> standardizer(JsonObject map, String of) {
    return map.has(of)
        ? Optional.of(
            new Standardizer(map.object(of).numbers("mean"), map.object(of).numbers("std")))
        : Optional.empty();
  }

  private static String upper(String name) {
    return name.toUpperCase(Locale.ROOT);
  }
}
