package org.bhn.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Precision;
import org.bhn.report.Machine;

/**
 * Where the time of a training step goes, from a flight recording of a training: calls and
 * microseconds a step of every op, and the share spent outside native code.
 *
 * <p>Arguments: batch (32), flow steps (8), weight samples (1), epochs (4); or {@code predict},
 * perhaps with {@code fast}, for a prediction of 10,000 images with 100 draws.
 */
public final class Profile {
  private Profile() {}

  /** Trains, records and prints the table. */
  public static void main(String[] args) throws IOException {
    if (args.length > 0 && args[0].equals("predict")) {
      predict(args.length > 1 && args[1].equals("fast") ? Precision.FAST : Precision.STRICT);
      return;
    }
    int batch = argument(args, 0, 32);
    int flowSteps = argument(args, 1, Work.FLOW_STEPS);
    int samples = argument(args, 2, 1);
    int epochs = argument(args, 3, 4);
    Path file = Files.createTempFile("bhn", ".jfr");
    try (Backend backend = Backends.best();
        Bhn model = Work.model(backend, flowSteps)) {
      System.out.println(Machine.describe(backend));
      model.fit(Work.data(), Work.fit(1, batch, samples));
      try (Recording recording = new Recording()) {
        recording.enable("org.bhn.Op").withThreshold(Duration.ZERO);
        recording.enable("org.bhn.Step").withThreshold(Duration.ZERO);
        recording.start();
        model.fit(Work.data(), Work.fit(epochs, batch, samples));
        recording.stop();
        recording.dump(file);
      }
      print(RecordingFile.readAllEvents(file));
    } finally {
      Files.delete(file);
    }
  }

  private static void predict(Precision precision) throws IOException {
    Path file = Files.createTempFile("bhn", ".jfr");
    try (Backend backend = Backends.best();
        Bhn model = Work.model(backend, Work.FLOW_STEPS);
        Recording recording = new Recording()) {
      model.precision(precision);
      float[] images = new float[10_000 * Work.PIXELS];
      Arrays.fill(images, 0.5f);
      model.predict(images, 16);
      recording.enable("org.bhn.Op").withThreshold(Duration.ZERO);
      recording.start();
      long start = System.nanoTime();
      model.predict(images, 100);
      long total = System.nanoTime() - start;
      recording.stop();
      recording.dump(file);
      List<RecordedEvent> ops = RecordingFile.readAllEvents(file);
      ops.removeIf(e -> !is(e, "org.bhn.Op"));
      table(ops, 1, total);
      System.out.printf(Locale.ROOT, "prediction %.2f s%n", total * 1e-9);
    } finally {
      Files.delete(file);
    }
  }

  private static int argument(String[] args, int i, int otherwise) {
    return args.length > i ? Integer.parseInt(args[i]) : otherwise;
  }

  private static void print(List<RecordedEvent> events) {
    List<RecordedEvent> steps = new ArrayList<>();
    events.stream().filter(e -> is(e, "org.bhn.Step")).forEach(steps::add);
    steps.sort((a, b) -> a.getStartTime().compareTo(b.getStartTime()));
    // The first steps of a training are recorded rather than replayed.
    steps = steps.subList(Math.min(steps.size(), 20), steps.size());
    long total = steps.stream().mapToLong(e -> e.getDuration().toNanos()).sum();
    double n = Math.max(1, steps.size());
    List<RecordedEvent> ops = new ArrayList<>();
    for (RecordedEvent e : events) {
      if (is(e, "org.bhn.Op") && !steps.isEmpty() && within(e, steps)) {
        ops.add(e);
      }
    }
    long inside = table(ops, n, total);
    System.out.printf(
        Locale.ROOT,
        "step %.3f ms, outside native code %.2f %%, of %d steps%n",
        total / n / 1e6,
        100.0 * (total - inside) / total,
        steps.size());
  }

  /** Prints calls and time of each op, divided by n, and returns their time in nanoseconds. */
  private static long table(List<RecordedEvent> events, double n, long total) {
    Map<String, long[]> ops = new TreeMap<>();
    long inside = 0;
    for (RecordedEvent e : events) {
      long[] sums = ops.computeIfAbsent(e.getString("op"), name -> new long[2]);
      sums[0]++;
      sums[1] += e.getDuration().toNanos();
      inside += e.getDuration().toNanos();
    }
    System.out.printf(Locale.ROOT, "%-22s %8s %12s %8s%n", "op", "calls", "us", "share");
    ops.entrySet().stream()
        .sorted((a, b) -> Long.compare(b.getValue()[1], a.getValue()[1]))
        .forEach(
            e -> {
              double calls = e.getValue()[0] / n;
              double micros = e.getValue()[1] / n / 1e3;
              double share = 100.0 * e.getValue()[1] / total;
              System.out.printf(
                  Locale.ROOT, "%-22s %8.1f %12.1f %6.1f %%%n", e.getKey(), calls, micros, share);
            });
    return inside;
  }

  private static boolean is(RecordedEvent e, String name) {
    return e.getEventType().getName().equals(name);
  }

  private static boolean within(RecordedEvent op, List<RecordedEvent> steps) {
    return !op.getStartTime().isBefore(steps.get(0).getStartTime())
        && !op.getEndTime().isAfter(steps.get(steps.size() - 1).getEndTime());
  }
}
