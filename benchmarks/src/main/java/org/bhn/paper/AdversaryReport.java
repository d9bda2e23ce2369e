package org.bhn.paper;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bhn.report.Plot;
import org.bhn.report.Report;

/** Figure 5 and what belongs to it, from what {@link Adversary} measured. */
final class AdversaryReport {
  /** The step or radius of the table's rows. */
  private static final double SHOWN = 0.1;

  private AdversaryReport() {}

  static void add(Report page, Runs runs) {
    double[] steps = runs.list().getFirst().numbers("step");
    List<String[]> figures = new ArrayList<>();
    figures.add(accuracies(runs, steps));
    for (int draws : new int[] {Adversary.FEW, Adversary.MANY}) {
      for (String what : List.of("mean", "attacks", "errors")) {
        figures.add(scores(runs, steps, draws, what));
      }
    }
    page.figures(figures).table(table(runs, steps)).finding(finding(runs));
    page.small(
        "In the table digits are moved by %s; accuracy in %%, AUROC of the entropy and of the mutual"
                .formatted(SHOWN)
            + " information for finding attacked digits among clean ones, and misread ones among"
            + " attacked ones. BIM and PGD: "
            + runs.list().getFirst().settings().integer("iterations")
            + " steps on the first "
            + runs.list().getFirst().settings().integer("iterated_images")
            + " test digits. An AUROC for errors is missing where there are none.");
  }

  private static String[] accuracies(Runs runs, double[] steps) {
    Plot plot = new Plot("largest change of a pixel", 0, last(steps), "accuracy, %", 0, 100);
    for (int m = 0; m < runs.methods().size(); m++) {
      Runs by = runs.by(runs.methods().get(m));
      String color = Plot.COLORS.get(m);
      int d = 0;
      for (String attack : attacks(by)) {
        double[] x = attack.startsWith("FGS") ? steps : by.list().getFirst().numbers("radius");
        Curve.of(by, Adversary.key(attack, "accuracy"))
            .draw(plot, x, 100, color, Plot.DASHES.get(d++), runs.methods().get(m) + ", " + attack);
      }
    }
    String caption = "Accuracy under attack.";
    return new String[] {plot.svg(caption), caption};
  }

  private static String[] scores(Runs runs, double[] steps, int draws, String what) {
    boolean mean = what.equals("mean");
    String axis =
        mean
            ? "mean score"
            : what.equals("attacks") ? "AUROC, attacked or clean" : "AUROC, misread or not";
    Plot plot = new Plot("step", 0, last(steps), axis, mean ? 0 : 0.3, mean ? 2.3 : 1);
    for (int m = 0; m < runs.methods().size(); m++) {
      Runs by = runs.by(runs.methods().get(m));
      boolean random = !runs.methods().get(m).equals(DigitNets.POINT);
      String attack = Adversary.fgs(random ? draws : Adversary.FEW);
      List<String> names =
          random
              ? List.of(UncertaintyScores.INFORMATION, UncertaintyScores.ENTROPY)
              : List.of(UncertaintyScores.ENTROPY);
      for (String score : names) {
        String dash = Plot.DASHES.get(score.equals(UncertaintyScores.INFORMATION) ? 0 : 1);
        Curve.of(by, Adversary.key(attack, score, what))
            .draw(plot, steps, 1, Plot.COLORS.get(m), dash, runs.methods().get(m) + ", " + score);
      }
    }
    String caption =
        (mean ? "Uncertainty" : what.equals("attacks") ? "Detection of FGS" : "Detection of errors")
            + ", gradients by "
            + Adversary.draws(draws)
            + ".";
    return new String[] {plot.svg(caption), caption};
  }

  private static double last(double[] steps) {
    return steps[steps.length - 1];
  }

  private static List<String> attacks(Runs runs) {
    Run run = runs.list().getFirst();
    List<String> all = new ArrayList<>();
    for (int draws : new int[] {Adversary.FEW, Adversary.MANY}) {
      all.addAll(List.of(Adversary.fgs(draws), Adversary.bim(draws), Adversary.pgd(draws)));
    }
    all.add(Adversary.TRANSFER);
    return all.stream().filter(a -> run.has(Adversary.key(a, "accuracy"))).toList();
  }

  private static List<String[]> table(Runs runs, double[] steps) {
    List<String[]> rows = new ArrayList<>();
    rows.add(
        new String[] {
          "weights, attack",
          "accuracy",
          "attacks, entropy",
          "attacks, information",
          "errors, entropy",
          "errors, information",
          "extent"
        });
    for (String method : runs.methods()) {
      Runs by = runs.by(method);
      for (String attack : attacks(by)) {
        double[] x = attack.startsWith("FGS") ? steps : by.list().getFirst().numbers("radius");
        int at = at(x);
        List<String> row = new ArrayList<>(List.of(method + ", " + attack));
        row.add(text(by, at, 100, Adversary.key(attack, "accuracy")));
        for (String what : List.of("attacks", "errors")) {
          row.add(text(by, at, 1, Adversary.key(attack, UncertaintyScores.ENTROPY, what)));
          row.add(text(by, at, 1, Adversary.key(attack, UncertaintyScores.INFORMATION, what)));
        }
        row.add(by.extent());
        rows.add(row.toArray(String[]::new));
      }
    }
    return rows;
  }

  private static int at(double[] steps) {
    int at = Arrays.binarySearch(steps, SHOWN);
    if (at < 0) {
      throw new IllegalStateException("no step of " + SHOWN + " in " + Arrays.toString(steps));
    }
    return at;
  }

  private static String text(Runs runs, int at, double unit, String name) {
    List<Stat> stats = Curve.of(runs, name).stats();
    Stat stat = at < stats.size() ? stats.get(at) : Stat.of();
    return unit == 1 ? stat.text(2) : stat.percent(1);
  }

  /** What the paper says of mutual information under attack, asked of these runs. */
  private static String finding(Runs runs) {
    StringBuilder text = new StringBuilder("Mutual information under FGS with one draw: ");
    Map<String, Double> gains = new LinkedHashMap<>();
    for (String method : runs.methods()) {
      if (!method.equals(DigitNets.POINT)) {
        String name =
            Adversary.key(Adversary.fgs(Adversary.FEW), UncertaintyScores.INFORMATION, "mean");
        double[] means = Curve.of(runs.by(method), name).means();
        double most = Arrays.stream(means).max().orElseThrow();
        gains.put(method, most - means[0]);
        text.append(Numbers.format("%s from %.3f to at most %.3f nats; ", method, means[0], most));
      }
    }
    if (gains.size() < 2) {
      return text.append("the other method is still to run.").toString();
    }
    boolean more = gains.get(DigitNets.HYPERNETWORK) > gains.get(DigitNets.DROPOUT);
    return text.append(
            more
                ? "the hypernetwork's rises more, as in the paper."
                : "dropout's rises as much or more, unlike in the paper, whose posteriors start"
                    + " almost at a point and whose gradients underflow where a classifier is"
                    + " sure.")
        .toString();
  }
}
