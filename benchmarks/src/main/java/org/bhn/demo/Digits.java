package org.bhn.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.data.Dataset;
import org.bhn.data.Mnist;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.predict.Predictive;
import org.bhn.report.Plot;
import org.bhn.report.Report;
import org.bhn.train.Fit;
import org.bhn.train.ProgressBar;
import org.bhn.uncertainty.Classification;
import org.bhn.uncertainty.Detection;
import org.bhn.uncertainty.Reliability;

/**
 * Digit classification with few labels, and how well uncertainty tells digits from what is no
 * digit: three posteriors on the same network. The Bayesian hypernetwork is then saved and loaded.
 */
final class Digits {
  private static final int CLASSES = 10;
  private static final int SAMPLES = 100;
  private static final int BINS = 15;
  private static final int SHOWN = 12;

  private final boolean quick;
  private final boolean real;
  private final Dataset train;
  private final Dataset test;
  private final float[] letters;
  private final float[] noise;
  private final List<String[]> quality = new ArrayList<>();
  private final List<String[]> detection = new ArrayList<>();
  private final List<String[]> figures = new ArrayList<>();
  private final Plot reliability =
      new Plot("confidence of the prediction", 0, 1, "share that is right", 0, 1);
  private final List<float[]> images = new ArrayList<>();
  private final List<String> captions = new ArrayList<>();
  private String reloaded = "";

  /** MNIST from {@code data}, where it then must be; else where it is usually found, else drawn. */
  Digits(Optional<Path> data, boolean quick) {
    this.quick = quick;
    int rows = quick ? 400 : 4000;
    Optional<Mnist> mnist = data.isPresent() ? data.map(Mnist::load) : Mnist.find(data);
    real = mnist.isPresent();
    if (real) {
      train = mnist.get().train().take(rows);
      test = mnist.get().test().take(quick ? 400 : 10_000);
    } else {
      train = DrawnDigits.digits(rows, 1);
      test = DrawnDigits.digits(quick ? 400 : 4000, 2);
    }
    letters = DrawnDigits.letters(quick ? 200 : 2000, 3);
    noise = DrawnDigits.noise(quick ? 200 : 2000, 4);
    quality.add(new String[] {"weights", "accuracy", "NLL, nats", "ECE", "training"});
    detection.add(
        new String[] {
          "weights", "score", "letters: AUROC", "AUPR", "uniform noise: AUROC", "AUPR"
        });
  }

  String source() {
    return real
        ? "the first " + train.rows() + " training images of MNIST"
        : train.rows() + " digits that this program drew";
  }

  void run(Backend backend) throws IOException {
    double[] diagonal = {0, 1};
    reliability.line(diagonal, diagonal, Plot.GREY, "3 5", "perfectly calibrated");
    one(backend, "one set of weights", Posterior.point(), Plot.RED, "8 4");
    one(backend, "dropout 0.5", Posterior.dropout(0.5), Plot.INK, "2 3");
    one(backend, "hypernetwork", Posterior.weightNorm(Flows.iaf(8)), Plot.BLUE, "");
    String caption =
        "Reliability: of the predictions made with this confidence, how many are right.";
    figures.addFirst(new String[] {reliability.svg(caption), caption});
  }

  private void one(Backend backend, String name, Posterior posterior, String color, String dash)
      throws IOException {
    boolean hypernetwork = posterior instanceof Posterior.WeightNorm;
    try (Bhn model =
        Bhn.classifier(DrawnDigits.PIXELS, CLASSES)
            .hidden(200, 200)
            .posterior(posterior)
            .seed(7)
            .build(backend)) {
      long start = System.nanoTime();
      model.fit(
          train,
          Fit.epochs(quick ? 3 : hypernetwork ? 60 : 30)
              .batch(quick ? 32 : 128)
              .learningRate(2e-3)
              .decay(0.1)
              .klWarmup(hypernetwork ? 0.3 : 0)
              .listener(ProgressBar.stderr()));
      double seconds = (System.nanoTime() - start) * 1e-9;
      Predictive digits = model.predict(test.inputs(), SAMPLES);
      Predictive other = model.predict(letters, SAMPLES);
      Predictive chaos = model.predict(noise, SAMPLES);
      double[][] p = digits.meanRows();
      Reliability calibration = Classification.reliability(p, test.labels(), BINS);
      quality.add(
          new String[] {
            name,
            format("%.2f %%", 100 * Classification.accuracy(p, test.labels())),
            format("%.3f", Classification.nll(p, test.labels())),
            format("%.4f", calibration.ece()),
            format("%.1f s", seconds)
          });
      curve(calibration, name, color, dash);
      detect(name, "predictive entropy", digits.entropy(), other.entropy(), chaos.entropy());
      if (posterior instanceof Posterior.Point) {
        detection.add(new String[] {name, "mutual information", "none", "", "none", ""});
      } else {
        detect(
            name,
            "mutual information",
            digits.mutualInformation(),
            other.mutualInformation(),
            chaos.mutualInformation());
        histogram(name, digits, other, chaos);
      }
      if (hypernetwork) {
        choose(digits, other);
        reload(model, backend, digits);
      }
    }
  }

  private void curve(Reliability calibration, String name, String color, String dash) {
    List<Reliability.Bin> full = calibration.bins().stream().filter(b -> b.count() >= 10).toList();
    reliability.line(
        full.stream().mapToDouble(Reliability.Bin::confidence).toArray(),
        full.stream().mapToDouble(Reliability.Bin::accuracy).toArray(),
        color,
        dash,
        name);
  }

  private void detect(String name, String score, double[] in, double[] other, double[] chaos) {
    detection.add(
        new String[] {
          name,
          score,
          format("%.3f", Detection.auroc(in, other)),
          format("%.3f", Detection.auprOut(in, other)),
          format("%.3f", Detection.auroc(in, chaos)),
          format("%.3f", Detection.auprOut(in, chaos))
        });
  }

  private void histogram(String name, Predictive digits, Predictive other, Predictive chaos) {
    String caption =
        "Mutual information, " + name + ": digits left, what is no digit further right.";
    double most = 1.2;
    int bins = 30;
    double[] centre = new double[bins];
    Arrays.setAll(centre, i -> (i + 0.5) * most / bins);
    Plot plot = new Plot("mutual information, nats", 0, most, "share of images", 0, 0.6);
    double width = most / bins;
    plot.bars(centre, shares(digits, bins, most), width, Plot.BLUE, 0.55, "digits");
    plot.bars(centre, shares(other, bins, most), width, Plot.RED, 0.5, "letters");
    plot.bars(centre, shares(chaos, bins, most), width, Plot.GREY, 0.5, "uniform noise");
    figures.add(new String[] {plot.svg(caption), caption});
  }

  private static double[] shares(Predictive p, int bins, double most) {
    double[] counts = new double[bins];
    double[] values = p.mutualInformation();
    for (double v : values) {
      counts[Math.clamp((int) (v / most * bins), 0, bins - 1)] += 1.0 / values.length;
    }
    return counts;
  }

  /** The surest and the least sure digits, and the least sure letters. */
  private void choose(Predictive digits, Predictive other) {
    double[] score = digits.mutualInformation();
    Integer[] order = new Integer[score.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, Comparator.comparingDouble(i -> score[i]));
    for (int i = 0; i < SHOWN; i++) {
      show(test.inputs(), order[i], digits, "is " + test.label(order[i]));
    }
    for (int i = 0; i < SHOWN; i++) {
      int row = order[order.length - 1 - i];
      show(test.inputs(), row, digits, "is " + test.label(row));
    }
    for (int i = 0; i < SHOWN; i++) {
      show(letters, i, other, "a letter");
    }
  }

  private void show(float[] pixels, int row, Predictive p, String what) {
    int from = row * DrawnDigits.PIXELS;
    images.add(Arrays.copyOfRange(pixels, from, from + DrawnDigits.PIXELS));
    int said = p.labels()[row];
    captions.add(
        format(
            "%s, read %d (%.0f %%), MI %.2f",
            what, said, 100 * p.mean()[row * CLASSES + said], p.mutualInformation()[row]));
  }

  private void reload(Bhn model, Backend backend, Predictive before) throws IOException {
    Path file = Files.createTempFile("bhn-demo", ".safetensors");
    try {
      model.save(file);
      try (Bhn loaded = Bhn.load(file, backend)) {
        Predictive after = loaded.predict(test.inputs(), SAMPLES);
        if (!Arrays.equals(before.mean(), after.mean())) {
          throw new IllegalStateException(
              "the loaded model predicts something else than the saved");
        }
      }
      reloaded =
          format(
              "Saved (%.1f MB of safetensors), loaded, predicted again: the same bits.",
              Files.size(file) * 1e-6);
    } finally {
      Files.delete(file);
    }
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }

  List<List<String[]>> tables() {
    return List.of(quality, detection);
  }

  String reloaded() {
    return reloaded;
  }

  void report(Report report) {
    report
        .heading("3. Digits, and things that are no digits")
        .text(
            "784-200-200-10 ReLU networks, trained on "
                + source()
                + ". Then they meet letters and noise, which none of them has seen. A network that"
                + " knows what it does not know is unsure there.")
        .table(quality)
        .table(detection)
        .small(
            "NLL: mean negative log probability of the right class. ECE: expected calibration"
                + " error, "
                + BINS
                + " bins. AUROC: chance that a foreign image scores higher than a digit; AUPR with"
                + " the foreign images as positives. Means over "
                + SAMPLES
                + " draws of the weights. "
                + test.rows()
                + " test digits, "
                + letters.length / DrawnDigits.PIXELS
                + " letters, as many noise images. Seed 7.")
        .figures(figures)
        .text("The twelve digits the hypernetwork is surest of:")
        .images(images.subList(0, SHOWN), captions.subList(0, SHOWN))
        .text("The twelve it is least sure of:")
        .images(images.subList(SHOWN, 2 * SHOWN), captions.subList(SHOWN, 2 * SHOWN))
        .text("Letters, which it can only misread:")
        .images(images.subList(2 * SHOWN, 3 * SHOWN), captions.subList(2 * SHOWN, 3 * SHOWN))
        .text(reloaded);
  }
}
