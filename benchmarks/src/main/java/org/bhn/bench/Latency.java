package org.bhn.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bhn.Bhn;
import org.bhn.PosteriorSample;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Precision;

/** How long one image waits for its prediction: with weights drawn for it, or drawn before. */
final class Latency {
  private static final int DRAWS = 100;
  private static final int CALLS = 500;
  private static final long WARM_NANOS = 3_000_000_000L;

  private Latency() {}

  static void measure(Path directory) throws IOException {
    Results results =
        new Results(
            "latency",
            "ms until one image is predicted with " + DRAWS + " draws, of " + CALLS + " calls",
            directory);
    results.row(List.of("products", "weights", "median", "90 %", "99 %"));
    List<Map<String, Object>> rows = new ArrayList<>();
    float[] image = new float[Work.PIXELS];
    Arrays.fill(image, 0.5f);
    try (Backend backend = Backends.best();
        Bhn model = Work.model(backend, Work.FLOW_STEPS)) {
      for (Precision precision : Precision.values()) {
        model.precision(precision);
        rows.add(row(results, precision, "drawn", () -> model.predict(image, DRAWS)));
        try (PosteriorSample sample = model.draw(DRAWS)) {
          rows.add(row(results, precision, "drawn before", () -> sample.predict(image)));
        }
      }
    }
    results.put("rows", rows);
    results.write(directory.resolve("README.md"));
  }

  private static Map<String, Object> row(
      Results results, Precision precision, String weights, Runnable call) {
    long begin = System.nanoTime();
    do {
      call.run();
    } while (System.nanoTime() - begin < WARM_NANOS);
    double[] ms = new double[CALLS];
    for (int i = 0; i < CALLS; i++) {
      long start = System.nanoTime();
      call.run();
      ms[i] = (System.nanoTime() - start) / 1e6;
    }
    Arrays.sort(ms);
    double median = ms[CALLS / 2];
    double most = ms[CALLS * 9 / 10];
    double nearlyAll = ms[CALLS * 99 / 100];
    String pattern = "%.2f";
    results.row(
        List.of(
            precision.toString(),
            weights,
            String.format(Locale.ROOT, pattern, median),
            String.format(Locale.ROOT, pattern, most),
            String.format(Locale.ROOT, pattern, nearlyAll)));
    return Map.of(
        "products", precision.toString(),
        "weights", weights,
        "median_ms", median,
        "p90_ms", most,
        "p99_ms", nearlyAll);
  }
}
