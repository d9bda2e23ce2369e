package org.bhn.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;

/**
 * What a program pays before its first prediction: a fresh JVM that opens a saved model and
 * predicts one image with 16 draws.
 */
public final class StartUp {
  private static final int RUNS = 11;

  private StartUp() {}

  /** The child: loads the model named by the argument and says how long each part took. */
  public static void main(String[] args) throws IOException {
    long begin = System.nanoTime();
    try (Backend backend = Backends.best()) {
      long opened = System.nanoTime();
      try (Bhn model = Bhn.load(Path.of(args[0]), backend)) {
        long loaded = System.nanoTime();
        model.predict(new float[Work.PIXELS], 16);
        long predicted = System.nanoTime();
        System.out.printf(
            Locale.ROOT, "%d %d %d%n", opened - begin, loaded - opened, predicted - loaded);
      }
    }
  }

  static void measure(Path directory) throws IOException, InterruptedException {
    Results results =
        new Results(
            "startup",
            "ms, medians of " + RUNS + " fresh processes: JVM start to first prediction",
            directory);
    Path file = Files.createTempFile("bhn", ".safetensors");
    double[][] ms = new double[4][RUNS];
    try {
      try (Backend backend = Backends.best();
          Bhn model = Work.model(backend, Work.FLOW_STEPS)) {
        model.save(file);
      }
      for (int run = 0; run < RUNS; run++) {
        long start = System.nanoTime();
        Process child =
            new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "-cp",
                    System.getProperty("java.class.path"),
                    StartUp.class.getName(),
                    file.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String out = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (child.waitFor() != 0) {
          throw new IllegalStateException("the child failed: run " + StartUp.class.getName());
        }
        ms[0][run] = (System.nanoTime() - start) / 1e6;
        String[] parts = out.strip().split(" ");
        for (int i = 0; i < 3; i++) {
          ms[i + 1][run] = Long.parseLong(parts[i]) / 1e6;
        }
      }
    } finally {
      Files.delete(file);
    }
    results.row(List.of("part", "ms"));
    String[] names = {"whole process", "open the backend", "load the model", "first prediction"};
    for (int i = 0; i < names.length; i++) {
      Arrays.sort(ms[i]);
      results.row(List.of(names[i], String.format(Locale.ROOT, "%.0f", ms[i][RUNS / 2])));
      results.put(names[i], ms[i][RUNS / 2]);
    }
    results.write(directory.resolve("README.md"));
  }
}
