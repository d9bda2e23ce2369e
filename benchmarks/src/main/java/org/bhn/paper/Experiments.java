package org.bhn.paper;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.io.JsonObject;
import org.bhn.report.Machine;
import org.bhn.report.Report;
import org.bhn.report.TextTable;

/** Runs the paper's experiments by name, see {@link Options#parse}. */
public final class Experiments {
  static final List<Experiment> ALL =
      List.of(
          new ToyRegression(),
          new Identity(),
          new ClassificationTables(),
          new ActiveDigits(),
          new Adversary(),
          new Anomaly(),
          new Uci(),
          new PosteriorStructure());

  private final Experiment experiment;
  private final Options options;
  private final PrintStream out;

  private Experiments(Experiment experiment, Options options, PrintStream out) {
    this.experiment = experiment;
    this.options = options;
    this.out = out;
  }

  /** Runs one experiment, or builds the report of all. */
  public static void main(String[] args) throws IOException {
    Options options = Options.parse(args);
    if (options.name().equals("report")) {
      PaperReport.write(ALL, options);
      System.out.println("The report: " + options.page().toAbsolutePath());
      return;
    }
    Experiment chosen =
        ALL.stream()
            .filter(e -> e.name().equals(options.name()))
            .findFirst()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "--name=%s: experiments are %s, and report"
                            .formatted(options.name(), names())));
    run(chosen, options, System.out);
  }

  private static String names() {
    return String.join(", ", ALL.stream().map(Experiment::name).toList());
  }

  /** Runs what is missing of an experiment and prints its tables. */
  static Runs run(Experiment experiment, Options options, PrintStream out) throws IOException {
    return new Experiments(experiment, options, out).run();
  }

  private Runs run() throws IOException {
    Store store = new Store(experiment, options);
    List<Unit> units = experiment.units(options);
    List<Unit> asked = units.stream().filter(u -> options.only().matcher(u.key()).find()).toList();
    List<Unit> missing = asked.stream().filter(u -> store.find(u).isEmpty()).toList();
    out.printf(
        "%s: %d of %d units are in %s%n",
        experiment.name(), asked.size() - missing.size(), asked.size(), store.file());
    if (asked.isEmpty()) {
      throw new IllegalArgumentException(
          "--only=%s: no unit has a match; with these seeds there are %d, the first is \"%s\""
              .formatted(
                  options.only(), units.size(), units.isEmpty() ? "none" : units.getFirst().key()));
    }
    if (!missing.isEmpty()) {
      store.open();
      keepLonger(missing, store);
      try (Backend backend = open()) {
        String machine = Machine.describe(backend);
        out.println(machine);
        runAll(missing, units, backend, machine, store);
      }
    }
    List<Run> done = new ArrayList<>();
    for (Unit unit : asked) {
      Optional<Run> run = store.find(unit);
      run.ifPresent(done::add);
    }
    Runs runs = new Runs(done);
    if (!runs.isEmpty()) {
      Report page = new Report();
      experiment.report(page, runs);
      page.tables().forEach(t -> out.print("\n" + TextTable.of(t)));
    }
    return runs;
  }

  /** A run to fewer labels must not take the place of a longer one. */
  private void keepLonger(List<Unit> missing, Store store) {
    Set<String> there =
        options.labels().isEmpty()
            ? Set.of()
            : store.runs().list().stream().map(Run::key).collect(Collectors.toSet());
    for (Unit unit : missing) {
      if (there.contains(unit.key())) {
        throw new IllegalArgumentException(
            ("--labels=%d: \"%s\" is in %s with other settings, and would be replaced: pass another"
                    + " --out")
                .formatted(options.labels().getAsInt(), unit.key(), store.file()));
      }
    }
  }

  private void runAll(
      List<Unit> missing, List<Unit> order, Backend backend, String machine, Store store)
      throws IOException {
    long start = System.nanoTime();
    String commit = Machine.commit();
    for (int i = 0; i < missing.size(); i++) {
      Unit unit = missing.get(i);
      out.printf("[%d/%d] %s%n", i + 1, missing.size(), unit.key());
      long began = System.nanoTime();
      Values values = unit.work().run(backend);
      long now = System.nanoTime();
      Run run =
          new Run(
              unit.group(),
              unit.method(),
              unit.seed(),
              options.size(),
              JsonObject.of(unit.settings(), unit.key()),
              commit,
              machine,
              Math.round((now - began) * 1e-8) / 10.0,
              JsonObject.of(values.toMap(), unit.key()));
      store.add(run, order);
      out.printf(
          Locale.ROOT,
          "      %.1f s, about %.0f s left%n",
          run.seconds(),
          (now - start) * 1e-9 / (i + 1) * (missing.size() - i - 1));
    }
  }

  private Backend open() {
    return options.backend().map(Backends::open).orElseGet(Backends::best);
  }
}
