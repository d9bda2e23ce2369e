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

  private static final String STEP = "step";
  private static final String RADIUS = "radius";

  private final Runs runs;

  private AdversaryReport(Runs runs) {
    this.runs = runs;
  }

  static void add(Report page, Runs runs) {
    new AdversaryReport(runs).add(page);
  }

  private void add(Report page) {
    List<String[]> figures = new ArrayList<>();
    figures.add(accuracy("Accuracy under FGS.", "FGS", STEP));
    figures.add(accuracy("Accuracy under BIM and PGD.", "BIM|PGD", RADIUS));
    for (int draws : new int[] {Adversary.FEW, Adversary.MANY}) {
      for (String what : List.of("mean", "attacks", "errors")) {
        String caption = title(what) + ", FGS by " + Adversary.draws(draws) + ".";
        figures.add(
            scores(caption, Adversary.fgs(draws), Adversary.fgs(Adversary.FEW), STEP, what));
      }
    }
    String pgd = Adversary.pgd(Adversary.MANY);
    for (String what : List.of("mean", "attacks")) {
      String caption = title(what) + ", PGD.";
      figures.add(scores(caption, pgd, Adversary.pgd(Adversary.FEW), RADIUS, what));
    }
    page.figures(figures).table(table()).finding(finding());
    page.small(
        Numbers.format(
            "In the table digits are moved by %s. Accuracy in %%; AUROC of the entropy and of the"
                + " mutual information for finding attacked digits among clean ones, and misread"
                + " ones among attacked ones, missing where there are none. BIM and PGD: %d steps,"
                + " the first %d test digits.",
            SHOWN,
            any().settings().integer("iterations"),
            any().settings().integer("iterated_images")));
  }

  private Run any() {
    return runs.list().getFirst();
  }

  private static String title(String what) {
    return switch (what) {
      case "mean" -> "Uncertainty of attacked digits";
      case "attacks" -> "Detection of attacked digits among clean ones";
      default -> "Detection of misread digits among attacked ones";
    };
  }

  private String[] accuracy(String caption, String attacks, String along) {
    double[] x = any().numbers(along);
    Plot plot = plot(x, along, "accuracy, %", 0, 100);
    for (int m = 0; m < runs.methods().size(); m++) {
      String method = runs.methods().get(m);
      Runs by = runs.by(method);
      int dash = 0;
      for (String attack : attacks(by)) {
        if (attack.matches("(" + attacks + ").*")) {
          Curve.of(by, Adversary.key(attack, "accuracy"))
              .draw(
                  plot,
                  x,
                  100,
                  Plot.COLORS.get(m),
                  Plot.DASHES.get(dash++),
                  method + ", " + attack);
        }
      }
    }
    return new String[] {plot.svg(caption), caption};
  }

  /** Scores under an attack, or, of one set of weights, under another one. */
  private String[] scores(String caption, String attack, String single, String along, String what) {
    double[] x = any().numbers(along);
    boolean mean = what.equals("mean");
    Plot plot = mean ? plot(x, along, "mean score, nats", 0, 2) : plot(x, along, "AUROC", 0, 1.35);
    if (what.equals("attacks") && along.equals("step")) {
      plot = plot(x, along, "AUROC", 0, 1).legendBelow();
    }
    for (int m = 0; m < runs.methods().size(); m++) {
      String method = runs.methods().get(m);
      boolean point = method.equals(DigitNets.POINT);
      for (String score : List.of(UncertaintyScores.INFORMATION, UncertaintyScores.ENTROPY)) {
        boolean information = score.equals(UncertaintyScores.INFORMATION);
        if (point && information) {
          continue;
        }
        Curve.of(runs.by(method), Adversary.key(point ? single : attack, score, what))
            .draw(
                plot,
                x,
                1,
                Plot.COLORS.get(m),
                Plot.DASHES.get(information ? 0 : 1),
                method + ", " + score);
      }
    }
    return new String[] {plot.svg(caption), caption};
  }

  private static Plot plot(double[] x, String xLabel, String yLabel, double low, double high) {
    return new Plot(xLabel, 0, x[x.length - 1], yLabel, low, high).legendRight(350);
  }

  private static List<String> attacks(Runs of) {
    Run run = of.list().getFirst();
    List<String> all = new ArrayList<>();
    for (int draws : new int[] {Adversary.FEW, Adversary.MANY}) {
      all.addAll(List.of(Adversary.fgs(draws), Adversary.bim(draws), Adversary.pgd(draws)));
    }
    all.add(Adversary.TRANSFER);
    return all.stream().filter(a -> run.has(Adversary.key(a, "accuracy"))).toList();
  }

  private List<String[]> table() {
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
        List<String> row = new ArrayList<>(List.of(method + ", " + attack));
        row.add(shown(by, attack, "accuracy").percent(1));
        for (String what : List.of("attacks", "errors")) {
          row.add(shown(by, attack, UncertaintyScores.ENTROPY, what).text(2));
          row.add(shown(by, attack, UncertaintyScores.INFORMATION, what).text(2));
        }
        row.add(by.extent());
        rows.add(row.toArray(String[]::new));
      }
    }
    return rows;
  }

  private Stat shown(Runs by, String attack, String... what) {
    double[] x = any().numbers(attack.startsWith("FGS") ? STEP : RADIUS);
    int at = Arrays.binarySearch(x, SHOWN);
    List<Stat> stats = Curve.of(by, Adversary.key(attack, Adversary.key(what))).stats();
    return at >= 0 && at < stats.size() ? stats.get(at) : Stat.of();
  }

  /** What the paper says of mutual information under attack, asked of these runs. */
  private String finding() {
    List<String> rises = new ArrayList<>();
    List<String> under = new ArrayList<>();
    Map<String, Double> gains = new LinkedHashMap<>();
    for (String method : runs.methods()) {
      if (!method.equals(DigitNets.POINT)) {
        double[] mean = information(method, Adversary.fgs(Adversary.FEW), "mean");
        double most = Arrays.stream(mean).max().orElseThrow();
        gains.put(method, most - mean[0]);
        rises.add(Numbers.format("%s from %.3f to at most %.3f nats", method, mean[0], most));
        double[] found = information(method, Adversary.pgd(Adversary.MANY), "attacks");
        under.add(Numbers.format("%s %.2f", method, found[found.length - 1]));
      }
    }
    if (gains.size() < 2) {
      return "The networks with random weights are not all there yet.";
    }
    boolean more = gains.get(DigitNets.HYPERNETWORK) > gains.get(DigitNets.DROPOUT);
    double[] radius = any().numbers(RADIUS);
    return Numbers.format(
        "Mutual information under FGS with one draw rises for %s: %s. Found by it among clean"
            + " digits are those that PGD moved by %s with an AUROC of: %s; below a half, attacked"
            + " digits look surer than clean ones.",
        String.join(", for ", rises),
        more
            ? "more for the hypernetwork, as in the paper"
            : "not more for the hypernetwork, unlike in the paper, where the posterior starts"
                + " almost at a point and the gradient is that of probabilities",
        radius[radius.length - 1],
        String.join(", ", under));
  }

  private double[] information(String method, String attack, String what) {
    return Curve.of(runs.by(method), Adversary.key(attack, UncertaintyScores.INFORMATION, what))
        .means();
  }
}
