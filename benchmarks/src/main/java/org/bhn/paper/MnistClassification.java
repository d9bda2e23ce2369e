package org.bhn.paper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Precision;
import org.bhn.bayes.Priors;
import org.bhn.data.Dataset;
import org.bhn.data.Mnist;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.predict.Predictor;
import org.bhn.train.Epoch;
import org.bhn.train.Fit;
import org.bhn.train.ProgressBar;
import org.bhn.uncertainty.Classification;

/**
 * Digits with few labels: the first training images of MNIST, a ReLU network, and the posteriors of
 * Krueger et al. 2017 beside their baselines. The last 10,000 training images choose the snapshot;
 * the test set is looked at once.
 *
 * <p>Options, each {@code --name=value}: data, rows (5000), hidden (800,800), posteriors
 * (iaf8,dropout,point), epochs (100), batch (128), rate (2e-3), decay (0.1), warmup (0.3), draws
 * (weight samples a step, 1), prior (standard deviation, 1), std (of the gains at the start, e^-7),
 * initialise (false), every (epochs from one validation to the next, 25), samples (of the test,
 * 200), seeds (1,2,3).
 */
public final class MnistClassification {
  private static final int PIXELS = 784;
  private static final int CLASSES = 10;
  private static final int TRAINING_IMAGES = 50_000;

  private final Map<String, String> options;

  private MnistClassification(Map<String, String> options) {
    this.options = options;
  }

  /** Runs every posterior with every seed and prints a row each. */
  public static void main(String[] args) throws IOException {
    Map<String, String> options = new HashMap<>();
    for (String arg : args) {
      String[] parts = arg.replaceFirst("^--", "").split("=", 2);
      if (parts.length != 2) {
        throw new IllegalArgumentException(arg + ": write options as --name=value");
      }
      options.put(parts[0], parts[1]);
    }
    new MnistClassification(options).run();
  }

  private void run() throws IOException {
    Mnist mnist =
        options.containsKey("data") ? Mnist.load(Path.of(options.get("data"))) : Mnist.load();
    Dataset train = mnist.train().take(integer("rows", 5000));
    Dataset valid = mnist.train().slice(TRAINING_IMAGES, mnist.train().rows());
    try (Backend backend = Backends.best()) {
      System.out.println(backend.description());
      for (String name : text("posteriors", "iaf8,dropout,point").split(",")) {
        List<double[]> rows = new ArrayList<>();
        for (String seed : text("seeds", "1,2,3").split(",")) {
          rows.add(one(backend, name, Long.parseLong(seed), train, valid, mnist.test()));
        }
        mean(name, rows);
      }
    }
    System.out.printf(Locale.ROOT, "peak resident memory %d MiB%n", peakMemory() >> 20);
  }

  private double[] one(
      Backend backend, String name, long seed, Dataset train, Dataset valid, Dataset test) {
    long start = System.nanoTime();
    Posterior posterior = posterior(name);
    boolean random = posterior instanceof Posterior.WeightNorm;
    int[] hidden = new int[text("hidden", "800,800").split(",").length];
    for (int i = 0; i < hidden.length; i++) {
      hidden[i] = Integer.parseInt(text("hidden", "800,800").split(",")[i]);
    }
    try (Bhn model =
        Bhn.classifier(PIXELS, CLASSES)
            .hidden(hidden)
            .posterior(posterior)
            .prior(Priors.normal(number("prior", 1)))
            .seed(seed)
            .build(backend)) {
      Fit fit =
          Fit.epochs(integer("epochs", 100))
              .batch(integer("batch", 128))
              .samples(random ? integer("draws", 1) : 1)
              .initialise(Boolean.parseBoolean(text("initialise", "false")))
              .learningRate(number("rate", 2e-3))
              .decay(number("decay", 0.1))
              .klWarmup(random ? number("warmup", 0.3) : 0)
              .validation(valid)
              .validationEvery(integer("every", 25))
              .select(Fit.Selection.ACCURACY, true)
              .listener(ProgressBar.stderr())
              .listener(MnistClassification::report);
      model.fit(train, fit);
      double seconds = (System.nanoTime() - start) * 1e-9;
      Predictor.Result result = model.evaluate(test, integer("samples", 200));
      double[][] p = result.predictive().meanRows();
      int[] labels = test.labels();
      double[] row = {
        100 * Classification.accuracy(p, labels),
        Classification.nll(p, labels),
        Classification.ece(p, labels, 15),
        seconds
      };
      System.out.printf(
          Locale.ROOT,
          "%-10s seed %d  accuracy %.2f %%  NLL %.4f  ECE %.4f  training %.0f s%n",
          name,
          seed,
          row[0],
          row[1],
          row[2],
          row[3]);
      if (random) {
        double[][] fast =
            model
                .precision(Precision.FAST)
                .evaluate(test, integer("samples", 200))
                .predictive()
                .meanRows();
        System.out.printf(
            Locale.ROOT,
            "%-10s seed %d  products in bf16: accuracy %.2f %%  NLL %.4f  ECE %.4f%n",
            name,
            seed,
            100 * Classification.accuracy(fast, labels),
            Classification.nll(fast, labels),
            Classification.ece(fast, labels, 15));
      }
      return row;
    }
  }

  private static void report(Epoch e) {
    if (!Double.isNaN(e.validationAccuracy()) && System.getProperty("verbose") != null) {
      System.out.printf(
          Locale.ROOT,
          "  epoch %d  log-lik %.4f  elbo %.0f  kl weight %.3f  validation %.2f %% %.4f  %.2f s%n",
          e.epoch() + 1,
          e.logLikelihood(),
          e.elbo(),
          e.klWeight(),
          100 * e.validationAccuracy(),
          e.validationLogLik(),
          e.seconds());
    }
  }

  private static void mean(String name, List<double[]> rows) {
    double[] mean = new double[4];
    rows.forEach(
        row -> {
          for (int i = 0; i < mean.length; i++) {
            mean[i] += row[i] / rows.size();
          }
        });
    double spread = 0;
    for (double[] row : rows) {
      spread += Math.pow(row[0] - mean[0], 2) / Math.max(1, rows.size() - 1);
    }
    System.out.printf(
        Locale.ROOT,
        "%-10s mean    accuracy %.2f ± %.2f %%  NLL %.4f  ECE %.4f  training %.0f s%n",
        name,
        mean[0],
        Math.sqrt(spread),
        mean[1],
        mean[2],
        mean[3]);
  }

  private Posterior posterior(String name) {
    double std = number("std", Posterior.GAIN_STD);
    if (name.startsWith("iaf")) {
      int steps = Integer.parseInt(name.substring(3));
      return Posterior.weightNorm(Flows.iaf(steps).initialStd(std));
    }
    if (name.startsWith("coupling")) {
      int steps = Integer.parseInt(name.substring(8));
      return Posterior.weightNorm(Flows.coupling(steps).initialStd(std));
    }
    return switch (name) {
      case "affine" -> Posterior.weightNorm(Flows.affine().initialStd(std));
      case "meanfield" -> Posterior.meanField();
      case "dropout" -> Posterior.dropout(0.5);
      case "point" -> Posterior.point();
      default ->
          throw new IllegalArgumentException(
              name + ": posteriors are iafN, couplingN, affine, meanfield, dropout, point");
    };
  }

  private static long peakMemory() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
      }
    }
    return -1;
  }

  private String text(String name, String fallback) {
    return options.getOrDefault(name, fallback);
  }

  private int integer(String name, int fallback) {
    return Integer.parseInt(text(name, Integer.toString(fallback)));
  }

  private double number(String name, double fallback) {
    return Double.parseDouble(text(name, Double.toString(fallback)));
  }
}
