package org.bhn.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs a family of benchmarks by name, {@code ops}, {@code step}, {@code predict}, {@code
 * precision}, {@code latency}, {@code startup} or {@code scaling}, and writes what it measured to
 * {@code benchmarks/results}.
 */
public final class Bench {
  private static final Path RESULTS = Path.of("benchmarks", "results");
  private static final Path README = Path.of("README.md");

  private Bench() {}

  /**
   * Arguments: families, with commas between them, nothing for all; where MNIST lies, nothing for
   * where it usually does. {@code -Dbhn.bench.ops=} a pattern leaves out ops whose names it does
   * not match, {@code -Dbhn.bench.samples=1,16} sets the draws of a training step, {@code
   * -Dbhn.bench.epochs=} how long a training is of which the time of a step is taken.
   */
  public static void main(String[] args) throws IOException, RunnerException, InterruptedException {
    List<String> all =
        List.of("ops", "step", "predict", "precision", "latency", "startup", "scaling");
    Optional<Path> data =
        args.length < 2 || args[1].isEmpty() ? Optional.empty() : Optional.of(Path.of(args[1]));
    for (String name : args.length == 0 || args[0].isEmpty() ? all : List.of(args[0].split(","))) {
      switch (name) {
        case "ops" -> ops();
        case "step" -> step();
        case "predict" -> predict();
        case "precision" -> FastProducts.measure(data, 60, 100, RESULTS);
        case "latency" -> Latency.measure(RESULTS);
        case "startup" -> StartUp.measure(RESULTS);
        case "scaling" -> Scaling.measure(RESULTS);
        default ->
            throw new IllegalArgumentException(
                name + " is not a family of benchmarks: use " + String.join(", ", all));
      }
    }
  }

  private static Collection<RunResult> jmh(Class<?> type, Map<String, String[]> params)
      throws RunnerException {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("^" + type.getName().replace(".", "\\.") + "\\.")
            .jvmArgsAppend("--enable-native-access=ALL-UNNAMED", "-Xmx2g");
    params.forEach(options::param);
    return new Runner(options.build()).run();
  }

  private static String param(RunResult result, String name) {
    return result.getParams().getParam(name);
  }

  private static double score(RunResult result) {
    return result.getPrimaryResult().getScore();
  }

  private static double error(RunResult result) {
    return result.getPrimaryResult().getScoreError();
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }

  private static void ops() throws IOException, RunnerException {
    Results results =
        new Results(
            "ops",
            "each op at the sizes it has in the training step; roofs measured in the same run",
            RESULTS);
    Map<String, Double> micros = new LinkedHashMap<>();
    Map<String, Double> errors = new LinkedHashMap<>();
    String[] names = wantedOps();
    for (RunResult r : jmh(OpBenchmark.class, Map.of("op", names))) {
      micros.put(param(r, "op"), score(r));
      errors.put(param(r, "op"), error(r));
    }
    List<Map<String, Object>> rows = new ArrayList<>();
    results.row(List.of("op", "us", "GB/s", "GFLOP/s", "% of a roof"));
    try (Backend backend = Backends.best()) {
      double bandwidth = OpWork.of(backend, "copy (roof)").bytes() / micros.get("copy (roof)");
      double compute =
          OpWork.of(backend, "matmul 1024 (roof)").flops() / micros.get("matmul 1024 (roof)");
      for (Map.Entry<String, Double> e : micros.entrySet()) {
        OpWork work = OpWork.of(backend, e.getKey());
        double bytes = work.bytes() / e.getValue();
        double flops = work.flops() / e.getValue();
        double roof = 100 * Math.max(bytes / bandwidth, flops / compute);
        results.row(
            List.of(
                e.getKey(),
                format("%.1f ± %.1f", e.getValue(), errors.get(e.getKey())),
                format("%.1f", bytes / 1e3),
                format("%.1f", flops / 1e3),
                format("%.0f", roof)));
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("op", e.getKey());
        row.put("us", e.getValue());
        Results.putError(row, "us_error", errors.get(e.getKey()));
        row.put("bytes", work.bytes());
        row.put("flops", work.flops());
        row.put("roof_percent", roof);
        rows.add(row);
      }
    }
    if (names.length < OpWork.names().size()) {
      return; // some were left out: nothing to keep
    }
    results.put("ops", rows);
    results.write(RESULTS.resolve("README.md"));
  }

  /** The roofs are always among them: all else is a share of these. */
  private static String[] wantedOps() {
    String wanted = System.getProperty("bhn.bench.ops", ".*");
    return OpWork.names().stream()
        .filter(name -> name.endsWith("(roof)") || name.matches(wanted))
        .toArray(String[]::new);
  }

  private static void step() throws IOException, RunnerException {
    Results results =
        new Results(
            "step",
            "ms per training step of 784-800-800-10, IAF 8 x 200 or none, as fit runs it",
            RESULTS);
    results.row(List.of("batch", "draws", "IAF steps", "ms a step"));
    int epochs = Integer.getInteger("bhn.bench.epochs", 3);
    Map<String, String[]> params =
        Map.of(
            "samples",
            System.getProperty("bhn.bench.samples", "1").split(","),
            "epochs",
            new String[] {Integer.toString(epochs)});
    List<Map<String, Object>> rows = new ArrayList<>();
    for (RunResult r : jmh(TrainStepBenchmark.class, params)) {
      String batch = param(r, "batch");
      String samples = param(r, "samples");
      String flowSteps = param(r, "flowSteps");
      double steps = epochs * TrainStepBenchmark.STEPS;
      String ms = format("%.2f ± %.2f", score(r) / steps, error(r) / steps);
      results.row(List.of(batch, samples, flowSteps, ms));
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("batch", Integer.parseInt(batch));
      row.put("samples", Integer.parseInt(samples));
      row.put("flow_steps", Integer.parseInt(flowSteps));
      row.put("ms", score(r) / steps);
      Results.putError(row, "ms_error", error(r) / steps);
      rows.add(row);
    }
    results.put("runs", rows);
    results.write(README, RESULTS.resolve("README.md"));
  }

  private static void predict() throws IOException, RunnerException {
    Results results =
        new Results(
            "predict", "seconds to predict 10,000 images with 100 draws of the weights", RESULTS);
    results.row(List.of("images", "draws", "products", "s", "million draws x images a second"));
    for (RunResult r : jmh(PredictBenchmark.class, Map.of())) {
      double rows = Integer.parseInt(param(r, "rows"));
      double samples = Integer.parseInt(param(r, "samples"));
      results.row(
          List.of(
              param(r, "rows"),
              param(r, "samples"),
              param(r, "precision"),
              format("%.2f ± %.2f", score(r), error(r)),
              format("%.3f", rows * samples / score(r) / 1e6)));
      results.put(param(r, "precision") + "_seconds", score(r));
      results.putError(param(r, "precision") + "_seconds_error", error(r));
    }
    results.write(README, RESULTS.resolve("README.md"));
  }
}
