package org.bhn.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The training step and the prediction against the JVM's bindings of PyTorch. Every figure comes
 * from a process of its own; the contenders take turns, several rounds. Before anything is timed,
 * all must agree on the loss, the parameters after a step, and the predictions.
 */
public final class Compare {
  private static final double TOLERANCE = 1e-4;
  private static final Path RESULTS = Path.of("benchmarks", "results");
  private static final String[] PEERS = {"djl", "javacpp"};

  private final int rounds;
  private final int threads;

  private Compare(int rounds, int threads) {
    this.rounds = rounds;
    this.threads = threads;
  }

  /** Arguments: rounds (3) and threads (all), each may be empty. */
  public static void main(String[] args) throws IOException, InterruptedException {
    int rounds = args.length > 0 && !args[0].isEmpty() ? Integer.parseInt(args[0]) : 3;
    int threads =
        args.length > 1 && !args[1].isEmpty()
            ? Integer.parseInt(args[1])
            : Runtime.getRuntime().availableProcessors();
    new Compare(rounds, threads).run();
  }

  private void run() throws IOException, InterruptedException {
    Results results =
        new Results(
            "peers",
            "this library beside DJL 0.35.1 (PyTorch 2.7.1) and JavaCPP PyTorch 2.13.0 with MKL;"
                + " medians of the rounds, lowest and highest in brackets",
            RESULTS);
    results.put("threads", threads);
    results.put("rounds", rounds);
    results.row(List.of("work", "this library", "DJL", "JavaCPP", "best peer / this"));
    List<Map<String, Object>> rows = new ArrayList<>();
    for (int flowSteps : new int[] {Work.FLOW_STEPS, 0}) {
      for (int batch : new int[] {32, 128}) {
        Path problem = problem(batch, flowSteps);
        String work = "step, B = " + batch + (flowSteps > 0 ? "" : ", no IAF") + ", ms";
        rows.add(row(results, work, "step", "step", problem, batch, flowSteps));
        if (flowSteps > 0 && batch == 32) {
          String what = "10,000 images x 100 draws, ";
          rows.add(row(results, what + "plain, s", "predict", "predict", problem, 32, flowSteps));
          String hoisted = what + "constants hoisted by hand";
          for (String ours : new String[] {"predict", "predict-fast"}) {
            String name = hoisted + (ours.equals("predict") ? ", s" : ", this library in bf16, s");
            rows.add(row(results, name, ours, "predict-hoisted", problem, 32, flowSteps));
          }
        }
        delete(problem);
      }
    }
    results.put("rows", rows);
    results.write(Path.of("README.md"), RESULTS.resolve("README.md"));
  }

  /** A problem on which all agree. */
  private Path problem(int batch, int flowSteps) throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("bhn-peers");
    one("ours", "write", directory, batch, flowSteps);
    for (String peer : PEERS) {
      for (String task : new String[] {"check", "check-predict"}) {
        double difference = one(peer, task, directory, batch, flowSteps);
        System.out.printf(
            Locale.ROOT,
            "%s, batch %d, %d flow steps: %s differs by %.1e%n",
            peer,
            batch,
            flowSteps,
            task.equals("check") ? "loss or a parameter after a step" : "a mean probability",
            difference);
        if (!(difference < TOLERANCE)) {
          throw new IllegalStateException(peer + " computes something else: nothing is timed");
        }
      }
    }
    return directory;
  }

  private Map<String, Object> row(
      Results results,
      String work,
      String ourTask,
      String task,
      Path problem,
      int batch,
      int flowSteps)
      throws IOException, InterruptedException {
    Map<String, double[]> figures = new LinkedHashMap<>();
    figures.put("ours", new double[rounds]);
    for (String peer : PEERS) {
      figures.put(peer, new double[rounds]);
    }
    for (int round = 0; round < rounds; round++) {
      for (Map.Entry<String, double[]> e : figures.entrySet()) {
        String t = e.getKey().equals("ours") ? ourTask : task;
        e.getValue()[round] = one(e.getKey(), t, problem, batch, flowSteps);
      }
    }
    double[] ratios = new double[rounds];
    List<String> cells = new ArrayList<>(List.of(work));
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("work", work);
    for (Map.Entry<String, double[]> e : figures.entrySet()) {
      cells.add(spread(e.getValue(), "%.1f"));
      row.put(e.getKey(), Arrays.stream(e.getValue()).boxed().toList());
    }
    for (int round = 0; round < rounds; round++) {
      double best = Math.min(figures.get("djl")[round], figures.get("javacpp")[round]);
      ratios[round] = best / figures.get("ours")[round];
    }
    cells.add(spread(ratios, "%.1f"));
    row.put("ratio", Arrays.stream(ratios).boxed().toList());
    results.row(cells);
    return row;
  }

  private static String spread(double[] values, String pattern) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    String full = pattern + " (" + pattern + " – " + pattern + ")";
    return String.format(
        Locale.ROOT, full, sorted[sorted.length / 2], sorted[0], sorted[sorted.length - 1]);
  }

  /** One turn in a fresh process; its standard error goes to ours when it fails. */
  private double one(String contender, String task, Path directory, int batch, int flowSteps)
      throws IOException, InterruptedException {
    Path log = directory.resolve("stderr");
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-Xmx3g",
            "-Dbhn.threads=" + threads,
            "-Dai.djl.pytorch.num_threads=" + threads,
            "-Dorg.bytedeco.openblas.load=mkl_rt",
            "-cp",
            System.getProperty("java.class.path"),
            Contest.class.getName(),
            contender,
            task,
            directory.toString(),
            Integer.toString(batch),
            Integer.toString(flowSteps),
            Integer.toString(threads));
    builder.environment().put("OMP_NUM_THREADS", Integer.toString(threads));
    builder.environment().put("MKL_NUM_THREADS", Integer.toString(threads));
    builder.environment().put("OPT_OUT_TRACKING", "true"); // DJL reports its use otherwise
    Process process = builder.redirectError(log.toFile()).start();
    double figure = Double.NaN;
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        if (line.startsWith(Contest.FIGURE)) {
          figure = Double.parseDouble(line.substring(Contest.FIGURE.length()));
        }
      }
    }
    if (process.waitFor() != 0 || Double.isNaN(figure)) {
      System.err.print(Files.readString(log));
      throw new IllegalStateException(contender + " failed at " + task + " (messages above)");
    }
    return figure;
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }
}
