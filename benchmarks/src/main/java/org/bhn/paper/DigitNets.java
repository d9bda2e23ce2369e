package org.bhn.paper;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bhn.Bhn;
import org.bhn.BhnBuilder;
import org.bhn.backend.Backend;
import org.bhn.data.Dataset;
import org.bhn.flow.FlowSpec;
import org.bhn.flow.Flows;
import org.bhn.nn.Image;
import org.bhn.posterior.Posterior;
import org.bhn.train.Fit;
import org.bhn.train.ProgressBar;

/**
 * The networks whose uncertainty about digits is compared, and how they are trained.
 *
 * @param source of the digits
 * @param rows to train on
 * @param testRows to test on
 * @param convolutional whether the two convolutions of the paper's active learning come first
 * @param hidden units of the layers
 * @param flow of the hypernetwork's gains
 * @param epochs of the training
 * @param batch size
 * @param draws of the gains in a training step, each for its part of the batch
 * @param rate learning rate at the start
 * @param warmup share of the epochs in which the KL term is brought in
 */
record DigitNets(
    String source,
    int rows,
    int testRows,
    boolean convolutional,
    int[] hidden,
    FlowSpec flow,
    int epochs,
    int batch,
    int draws,
    double rate,
    double warmup) {
  private static final int SIDE = 28;
  static final int PIXELS = SIDE * SIDE;
  static final int CLASSES = 10;
  static final int TRAINING_IMAGES = 50_000;

  static final String HYPERNETWORK = "hypernetwork";
  static final String DROPOUT = "dropout";
  static final String POINT = "one set of weights";

  /** In the order of the tables. */
  static final List<String> METHODS = List.of(HYPERNETWORK, DROPOUT, POINT);

  /** Of anomalies and adversaries: as in the paper's code where the experiment is full. */
  static DigitNets dense(Options options) {
    FlowSpec published = Flows.coupling(4).hidden(256);
    return of(
        options,
        false,
        options.pick(new int[] {12}, new int[] {200, 200}, new int[] {256, 256, 256}),
        published);
  }

  /** Of active learning: with the paper's convolutions where the experiment is full. */
  static DigitNets convolutional(Options options) {
    return of(
        options,
        options.size() == Options.Size.FULL,
        options.pick(new int[] {12}, new int[] {200, 200}, new int[] {256}),
        Flows.iaf(4));
  }

  private static DigitNets of(
      Options options, boolean convolutional, int[] hidden, FlowSpec publishedFlow) {
    boolean published = options.asPublished();
    return new DigitNets(
        tiny(options) ? "drawn digits" : "MNIST",
        options.pick(100, 5000, TRAINING_IMAGES),
        options.pick(60, 2000, 10_000),
        convolutional,
        hidden,
        published
            ? publishedFlow.initialStd(Math.exp(-7) + Flows.DELTA)
            : Flows.iaf(options.pick(8, 8, 4)),
        published ? options.pick(2, 40, 100) : options.pick(2, 40, 30),
        options.pick(20, 128, 128),
        options.pick(1, 1, published ? 1 : 4),
        published ? 1e-3 : 2e-3,
        published ? 0.5 : 0.3);
  }

  private static boolean tiny(Options options) {
    return options.size() == Options.Size.TINY;
  }

  /**
   * The first so many digits, and others to test on; a tiny experiment draws its own.
   *
   * @throws org.bhn.data.DataException saying where to put MNIST, if it is missing
   */
  static ImageSets sets(Options options, int rows) {
    return ImageSets.digits(options.data(), tiny(options), rows);
  }

  Posterior posterior(String method) {
    return switch (method) {
      case HYPERNETWORK -> Posterior.weightNorm(flow);
      case DROPOUT -> Posterior.dropout(0.5);
      case POINT -> Posterior.point();
      default -> throw new IllegalArgumentException(method + ": methods are " + METHODS);
    };
  }

  /** All that a trained network depends on, after the options' own. */
  Map<String, Object> settings(Options options, String method) {
    Map<String, Object> settings = options.settings();
    settings.put("data", source);
    settings.put("rows", rows);
    settings.put("test_rows", testRows);
    List<Object> widths = new ArrayList<>();
    for (int units : hidden) {
      widths.add(units);
    }
    if (convolutional) {
      settings.put("convolutions", "32 of 3 x 3, 32 of 3 x 3, max-pooling of 5 x 5");
    }
    settings.put("hidden", widths);
    settings.put("posterior", posterior(method).toMap());
    settings.put("epochs", epochs);
    settings.put("batch", batch);
    if (method.equals(HYPERNETWORK) && draws > 1) {
      settings.put("draws_per_step", draws);
    }
    settings.put("learning_rate", rate);
    settings.put("warmup", method.equals(HYPERNETWORK) ? warmup : 0);
    return settings;
  }

  Bhn build(Backend backend, String method, long seed) {
    BhnBuilder network =
        convolutional
            ? Bhn.classifier(new Image(SIDE, SIDE, 1), CLASSES).conv(32, 3).conv(32, 3).maxPool(5)
            : Bhn.classifier(PIXELS, CLASSES);
    return network.hidden(hidden).posterior(posterior(method)).seed(seed).build(backend);
  }

  /** Examples of a batch that meet the same gains. */
  int examplesPerDraw(String method, int of) {
    return method.equals(HYPERNETWORK) ? of / draws : of;
  }

  /** A trained network; the caller closes it. */
  Bhn trained(Backend backend, String method, Dataset train, long seed) {
    Bhn model = build(backend, method, seed);
    model.fit(
        train,
        Fit.epochs(epochs)
            .batch(batch)
            .examplesPerDraw(examplesPerDraw(method, batch))
            .learningRate(rate)
            .decay(0.1)
            .klWarmup(method.equals(HYPERNETWORK) ? warmup : 0)
            .listener(ProgressBar.stderr()));
    return model;
  }
}
