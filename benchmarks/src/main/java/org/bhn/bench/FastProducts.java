package org.bhn.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Precision;
import org.bhn.data.Dataset;
import org.bhn.data.Mnist;
import org.bhn.demo.DrawnDigits;
import org.bhn.predict.Predictive;
import org.bhn.uncertainty.Classification;

/**
 * What {@link Precision#FAST} does to predictions: the model of {@link Work}, trained on 5,000
 * digits, predicts as many as 10,000 others with the same draws of its weights in both precisions;
 * and once more in strict precision with other draws, so that the difference has a measure.
 */
final class FastProducts {
  private static final int TEST_ROWS = 10_000;
  private static final int BINS = 15;
  private static final long DRAWS = 1;
  private static final long OTHER_DRAWS = 2;

  private FastProducts() {}

  /**
   * Measures.
   *
   * @param data where MNIST lies; where it is found nowhere, digits are drawn
   * @param epochs of the training
   * @param samples draws of the weights
   * @param directory of the results
   */
  static void measure(Optional<Path> data, int epochs, int samples, Path directory)
      throws IOException {
    Optional<Mnist> mnist = Mnist.find(data);
    Dataset train = mnist.map(m -> m.train().take(Work.ROWS)).orElse(DrawnDigits.digits(500, 1));
    Dataset test = mnist.map(m -> m.test().take(TEST_ROWS)).orElse(DrawnDigits.digits(500, 2));
    String source = mnist.isPresent() ? "MNIST" : "drawn digits";
    Results results =
        new Results(
            "precision",
            String.format(
                Locale.ROOT,
                "%d images of %s predicted with %d draws by a model trained on %d for %d epochs",
                test.rows(),
                source,
                samples,
                train.rows(),
                epochs),
            directory);
    results.row(
        List.of(
            "products",
            "draws",
            "accuracy",
            "NLL, nats",
            "ECE",
            "probabilities differ by",
            "MI differs by, nats",
            "labels that differ"));
    List<Map<String, Object>> rows = new ArrayList<>();
    try (Backend backend = Backends.best();
        Bhn model = Work.model(backend, Work.FLOW_STEPS)) {
      model.fit(train, Work.fit(epochs, 128, 1).learningRate(2e-3).decay(0.03).klWarmup(0.3));
      Predictive strict = model.predict(test.inputs(), samples, DRAWS);
      Predictive other = model.predict(test.inputs(), samples, OTHER_DRAWS);
      model.precision(Precision.FAST);
      Predictive fast = model.predict(test.inputs(), samples, DRAWS);
      rows.add(row(results, "f32", "the same", strict, strict, test));
      rows.add(row(results, "fast", "the same", fast, strict, test));
      rows.add(row(results, "f32", "others", other, strict, test));
    }
    results.put("rows", rows);
    results.write(directory.resolve("README.md"));
  }

  private static Map<String, Object> row(
      Results results, String products, String draws, Predictive p, Predictive base, Dataset test) {
    double[][] mean = p.meanRows();
    double accuracy = Classification.accuracy(mean, test.labels());
    double nll = Classification.nll(mean, test.labels());
    double ece = Classification.reliability(mean, test.labels(), BINS).ece();
    double probability = rms(flat(mean), flat(base.meanRows()));
    double information = rms(p.mutualInformation(), base.mutualInformation());
    int[] labels = p.labels();
    int[] baseLabels = base.labels();
    int changed = 0;
    for (int i = 0; i < labels.length; i++) {
      changed += labels[i] == baseLabels[i] ? 0 : 1;
    }
    results.row(
        List.of(
            products,
            draws,
            String.format(Locale.ROOT, "%.2f %%", 100 * accuracy),
            String.format(Locale.ROOT, "%.4f", nll),
            String.format(Locale.ROOT, "%.4f", ece),
            String.format(Locale.ROOT, "%.1e", probability),
            String.format(Locale.ROOT, "%.1e", information),
            String.valueOf(changed)));
    return Map.of(
        "products", products,
        "draws", draws,
        "accuracy", accuracy,
        "nll", nll,
        "ece", ece,
        "probability_rms", probability,
        "mutual_information_rms", information,
        "labels_changed", changed);
  }

  private static double[] flat(double[][] rows) {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
  }

  private static double rms(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return Math.sqrt(sum / a.length);
  }
}
