package org.bhn.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.flow.Flows;
import org.bhn.io.AtomicFiles;
import org.bhn.posterior.Posterior;
import org.bhn.report.Plot;

/**
 * How the time of a training step grows when one size changes and the others stay: weight samples,
 * batch, units a layer, flow steps, threads. Every point is a fresh process.
 */
public final class Scaling {
  private static final int EPOCHS = 7;

  /** Batch, flow steps, weight samples, units, threads (0: all). */
  private record Point(int batch, int flowSteps, int samples, int units, int threads) {
    static final Point START = new Point(32, 8, 1, 800, 0);

    List<String> arguments() {
      return List.of(
          String.valueOf(batch),
          String.valueOf(flowSteps),
          String.valueOf(samples),
          String.valueOf(units));
    }
  }

  private Scaling() {}

  /** The child: batch, flow steps, weight samples, units; prints the median ms of a step. */
  public static void main(String[] args) {
    int batch = Integer.parseInt(args[0]);
    int flowSteps = Integer.parseInt(args[1]);
    int samples = Integer.parseInt(args[2]);
    int units = Integer.parseInt(args[3]);
    List<Double> seconds = new ArrayList<>();
    try (Backend backend = Backends.best();
        Bhn model =
            Bhn.classifier(Work.PIXELS, Work.CLASSES)
                .hidden(units, units)
                .posterior(
                    Posterior.weightNorm(flowSteps == 0 ? Flows.affine() : Flows.iaf(flowSteps)))
                .seed(1)
                .build(backend)) {
      model.fit(
          Work.data().take(Math.min(Work.ROWS, 40 * batch)),
          Work.fit(EPOCHS, batch, samples).listener(e -> seconds.add(e.seconds())));
    }
    double[] sorted = seconds.stream().mapToDouble(s -> s).skip(1).sorted().toArray();
    int steps = (Math.min(Work.ROWS, 40 * batch) + batch - 1) / batch;
    System.out.println(1e3 * sorted[sorted.length / 2] / steps);
  }

  private static double millis(Point point) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED"));
    if (point.threads > 0) {
      command.add("-Dbhn.threads=" + point.threads);
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Scaling.class.getName()));
    command.addAll(point.arguments());
    Process child =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String out = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (child.waitFor() != 0) {
      throw new IllegalStateException("the child failed: " + String.join(" ", command));
    }
    return Double.parseDouble(out.strip());
  }

  /** One size that changes, and how. */
  private interface Change {
    Point at(int value);
  }

  static void measure(Path directory) throws IOException, InterruptedException {
    Results results =
        new Results(
            "scaling",
            "ms of a training step when one size changes from " + Point.START,
            directory);
    results.row(List.of("size", "values", "ms a step", "ms for each"));
    Point p = Point.START;
    int cores = Runtime.getRuntime().availableProcessors();
    Map<String, double[][]> curves = new LinkedHashMap<>();
    curve(
        results,
        curves,
        "weight samples S",
        new int[] {1, 2, 4, 8, 16, 32},
        v -> new Point(p.batch, p.flowSteps, v, p.units, 0));
    curve(
        results,
        curves,
        "batch B",
        new int[] {8, 16, 32, 64, 128, 256},
        v -> new Point(v, p.flowSteps, p.samples, p.units, 0));
    curve(
        results,
        curves,
        "units a layer",
        new int[] {100, 200, 400, 800, 1600},
        v -> new Point(p.batch, p.flowSteps, p.samples, v, 0));
    curve(
        results,
        curves,
        "flow steps L",
        new int[] {1, 2, 4, 8, 16},
        v -> new Point(p.batch, v, p.samples, p.units, 0));
    curve(
        results,
        curves,
        "threads",
        threads(cores),
        v -> new Point(p.batch, p.flowSteps, p.samples, p.units, v));
    String[] dashes = {"", "6 3", "2 3", "8 3 2 3", "1 4"};
    Plot plot =
        new Plot("value over its smallest (log2)", 0, 5, "time over its first (log2)", -1, 5);
    int i = 0;
    for (Map.Entry<String, double[][]> e : curves.entrySet()) {
      plot.line(
          relative(e.getValue()[0]),
          relative(e.getValue()[1]),
          Plot.INK,
          dashes[i++ % 5],
          e.getKey());
    }
    AtomicFiles.writeString(
        directory.resolve("scaling.svg"), plot.file("Time of a training step as one size grows"));
    results.write(directory.resolve("README.md"));
  }

  private static int[] threads(int cores) {
    List<Integer> counts = new ArrayList<>();
    for (int n = 1; n < cores; n *= 2) {
      counts.add(n);
    }
    counts.add(cores);
    return counts.stream().mapToInt(n -> n).toArray();
  }

  private static double[] relative(double[] values) {
    return Arrays.stream(values).map(v -> Math.log(v / values[0]) / Math.log(2)).toArray();
  }

  private static void curve(
      Results results, Map<String, double[][]> curves, String name, int[] values, Change change)
      throws IOException, InterruptedException {
    double[] ms = new double[values.length];
    List<String> each = new ArrayList<>();
    List<String> all = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      ms[i] = millis(change.at(values[i]));
      all.add(String.format(Locale.ROOT, "%.2f", ms[i]));
      each.add(String.format(Locale.ROOT, "%.3f", ms[i] / values[i]));
    }
    String at = Arrays.toString(values).replaceAll("[\\[\\]]", "");
    results.row(List.of(name, at, String.join(", ", all), String.join(", ", each)));
    results.put(
        name,
        Map.of(
            "values",
            Arrays.stream(values).boxed().toList(),
            "ms",
            Arrays.stream(ms).boxed().toList()));
    curves.put(name, new double[][] {Arrays.stream(values).asDoubleStream().toArray(), ms});
  }
}
