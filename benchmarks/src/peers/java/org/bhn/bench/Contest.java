package org.bhn.bench;

import java.nio.file.Path;
import java.util.Arrays;
import org.bhn.backend.Precision;

/** One contender's turn in a process of its own; the last line it prints is its figure. */
final class Contest {
  static final String FIGURE = "figure ";

  private static final int WARM_STEPS = 20;
  private static final long WARM_NANOS = 2_000_000_000L; // the JVM compiles beside the first steps
  private static final int STEPS = 100;
  private static final int IMAGES = 10_000;

  private Contest() {}

  /** Arguments: contender, task, directory of the problem, batch, flow steps, threads. */
  public static void main(String[] args) {
    String contender = args[0];
    String task = args[1];
    Path directory = Path.of(args[2]);
    int batch = Integer.parseInt(args[3]);
    int flowSteps = Integer.parseInt(args[4]);
    int threads = Integer.parseInt(args[5]);
    double figure;
    if (contender.equals("ours")) {
      figure = ours(task, directory, batch, flowSteps);
    } else {
      Problem problem = Problem.read(directory);
      try (Contender it =
          contender.equals("djl")
              ? new Djl(problem)
              : new JavaCpp(problem, threads, task.equals("check"))) {
        figure = peer(it, task, directory, problem);
      }
    }
    System.out.println(FIGURE + figure);
    System.out.flush();
    Runtime.getRuntime().halt(0); // some native pools do not end on their own
  }

  private static double ours(String task, Path directory, int batch, int flowSteps) {
    if (task.equals("write")) {
      Problem.write(directory, batch, flowSteps);
      return 0;
    }
    try (Ours ours = new Ours(flowSteps)) {
      if (task.equals("step")) {
        ours.warm(batch, WARM_NANOS);
        long[] times = ours.steps(batch, WARM_STEPS + STEPS);
        return median(Arrays.copyOfRange(times, WARM_STEPS, times.length)) * 1e-6;
      }
      ours.precision(task.equals("predict-fast") ? Precision.FAST : Precision.STRICT);
      float[] images = Problem.images(IMAGES);
      ours.predict(images, 16);
      long start = System.nanoTime();
      ours.predict(images, Problem.DRAWS);
      return (System.nanoTime() - start) * 1e-9;
    }
  }

  private static double peer(Contender it, String task, Path directory, Problem problem) {
    if (task.equals("check")) {
      double loss = it.step();
      return Problem.difference(directory, problem, loss, it.parameters());
    }
    if (task.equals("step")) {
      long begin = System.nanoTime();
      for (int i = 0; i < WARM_STEPS || System.nanoTime() - begin < WARM_NANOS; i++) {
        it.step();
      }
      long[] times = new long[STEPS];
      for (int i = 0; i < STEPS; i++) {
        long start = System.nanoTime();
        it.step();
        times[i] = System.nanoTime() - start;
      }
      return median(times) * 1e-6;
    }
    boolean hoisted = task.equals("predict-hoisted");
    float[] images = Problem.images(IMAGES);
    float[] noise = Problem.predictionNoise(directory);
    if (task.equals("check-predict")) {
      return Problem.predictionDifference(directory, it);
    }
    it.predict(images, Arrays.copyOf(noise, 2 * problem.dim()), hoisted);
    long start = System.nanoTime();
    it.predict(images, noise, hoisted);
    return (System.nanoTime() - start) * 1e-9;
  }

  private static double median(long[] times) {
    long[] sorted = times.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
