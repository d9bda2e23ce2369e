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
import org.bhn.report.Report;
import org.bhn.uncertainty.Detection;

/** Figure 5: accuracy and uncertainty under attack, and detection of attacks and errors. */
final class Adversary implements Experiment {
  private static final String GROUP = "attacks";
  static final String TRANSFER = "FGS on one set of weights";
  private static final double[] STEPS = {
    0, 0.001, 0.002, 0.003, 0.004, 0.005, 0.008, 0.01, 0.012, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05,
    0.075, 0.1, 0.15, 0.2, 0.3, 0.5
  };
  private static final double[] QUICK_STEPS = {0, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5};
  private static final double[] RADII = {0, 0.05, 0.1, 0.2, 0.3};
  static final int FEW = 1;
  static final int MANY = 32;

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
        + " their label (fast gradient sign, FGS), and by many small ones within a ball"
        + " (BIM, and PGD from a random start); in [0, 1]. The paper attacks with one draw"
        + " of the weights in each gradient and finds that mutual information and mean"
        + " standard deviation of the hypernetwork rise with the step and those of dropout"
        + " do not. Beside it here: 32 draws, stronger attacks, and attacks crafted on a"
        + " network with one set of weights. Detection: of attacked digits among clean ones,"
        + " and of misread digits among attacked ones. Networks are those of the anomalies."
        + " Later work found that such defences fail under attacks made for them: what"
        + " resists here is not thereby safe.";
  }

  @Override
  public List<Unit> units(Options options) {
    DigitNets nets = DigitNets.dense(options);
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
    ImageSets data = DigitNets.sets(options, nets.rows());
    Dataset clean = data.test().take(sizes.images);
    Dataset few = clean.take(sizes.iterated);
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

  static String fgs(int draws) {
    return "FGS, " + draws(draws);
  }

  static String bim(int draws) {
    return "BIM, " + draws(draws);
  }

  static String pgd(int draws) {
    return "PGD, " + draws(draws);
  }

  static String draws(int n) {
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
    Map<String, double[]> clean = UncertaintyScores.of(model.predict(digits.inputs(), sizes.draws));
    for (int i = 0; i < n; i++) {
      Predictive p = model.predict(moved.get(i), sizes.draws);
      boolean[] wrong = UncertaintyScores.wrong(p, digits);
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

  static String key(String... parts) {
    return String.join(": ", parts);
  }

  @Override
  public void report(Report page, Runs runs) {
    AdversaryReport.add(page, runs);
  }
}
