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
 * The training step and the prediction against the JVM's bindings of PyTorch, or against PyTorch
 * itself. Every figure comes from a process of its own; the contenders take turns, several rounds.
 * Before anything is timed, all must agree on the loss, the parameters after a step, and the
 * predictions.
 */
public final class Compare {
  private static final double TOLERANCE = 1e-4;
  private static final Path RESULTS = Path.of("benchmarks", "results");

  private final List<Peer> peers;
  private final int rounds;
  private final int threads;

  private Compare(List<Peer> peers, int rounds, int threads) {
    this.peers = peers;
    this.rounds = rounds;
    this.threads = threads;
  }

  /**
   * Arguments: rounds (3), threads (all), and a Python interpreter that has torch (none: bindings
   * of the JVM); each may be empty.
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    int rounds = args.length > 0 && !args[0].isEmpty() ? Integer.parseInt(args[0]) : 3;
    int threads =
        args.length > 1 && !args[1].isEmpty()
            ? Integer.parseInt(args[1])
            : Runtime.getRuntime().availableProcessors();
    boolean python = args.length > 2 && !args[2].isEmpty();
    new Compare(python ? Peer.python(args[2]) : Peer.JVM, rounds, threads).run(python);
  }

  private void run(boolean python) throws IOException, InterruptedException {
    String spread = "; medians of the rounds, lowest and highest in brackets";
    Results results =
        python
            ? new Results("pytorch", "this library beside " + version() + spread, RESULTS)
            : new Results(
                "peers",
                "this library beside DJL 0.35.1 (PyTorch 2.7.1) and JavaCPP PyTorch 2.13.0 with MKL"
                    + spread,
                RESULTS);
    results.put("threads", threads);
    results.put("rounds", rounds);
    List<String> head = new ArrayList<>(List.of("work", Peer.OURS.title()));
    peers.forEach(peer -> head.add(peer.title()));
    head.add("best peer / this");
    results.row(head);
    List<Map<String, Object>> rows = new ArrayList<>();
    for (int flowSteps : new int[] {Work.FLOW_STEPS, 0}) {
      for (int batch : new int[] {32, 128}) {
        Path problem = problem(batch, flowSteps);
        String work = "step, B = " + batch + (flowSteps > 0 ? "" : ", no IAF") + ", ms";
        rows.add(row(results, work, "step", "step", problem, batch, flowSteps));
        String what = "10,000 images x 100 draws, ";
        if (python && flowSteps > 0 && batch == 32) {
          rows.add(row(results, what + "in a loop, s", "predict", "loop", problem, 32, flowSteps));
          rows.add(row(results, what + "by vmap, s", "predict", "vmap", problem, 32, flowSteps));
        } else if (flowSteps > 0 && batch == 32) {
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
    one(Peer.OURS, "write", directory, batch, flowSteps);
    for (Peer peer : peers) {
      for (String task : peer.checks()) {
        double difference = one(peer, task, directory, batch, flowSteps);
        System.out.printf(
            Locale.ROOT,
            "%s, batch %d, %d flow steps: %s differs by %.1e%n",
            peer.title(),
            batch,
            flowSteps,
            peer.checked(task),
            difference);
        if (!(difference < TOLERANCE)) {
          throw new IllegalStateException(
              peer.title() + " computes something else: nothing is timed");
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
    Map<Peer, double[]> figures = new LinkedHashMap<>();
    figures.put(Peer.OURS, new double[rounds]);
    peers.forEach(peer -> figures.put(peer, new double[rounds]));
    for (int round = 0; round < rounds; round++) {
      for (Map.Entry<Peer, double[]> e : figures.entrySet()) {
        String t = e.getKey() == Peer.OURS ? ourTask : task;
        e.getValue()[round] = one(e.getKey(), t, problem, batch, flowSteps);
      }
    }
    double[] ratios = new double[rounds];
    List<String> cells = new ArrayList<>(List.of(work));
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("work", work);
    for (Map.Entry<Peer, double[]> e : figures.entrySet()) {
      cells.add(spread(e.getValue(), "%.1f"));
      row.put(e.getKey().key(), Arrays.stream(e.getValue()).boxed().toList());
    }
    for (int round = 0; round < rounds; round++) {
      double best = Double.POSITIVE_INFINITY;
      for (Peer peer : peers) {
        best = Math.min(best, figures.get(peer)[round]);
      }
      ratios[round] = best / figures.get(Peer.OURS)[round];
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
  private double one(Peer contender, String task, Path directory, int batch, int flowSteps)
      throws IOException, InterruptedException {
    Path log = directory.resolve("stderr");
    ProcessBuilder builder =
        new ProcessBuilder(
            contender.isPython()
                ? contender.command(task, directory)
                : java(contender, task, directory, batch, flowSteps));
    builder.environment().put("OMP_NUM_THREADS", Integer.toString(threads));
    builder.environment().put("MKL_NUM_THREADS", Integer.toString(threads));
    builder.environment().put("OPT_OUT_TRACKING", "true"); // DJL reports its use otherwise
    Process process = builder.redirectError(log.toFile()).start();
    double figure = Double.NaN;
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        double found = contender.figure(line);
        figure = Double.isNaN(found) ? figure : found;
      }
    }
    if (process.waitFor() != 0 || Double.isNaN(figure)) {
      System.err.print(Files.readString(log));
      throw new IllegalStateException(
          contender.title() + " failed at " + task + " (messages above)");
    }
    return figure;
  }

  private List<String> java(
      Peer contender, String task, Path directory, int batch, int flowSteps) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "-Xmx3g",
        "-Dbhn.threads=" + threads,
        "-Dai.djl.pytorch.num_threads=" + threads,
        "-Dorg.bytedeco.openblas.load=mkl_rt",
        "-cp",
        System.getProperty("java.class.path"),
        Contest.class.getName(),
        contender.key(),
        task,
        directory.toString(),
        Integer.toString(batch),
        Integer.toString(flowSteps),
        Integer.toString(threads));
  }

  /** PyTorch's name and version, in its own words. */
  private String version() throws IOException, InterruptedException {
    String python = peers.get(0).python();
    Process process =
        new ProcessBuilder(python, "-c", "import torch; print('PyTorch', torch.__version__)")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException(python + " has no torch: install it there, or name another");
    }
    return text.strip();
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
