package org.bhn.paper;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bhn.Bhn;
import org.bhn.adversary.Attack;
import org.bhn.backend.Backend;
import org.bhn.data.Dataset;
import org.bhn.predict.Predictive;
import org.bhn.report.Plot;
import org.bhn.report.Report;
import org.bhn.uncertainty.Detection;

/** Figure 5: accuracy and uncertainty under attack, and detection of attacks and errors. */
final class Adversary implements Experiment {
  private static final String GROUP = "attacks";
  private static final String TRANSFER = "FGS on one set of weights";
  private static final double[] STEPS = {
    0, 0.001, 0.002, 0.003, 0.004, 0.005, 0.008, 0.01, 0.012, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05,
    0.075, 0.1, 0.15, 0.2, 0.3, 0.5
  };
  private static final double[] QUICK_STEPS = {0, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5};
  private static final double[] RADII = {0, 0.05, 0.1, 0.2, 0.3};
  private static final int FEW = 1;
  private static final int MANY = 32;
  private static final double SHOWN = 0.1;

  /** Apart from the seeds of predictions, so that an attack does not know their draws. */
  private static final long ATTACK_SEED = 1L << 40;

  /** How much is attacked. */
  private record Sizes(int images, int iterated, int iterations, int draws, double[] steps) {
    static Sizes of(Options options) {
      return new Sizes(
          options.pick(30, 1000, 10_000),
          options.pick(20, 250, 2000),
          options.pick(3, 10, 40),
          options.pick(6, 20, 20),
          options.pick(new double[] {0, 0.1}, QUICK_STEPS, STEPS));
    }
  }

  @Override
  public String name() {
    return "adversary";
  }

  @Override
  public String title() {
    return "Figure 5. Adversaries and errors";
  }

  @Override
  public String what() {
    return "Test digits move by steps against the gradient of the log of the mean probability of"
               + " their label (fast gradient sign, FGS), and by many small ones within a ball (BIM,"
               + " and PGD from a random start); in [0, 1]. The paper attacks with one draw of the"
               + " weights in each gradient and finds that mutual information and mean standard"
               + " deviation of the hypernetwork rise with the step and those of dropout do not."
               + " Beside it here: 32 draws, stronger attacks, and attacks crafted on a network with"
               + " one set of weights. Detection: of attacked digits among clean ones, and of"
               + " misread digits among attacked ones. Later work found that such defences fail"
               + " under attacks made for them: what resists here is not thereby safe.";
  }

  @Override
  public List<Unit> units(Options options) {
    DigitNets nets = DigitNets.of(options);
    Sizes sizes = Sizes.of(options);
    boolean clipped = !options.asPublished();
    List<Unit> units = new ArrayList<>();
    for (long seed : options.seedsOr(options.pick(1, 2, 3))) {
      for (String method : DigitNets.METHODS) {
        Map<String, Object> settings = nets.settings(options, method);
        settings.put("images", sizes.images);
        settings.put("iterated_images", sizes.iterated);
        settings.put("iterations", sizes.iterations);
        settings.put("draws", sizes.draws);
        settings.put("steps", list(sizes.steps));
        settings.put("clipped", clipped);
        units.add(
            new Unit(
                GROUP,
                method,
                seed,
                settings,
                backend -> run(backend, options, nets, sizes, method, seed, clipped)));
      }
    }
    return units;
  }

  private static List<Object> list(double[] values) {
    List<Object> list = new ArrayList<>();
    for (double v : values) {
      list.add(v);
    }
    return list;
  }

  private static Values run(
      Backend backend,
      Options options,
      DigitNets nets,
      Sizes sizes,
      String method,
      long seed,
      boolean clipped) {
    DigitData data = DigitData.read(options, nets.rows(), nets.testRows());
    Dataset clean = data.test().take(Math.min(sizes.images, data.test().rows()));
    Dataset few = clean.take(Math.min(sizes.iterated, clean.rows()));
    boolean random = !method.equals(DigitNets.POINT);
    Values values = new Values().put("step", sizes.steps).put("radius", RADII);
    try (Bhn model = nets.trained(backend, method, data.train(), seed)) {
      for (int draws : random ? new int[] {FEW, MANY} : new int[] {FEW}) {
        record(values, fgs(draws), model, clean, sizes, fgs(model, clean, draws, sizes, clipped));
      }
      int draws = random ? MANY : FEW;
      for (boolean start : new boolean[] {false, true}) {
        String name = start ? pgd(draws) : bim(draws);
        record(values, name, model, few, sizes, iterated(model, few, draws, sizes, start, clipped));
      }
      if (random) {
        try (Bhn other = nets.trained(backend, DigitNets.POINT, data.train(), seed)) {
          record(values, TRANSFER, model, clean, sizes, fgs(other, clean, FEW, sizes, clipped));
        }
      }
    }
    return values;
  }

  private static String fgs(int draws) {
    return "FGS, " + draws(draws);
  }

  private static String bim(int draws) {
    return "BIM, " + draws(draws);
  }

  private static String pgd(int draws) {
    return "PGD, " + draws(draws);
  }

  private static String draws(int n) {
    return n == 1 ? "1 draw" : n + " draws";
  }

  /** The digits moved by each step. FGS sees the gradient at the digits alone: it is taken once. */
  private static List<float[]> fgs(
      Bhn model, Dataset digits, int draws, Sizes sizes, boolean clipped) {
    double[] direction =
        model.inputGradient(digits.inputs(), digits.labels(), draws, ATTACK_SEED).direction();
    List<float[]> moved = new ArrayList<>();
    for (double step : sizes.steps) {
      moved.add(
          range(Attack.fgs(step), clipped)
              .run((x, y, s, seed) -> direction, digits.inputs(), digits.labels()));
    }
    return moved;
  }

  private static List<float[]> iterated(
      Bhn model, Dataset digits, int draws, Sizes sizes, boolean randomStart, boolean clipped) {
    List<float[]> moved = new ArrayList<>();
    for (double radius : RADII) {
      double step = 2.5 * radius / sizes.iterations; // as Madry et al. 2018: room to cross the ball
      Attack attack =
          randomStart
              ? Attack.pgd(radius, step, sizes.iterations)
              : Attack.bim(radius, step, sizes.iterations);
      moved.add(
          range(attack.samples(draws).seed(ATTACK_SEED), clipped)
              .run(model, digits.inputs(), digits.labels()));
    }
    return moved;
  }

  private static Attack range(Attack attack, boolean clipped) {
    return clipped ? attack.clip(0, 1) : attack;
  }

  /** What the model says of the digits moved by each step, beside the unmoved first ones. */
  private static void record(
      Values values, String attack, Bhn model, Dataset digits, Sizes sizes, List<float[]> moved) {
    int n = moved.size();
    double[] accuracy = new double[n];
    Map<String, double[][]> measured = new LinkedHashMap<>();
    Map<String, double[]> clean =
        UncertaintyScores.of(model.predict(digits.inputs(), sizes.draws));
    for (int i = 0; i < n; i++) {
      Predictive p = model.predict(moved.get(i), sizes.draws);
      boolean[] wrong = DigitData.wrong(p.labels(), digits.labels());
      for (boolean w : wrong) {
        accuracy[i] += w ? 0 : 1.0 / wrong.length;
      }
      int at = i;
      UncertaintyScores.of(p)
          .forEach(
              (score, v) -> {
                double[][] by = measured.computeIfAbsent(score, s -> new double[3][n]);
                by[0][at] = Arrays.stream(v).average().orElseThrow();
                by[1][at] = Detection.auroc(clean.get(score), v);
                by[2][at] = Detection.auroc(v, wrong);
              });
    }
    values.put(key(attack, "accuracy"), accuracy);
    measured.forEach(
        (score, by) ->
            values
                .put(key(attack, score, "mean"), by[0])
                .put(key(attack, score, "attacks"), by[1])
                .put(key(attack, score, "errors"), by[2]));
  }

  private static String key(String... parts) {
    return String.join(": ", parts);
  }

  @Override
  public void report(Report page, Runs runs) {
    double[] steps = runs.list().getFirst().numbers("step");
    List<String[]> figures = new ArrayList<>();
    figures.add(accuracies(runs, steps));
    for (int draws : new int[] {FEW, MANY}) {
      for (String what : List.of("mean", "attacks", "errors")) {
        figures.add(scores(runs, steps, draws, what));
      }
    }
    page.figures(figures).table(table(runs, steps));
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
        Curve.of(by, key(attack, "accuracy"))
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
      String attack = fgs(random ? draws : FEW);
      List<String> names =
          random
              ? List.of(UncertaintyScores.INFORMATION, UncertaintyScores.ENTROPY)
              : List.of(UncertaintyScores.ENTROPY);
      for (String score : names) {
        String dash = Plot.DASHES.get(score.equals(UncertaintyScores.INFORMATION) ? 0 : 1);
        Curve.of(by, key(attack, score, what))
            .draw(
                plot,
                steps,
                1,
                Plot.COLORS.get(m),
                dash,
                runs.methods().get(m) + ", " + score);
      }
    }
    String caption =
        (mean ? "Uncertainty" : what.equals("attacks") ? "Detection of FGS" : "Detection of errors")
            + ", gradients by "
            + draws(draws)
            + ".";
    return new String[] {plot.svg(caption), caption};
  }

  private static double last(double[] steps) {
    return steps[steps.length - 1];
  }

  private static List<String> attacks(Runs runs) {
    Run run = runs.list().getFirst();
    List<String> all = new ArrayList<>();
    for (int draws : new int[] {FEW, MANY}) {
      all.addAll(List.of(fgs(draws), bim(draws), pgd(draws)));
    }
    all.add(TRANSFER);
    return all.stream().filter(a -> run.has(key(a, "accuracy"))).toList();
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
        row.add(text(by, at, 100, key(attack, "accuracy")));
        for (String what : List.of("attacks", "errors")) {
          row.add(text(by, at, 1, key(attack, UncertaintyScores.ENTROPY, what)));
          row.add(text(by, at, 1, key(attack, UncertaintyScores.INFORMATION, what)));
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
}
