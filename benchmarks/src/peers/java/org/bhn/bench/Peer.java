package org.bhn.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bhn.io.Json;
import org.bhn.io.JsonObject;

/**
 * Who runs the same work: how its process is started, and which line of what it prints is its
 * figure.
 *
 * @param key in files of results: of the JVM, what {@link Contest} knows it by; of Python's
 *     PyTorch, {@code eager} or {@code compiled}
 * @param title of its column
 * @param python the interpreter; null for a contender of the JVM
 */
record Peer(String key, String title, String python) {
  private static final Path SCRIPT = Path.of("benchmarks", "peers", "pytorch.py");

  static final Peer OURS = new Peer("ours", "this library", null);

  /** The JVM's bindings of PyTorch. */
  static final List<Peer> JVM =
      List.of(new Peer("djl", "DJL", null), new Peer("javacpp", "JavaCPP", null));

  /** PyTorch itself. */
  static List<Peer> python(String interpreter) {
    return List.of(
        new Peer("eager", "PyTorch", interpreter),
        new Peer("compiled", "PyTorch, compiled", interpreter));
  }

  boolean isPython() {
    return python != null;
  }

  /**
   * The command of a task of Python's PyTorch.
   *
   * @param task {@code check}, {@code step}, {@code loop} or {@code vmap}
   */
  List<String> command(String task, Path problem) {
    boolean predicts = task.equals("loop") || task.equals("vmap");
    List<String> command =
        new ArrayList<>(
            List.of(python, SCRIPT.toString(), problem.toString(), predicts ? "predict" : task));
    command.addAll(List.of("--device", "cpu"));
    if (!task.equals("check")) {
      command.addAll(List.of("--modes", key));
    }
    if (predicts) {
      command.addAll(List.of("--by", task));
    }
    return command;
  }

  /** What is compared before anything is timed. */
  List<String> checks() {
    return isPython() ? List.of("check") : List.of("check", "check-predict");
  }

  /** What a check compares. */
  String checked(String task) {
    String step = "loss or a parameter after a step";
    if (isPython()) {
      return step + ", or a mean probability,";
    }
    return task.equals("check") ? step : "a mean probability";
  }

  /** The figure in a line of output; NaN if it holds none. */
  double figure(String line) {
    if (!isPython()) {
      return line.startsWith(Contest.FIGURE)
          ? Double.parseDouble(line.substring(Contest.FIGURE.length()))
          : Double.NaN;
    }
    if (!line.startsWith("{")) {
      return Double.NaN;
    }
    JsonObject result = JsonObject.of(Json.parse(line, SCRIPT.toString()), SCRIPT.toString());
    for (String name : List.of("largest_difference", "ms", "s")) {
      if (result.has(name)) {
        return result.number(name);
      }
    }
    return Double.NaN;
  }
}
