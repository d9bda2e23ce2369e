package org.bhn.paper;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.bhn.paper.Options.Mode;
import org.bhn.paper.Options.Size;
import org.bhn.report.Machine;
import org.bhn.report.Report;

/** One page of everything found in the results directory. */
final class PaperReport {
  private static final String HOW =
      "Each value is a mean over seeds or splits, ± the half width of its 95 % confidence interval"
          + " (Student's t) where there are two or more. Every row says how much was run (quick:"
          + " minutes on two cores; full: as in the paper) and in which mode: \"paper\" takes"
          + " learning rates, initial widths, schedules and Monte-Carlo counts as published,"
          + " \"fixed\" what this library recommends. Both use log-softmax where the original clips"
          + " probabilities, saved masks and permutations, shuffled batches and the whole KL."
          + " Wall times (s) are of shared machines and compare only roughly.";

  private PaperReport() {}

  static void write(List<Experiment> experiments, Options options) throws IOException {
    Report page =
        new Report()
            .title(
                "Bayesian hypernetworks: the paper's experiments, run again",
                "Commit " + Machine.commit())
            .text(
                "Krueger, Huang, Islam, Turner, Lacoste and Courville, \"Bayesian Hypernetworks\","
                    + " arXiv 1710.04759.")
            .small(HOW);
    for (Experiment experiment : experiments) {
      section(page, experiment, options);
    }
    page.write(options.page());
  }

  private static void section(Report page, Experiment experiment, Options options) {
    page.heading(experiment.title()).text(experiment.what());
    part(page, experiment, options, Mode.FIXED);
    if (!found(experiment, options, Mode.PAPER).isEmpty()) {
      page.subheading("With the published settings");
      part(page, experiment, options, Mode.PAPER);
    }
  }

  private static void part(Report page, Experiment experiment, Options options, Mode mode) {
    Runs runs = found(experiment, options, mode);
    if (runs.isEmpty()) {
      page.small("Not run yet: -Dname=" + experiment.name() + ".");
      return;
    }
    experiment.report(page, runs);
    page.small(provenance(runs) + " " + missing(experiment, options.at(Size.FULL, mode), runs));
  }

  private static Runs found(Experiment experiment, Options options, Mode mode) {
    Runs[] runs = new Runs[Size.values().length];
    for (Size size : Size.values()) {
      runs[size.ordinal()] = new Store(experiment, options.at(size, mode)).runs();
    }
    Runs real = Runs.best(runs[Size.QUICK.ordinal()], runs[Size.FULL.ordinal()]);
    return real.isEmpty() ? runs[Size.TINY.ordinal()] : real;
  }

  private static String provenance(Runs runs) {
    Set<String> commits = new TreeSet<>();
    Set<String> machines = new TreeSet<>();
    double seconds = 0;
    for (Run run : runs.list()) {
      commits.add(run.commit());
      // The library's own build is said by the commit.
      machines.add(run.machine().replaceAll(" \\(.*", ""));
      seconds += run.seconds();
    }
    return String.format(
        Locale.ROOT,
        "%d runs, %s of computing in all; commit %s; %s.",
        runs.size(),
        seconds < 100
            ? String.format(Locale.ROOT, "%.0f s", seconds)
            : String.format(Locale.ROOT, "%.0f min", seconds / 60),
        String.join(", ", commits),
        String.join("; ", machines));
  }

  /** What the paper's extent has and the results do not. */
  private static String missing(Experiment experiment, Options full, Runs runs) {
    Set<String> done = new HashSet<>();
    runs.list().stream().filter(r -> r.size() == Size.FULL).forEach(r -> done.add(r.key()));
    Map<String, Set<String>> absent = new LinkedHashMap<>();
    Map<String, Set<String>> begun = new LinkedHashMap<>();
    int all = 0;
    int left = 0;
    for (Unit unit : experiment.units(full)) {
      boolean here = done.contains(unit.key());
      (here ? begun : absent)
          .computeIfAbsent(unit.group(), g -> new LinkedHashSet<>())
          .add(unit.method());
      all++;
      left += here ? 0 : 1;
    }
    List<String> parts = new ArrayList<>();
    absent.forEach(
        (group, methods) ->
            parts.add(
                begun.containsKey(group) ? group + ": " + String.join(", ", methods) : group));
    return left == 0
        ? "Everything was run in full."
        : "Not run in full: %d of %d units (%s).".formatted(left, all, String.join("; ", parts));
  }
}
