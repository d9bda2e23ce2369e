package org.bhn.paper;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.data.Dataset;
import org.bhn.predict.Predictive;
import org.bhn.report.Plot;
import org.bhn.report.Report;
import org.bhn.uncertainty.Classification;
import org.bhn.uncertainty.Detection;

/** Anomalies and errors by uncertainty, as Hendrycks and Gimpel (2017) measure detection. */
final class Anomaly implements Experiment {
  private static final String IMAGES = "other images";
  private static final String LEFT_OUT = "a digit left out";
  private static final String ERRORS = "misread digits";
  private static final String UNSEEN = "the digit left out";
  private static final int FIRST_LEFT_OUT = 3;
  private static final List<String> MEASURES = List.of("AUROC", "AUPR in", "AUPR out");

  @Override
  public String name() {
    return "anomaly";
  }

  @Override
  public String title() {
    return "Anomalies: is the network unsure of what is no digit?";
  }

  @Override
  public String what() {
    return "A network trained on digits meets other images, and digits that it misreads (errors);"
        + " and one that has never seen one of the digits meets that. Scores of uncertainty"
        + " must tell them from test digits (read rightly, where errors are to be found)."
        + " Full runs have the network of the paper's code, 784-256-256-256-10, with 50,000"
        + " images; quick ones 784-200-200-10 with 5,000."
        + " The paper's section on anomaly detection follows Hendrycks and Gimpel (2017);"
        + " its table is not at hand, and the ranges of its images differed, while here all"
        + " are in [0, 1]. Read, where there, are "
        + OutSet.NEEDS
        + "; without any, letters that the program draws. The digit left out is 3 with seed"
        + " 1, as in the paper's code, then 4, 5 and so on.";
  }

  @Override
  public List<Unit> units(Options options) {
    DigitNets nets = DigitNets.dense(options);
    List<OutSet> sets = OutSet.all(options);
    int draws = options.pick(10, 100, 100);
    List<Unit> units = new ArrayList<>();
    for (long seed : options.seedsOr(options.pick(1, 2, 10))) {
      for (String method : DigitNets.METHODS) {
        Map<String, Object> settings = nets.settings(options, method);
        settings.put("draws", draws);
        Map<String, Object> others = new LinkedHashMap<>(settings);
        others.put("sets", sets.stream().map(OutSet::name).toList());
        units.add(
            new Unit(
                IMAGES,
                method,
                seed,
                others,
                backend -> images(backend, options, nets, method, seed, sets, draws)));
        int digit = (int) Math.floorMod(FIRST_LEFT_OUT + seed - 1, DigitNets.CLASSES);
        settings.put("digit", digit);
        units.add(
            new Unit(
                LEFT_OUT,
                method,
                seed,
                settings,
                backend -> leftOut(backend, options, nets, method, seed, digit, draws)));
      }
    }
    return units;
  }

  private static Values images(
      Backend backend,
      Options options,
      DigitNets nets,
      String method,
      long seed,
      List<OutSet> sets,
      int draws) {
    ImageSets data = DigitNets.sets(options, nets.rows());
    Dataset test = data.test().take(nets.testRows());
    Values values = new Values();
    try (Bhn model = nets.trained(backend, method, data.train(), seed)) {
      Predictive in = model.predict(test.inputs(), draws);
      values.put("accuracy", Classification.accuracy(in.meanRows(), test.labels()));
      boolean[] wrong = UncertaintyScores.wrong(in, test);
      UncertaintyScores.of(in)
          .forEach(
              (score, v) ->
                  put(values, ERRORS, score, chosen(v, wrong, false), chosen(v, wrong, true)));
      for (OutSet set : sets) {
        compare(values, set.name(), in, model.predict(set.images().take(nets.testRows()), draws));
      }
    }
    return values;
  }

  private static Values leftOut(
      Backend backend,
      Options options,
      DigitNets nets,
      String method,
      long seed,
      int digit,
      int draws) {
    ImageSets data = DigitNets.sets(options, nets.rows());
    Dataset test = data.test().take(nets.testRows());
    Dataset others = labelled(test, digit, false);
    Dataset unseen = labelled(test, digit, true);
    Values values = new Values();
    try (Bhn model = nets.trained(backend, method, labelled(data.train(), digit, false), seed)) {
      Predictive in = model.predict(others.inputs(), draws);
      values.put("accuracy", Classification.accuracy(in.meanRows(), others.labels()));
      compare(values, UNSEEN, in, model.predict(unseen.inputs(), draws));
    }
    return values;
  }

  /** The rows whose label is, or is not, a given one. */
  private static Dataset labelled(Dataset data, int label, boolean is) {
    return data.select(
        IntStream.range(0, data.rows()).filter(i -> (data.label(i) == label) == is).toArray());
  }

  private static void compare(Values values, String set, Predictive in, Predictive out) {
    Map<String, double[]> inside = UncertaintyScores.of(in);
    UncertaintyScores.of(out)
        .forEach((score, outside) -> put(values, set, score, inside.get(score), outside));
  }

  private static void put(Values values, String set, String score, double[] in, double[] out) {
    values.put(key(set, score, MEASURES.get(0)), Detection.auroc(in, out));
    values.put(key(set, score, MEASURES.get(1)), Detection.auprIn(in, out));
    values.put(key(set, score, MEASURES.get(2)), Detection.auprOut(in, out));
  }

  private static String key(String set, String score, String measure) {
    return set + ": " + score + ": " + measure;
  }

  private static double[] chosen(double[] values, boolean[] flags, boolean which) {
    return IntStream.range(0, values.length)
        .filter(i -> flags[i] == which)
        .mapToDouble(i -> values[i])
        .toArray();
  }

  @Override
  public void report(Report page, Runs runs) {
    Runs images = runs.of(IMAGES);
    if (!images.isEmpty()) {
      List<String> sets = new ArrayList<>();
      images.first().orElseThrow().settings().list("sets").forEach(s -> sets.add((String) s));
      sets.add(ERRORS);
      page.figures(List.<String[]>of(figure(images, sets)));
      MEASURES.forEach(measure -> page.text(measure + ", %:").table(table(images, sets, measure)));
      page.finding(finding(images, sets));
    }
    Runs leftOut = runs.of(LEFT_OUT);
    if (!leftOut.isEmpty()) {
      page.text("A digit that training left out, " + String.join(", ", MEASURES) + ", %:")
          .table(leftOutTable(leftOut));
    }
    page.small(
        "AUROC: chance that an anomaly scores higher than a digit, ties counting half. AUPR in and"
            + " out: average precision with the digits, or the anomalies, as what is to be found;"
            + " they depend on how many there are of each. Errors are few, so their AUPR out is"
            + " low. One set of weights has no mutual information. Accuracies: "
            + accuracies(images)
            + ".");
  }

  /** Which weights tell other images best, each by the best of its scores. */
  private static String finding(Runs runs, List<String> sets) {
    List<String> texts = new ArrayList<>();
    for (String method : runs.methods()) {
      Runs by = runs.by(method);
      Map<String, Double> means = new LinkedHashMap<>();
      for (String score : scores(by, ERRORS)) {
        means.put(
            score,
            sets.stream()
                .filter(set -> !set.equals(ERRORS))
                .mapToDouble(set -> by.stat(key(set, score, MEASURES.getFirst())).mean())
                .average()
                .orElseThrow());
      }
      Map.Entry<String, Double> best =
          means.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow();
      texts.add(Numbers.format("%s %.1f %% by %s", method, 100 * best.getValue(), best.getKey()));
    }
    return "AUROC averaged over the sets of other images, each by its best score: "
        + String.join(", ", texts)
        + ". A review of the paper reports the hypernetwork as competitive and dropout as slightly"
        + " ahead.";
  }

  private static String accuracies(Runs runs) {
    return String.join(
        "; ",
        runs.methods().stream()
            .map(m -> m + " " + runs.by(m).stat("accuracy").percent(2) + " %")
            .toList());
  }

  private static List<String> scores(Runs runs, String set) {
    return UncertaintyScores.names(true).stream()
        .filter(s -> runs.first().orElseThrow().has(key(set, s, MEASURES.getFirst())))
        .toList();
  }

  private static List<String[]> table(Runs runs, List<String> sets, String measure) {
    List<String[]> rows = new ArrayList<>();
    List<String> head = new ArrayList<>(List.of("weights, score"));
    head.addAll(sets);
    head.add("extent");
    rows.add(head.toArray(String[]::new));
    for (String method : runs.methods()) {
      Runs by = runs.by(method);
      for (String score : scores(by, ERRORS)) {
        List<String> row = new ArrayList<>(List.of(method + ", " + score));
        sets.forEach(set -> row.add(by.stat(key(set, score, measure)).percent(1)));
        row.add(by.extent());
        rows.add(row.toArray(String[]::new));
      }
    }
    return rows;
  }

  private static List<String[]> leftOutTable(Runs runs) {
    List<String[]> rows = new ArrayList<>();
    List<String> head = new ArrayList<>(List.of("weights, score"));
    head.addAll(MEASURES);
    head.add("extent");
    rows.add(head.toArray(String[]::new));
    for (String method : runs.methods()) {
      Runs by = runs.by(method);
      for (String score : scores(by, UNSEEN)) {
        List<String> row = new ArrayList<>(List.of(method + ", " + score));
        MEASURES.forEach(m -> row.add(by.stat(key(UNSEEN, score, m)).percent(1)));
        row.add(by.extent());
        rows.add(row.toArray(String[]::new));
      }
    }
    return rows;
  }

  private static String[] figure(Runs runs, List<String> sets) {
    Plot plot = new Plot("", -0.5, sets.size() - 0.5, "AUROC by entropy, %", 40, 125);
    plot.categories(
        sets.stream().map(s -> s.replaceFirst("^(grey|drawn|misread) | noise$", "")).toList());
    for (int m = 0; m < runs.methods().size(); m++) {
      Runs by = runs.by(runs.methods().get(m));
      double shift = 0.18 * (m - 1);
      double[] x = new double[sets.size()];
      double[] low = new double[x.length];
      double[] high = new double[x.length];
      double[] mean = new double[x.length];
      Arrays.setAll(x, i -> i + shift);
      for (int i = 0; i < x.length; i++) {
        Stat stat = by.stat(key(sets.get(i), UncertaintyScores.ENTROPY, MEASURES.getFirst()));
        mean[i] = 100 * stat.mean();
        double half = stat.n() > 1 ? 100 * stat.halfWidth() : 0;
        low[i] = mean[i] - half;
        high[i] = mean[i] + half;
      }
      String color = Plot.COLORS.get(m);
      plot.errors(x, low, high, color).points(x, mean, 4, color, 1, runs.methods().get(m));
    }
    String caption = "How well the entropy of the prediction tells anomalies from digits.";
    return new String[] {plot.svg(caption), caption};
  }
}
