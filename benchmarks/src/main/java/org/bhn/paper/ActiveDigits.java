package org.bhn.paper;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.function.LongFunction;
import org.bhn.Bhn;
import org.bhn.active.Acquisition;
import org.bhn.active.ActiveLearning;
import org.bhn.active.BhnLearner;
import org.bhn.backend.Backend;
import org.bhn.data.Dataset;
import org.bhn.report.Plot;
import org.bhn.report.Report;
import org.bhn.train.Fit;
import org.bhn.uncertainty.Classification;

/** Figure 4: digits labelled ten at a time, those that the network asks for. */
final class ActiveDigits implements Experiment {
  private static final String WARM = "warm start";
  private static final String COLD = "new start";
  private static final int BATCH = 10;
  private static final int PER_CLASS = 2;
  private static final int FIRST = PER_CLASS * DigitNets.CLASSES;
  private static final int[] SHOWN = {50, 100, 150, 200, 300, 500, 1000};

  private static final Map<String, Acquisition> ACQUISITIONS = acquisitions();

  private static Map<String, Acquisition> acquisitions() {
    Map<String, Acquisition> all = new LinkedHashMap<>();
    all.put("random", Acquisition.random());
    all.put("BALD", Acquisition.bald());
    all.put("BatchBALD", Acquisition.batchBald());
    all.put("largest entropy", Acquisition.maxEntropy());
    all.put("variation ratio", Acquisition.variationRatio());
    all.put("mean std", Acquisition.meanStd());
    return all;
  }

  /**
   * How much is learned.
   *
   * @param pool images
   * @param tests images
   * @param rounds of asking
   * @param candidates of a round
   * @param draws for a choice
   * @param testDraws for a test
   * @param testEvery how many labels there is a test; and with the first and the last
   * @param steps of the optimiser in a round
   */
  private record Sizes(
      int pool,
      int tests,
      int rounds,
      int candidates,
      int draws,
      int testDraws,
      int testEvery,
      int steps) {
    static Sizes of(Options options) {
      int pool = options.pick(150, 10_000, DigitNets.TRAINING_IMAGES);
      int labels = options.labels().orElse(FIRST + BATCH * options.pick(2, 13, 98));
      if (labels < FIRST + BATCH || labels > pool) {
        throw new IllegalArgumentException(
            "--labels=%d: there are %d to begin with, %d more in each round, and %d images"
                .formatted(labels, FIRST, BATCH, pool));
      }
      return new Sizes(
          pool,
          options.pick(40, 1000, 10_000),
          (labels - FIRST) / BATCH,
          options.pick(30, 500, 2000),
          options.pick(8, 20, 100),
          options.pick(8, 20, 20),
          options.pick(BATCH, BATCH, 50),
          options.pick(6, 100, 500));
    }

    boolean testsWith(int labels) {
      return labels % testEvery == 0 || labels == FIRST || labels == FIRST + rounds * BATCH;
    }

    /** Epochs of so many steps, or as many as published. */
    int epochs(int rows, int batch, boolean published) {
      int perEpoch = (rows + batch - 1) / batch;
      return published ? 50 : Math.max(1, steps / perEpoch);
    }
  }

  @Override
  public String name() {
    return "active-learning";
  }

  @Override
  public String title() {
    return "Figure 4. Asking for labels";
  }

  @Override
  public String what() {
    return "Twenty labelled digits to begin with; in each round the network asks for the labels of"
        + " ten more among candidates drawn from the pool, and is trained again, going on from"
        + " where it was (warm) or from new initial values. The paper compares random choice"
        + " and BALD and finds that with warm starts the hypernetwork overtakes the others"
        + " after enough rounds; its network has two convolutions of 32 channels, a max-pooling"
        + " of 5 x 5 and 256 units, as has ours in full runs, while that of quick ones is"
        + " dense. Other choices beside these: see the groups. One set of weights has no mutual"
        + " information: its BALD is a random choice.";
  }

  @Override
  public List<Unit> units(Options options) {
    List<Unit> units = new ArrayList<>();
    List<String> all = List.copyOf(ACQUISITIONS.keySet());
    List<String> warm = options.pick(all, all.subList(0, 3), all);
    List<String> cold = options.pick(all.subList(0, 1), all.subList(0, 2), all);
    for (long seed : options.seedsOr(options.pick(1, 1, 3))) {
      warm.forEach(a -> add(units, options, WARM, a, seed));
      cold.forEach(a -> add(units, options, COLD, a, seed));
    }
    return units;
  }

  private static void add(
      List<Unit> units, Options options, String start, String acquisition, long seed) {
    DigitNets nets = DigitNets.convolutional(options);
    Sizes sizes = Sizes.of(options);
    for (String method : DigitNets.METHODS) {
      Map<String, Object> settings = nets.settings(options, method);
      settings.keySet().removeAll(List.of("rows", "test_rows", "epochs", "warmup"));
      settings.put("batch", minibatch(options));
      settings.put("pool", sizes.pool);
      settings.put("tests", sizes.tests);
      settings.put("rounds", sizes.rounds);
      settings.put("candidates", sizes.candidates);
      settings.put("draws", sizes.draws);
      if (options.size() == Options.Size.FULL) {
        settings.put("test_draws", sizes.testDraws);
        settings.put("test_every", sizes.testEvery);
      }
      settings.put("steps", options.asPublished() ? "50 epochs" : sizes.steps);
      units.add(
          new Unit(
              start + ", " + acquisition,
              method,
              seed,
              settings,
              backend ->
                  learn(
                      backend,
                      options,
                      nets,
                      sizes,
                      method,
                      start.equals(WARM),
                      ACQUISITIONS.get(acquisition),
                      seed)));
    }
  }

  private static Values learn(
      Backend backend,
      Options options,
      DigitNets nets,
      Sizes sizes,
      String method,
      boolean warm,
      Acquisition acquisition,
      long seed) {
    ImageSets data = DigitNets.sets(options, sizes.pool);
    Dataset test = data.test().take(sizes.tests);
    ActiveLearning learning =
        ActiveLearning.on(data.train(), acquisition)
            .batch(BATCH)
            .candidates(sizes.candidates)
            .seed(seed);
    learning.acquire(balanced(data.train(), seed));
    List<Double> labels = new ArrayList<>();
    List<Double> accuracy = new ArrayList<>();
    List<Double> nll = new ArrayList<>();
    try (BhnLearner learner = learner(backend, options, nets, sizes, method, warm, seed)) {
      learning.run(
          learner.samples(sizes.draws),
          sizes.rounds,
          round -> {
            int known = round.labelled().rows();
            if (sizes.testsWith(known)) {
              double[][] p = learner.model().predict(test.inputs(), sizes.testDraws).meanRows();
              labels.add((double) known);
              accuracy.add(Classification.accuracy(p, test.labels()));
              nll.add(Classification.nll(p, test.labels()));
            }
            return true;
          });
    }
    return new Values()
        .put("labels", array(labels))
        .put("accuracy", array(accuracy))
        .put("nll", array(nll));
  }

  private static BhnLearner learner(
      Backend backend,
      Options options,
      DigitNets nets,
      Sizes sizes,
      String method,
      boolean warm,
      long seed) {
    boolean published = options.asPublished();
    int batch = minibatch(options);
    // A learning that started anew uses other initial values each time.
    LongFunction<Bhn> models =
        rows -> nets.build(backend, method, warm ? seed : 1_000_000 * seed + rows);
    IntFunction<Fit> fits =
        rows ->
            Fit.epochs(sizes.epochs(rows, batch, published))
                .batch(batch)
                .examplesPerDraw(nets.examplesPerDraw(method, batch))
                .learningRate(nets.rate())
                .decay(published || warm ? 1 : 0.1);
    return warm ? BhnLearner.warm(models, fits) : BhnLearner.cold(models, fits);
  }

  private static int minibatch(Options options) {
    return options.asPublished() ? 128 : 32;
  }

  /** The first two of each class in an order drawn by the seed. */
  private static int[] balanced(Dataset pool, long seed) {
    int[] order = new int[pool.rows()];
    Arrays.setAll(order, i -> i);
    Random random = new Random(seed);
    int[] seen = new int[DigitNets.CLASSES];
    int[] chosen = new int[FIRST];
    int n = 0;
    for (int i = 0; n < chosen.length; i++) {
      int j = i + random.nextInt(order.length - i);
      int row = order[j];
      order[j] = order[i];
      if (seen[pool.label(row)]++ < PER_CLASS) {
        chosen[n++] = row;
      }
    }
    return chosen;
  }

  private static double[] array(List<Double> values) {
    return values.stream().mapToDouble(v -> v).toArray();
  }

  @Override
  public void report(Report page, Runs runs) {
    List<String[]> figures = new ArrayList<>();
    for (String group : runs.groups()) {
      figures.add(figure(runs.of(group), group));
    }
    page.figures(figures).table(table(runs)).finding(finding(runs));
    page.small(
        "Accuracy on test digits, %, after so many labels; mean over all tests; NLL in nats after"
            + " the last. Warm starts do not repeat: a killed unit is run again from its first"
            + " round.");
  }

  /** Whether the hypernetwork overtakes the others with warm starts, as in the paper. */
  private static String finding(Runs runs) {
    List<String> texts = new ArrayList<>();
    boolean ahead = true;
    for (String group : runs.groups()) {
      Runs of = runs.of(group);
      String best =
          of.methods().stream().max(Comparator.comparingDouble(m -> last(of.by(m)))).orElseThrow();
      ahead &= best.equals(DigitNets.HYPERNETWORK) || !group.startsWith(WARM);
      texts.add(Numbers.format("%s: %s (%.1f %%)", group, best, 100 * last(of.by(best))));
    }
    return "Most accurate after the last round: "
        + String.join("; ", texts)
        + ". The paper has the hypernetwork ahead there with warm starts, by random choice and by"
        + " BALD, with 1,000 labels."
        + (ahead
            ? ""
            : " Where it is not ahead here, we think that labels are too few: the full network has"
                + " 330 random gains, and with a few hundred labels the prior has its full say."
                + " Notes in the paper's code call hypernetworks weak at the very start, too.");
  }

  private static double last(Runs runs) {
    return Curve.of(runs, "accuracy").stats().getLast().mean();
  }

  /** Accuracies by the number of labels; runs may have been tested at different ones. */
  private static SortedMap<Integer, Stat> accuracies(Runs runs) {
    SortedMap<Integer, List<Double>> all = new TreeMap<>();
    for (Run run : runs.list()) {
      double[] labels = run.numbers("labels");
      double[] accuracy = run.numbers("accuracy");
      for (int i = 0; i < labels.length; i++) {
        all.computeIfAbsent((int) labels[i], n -> new ArrayList<>()).add(accuracy[i]);
      }
    }
    SortedMap<Integer, Stat> stats = new TreeMap<>();
    all.forEach(
        (n, values) ->
            stats.put(n, Stat.of(values.stream().mapToDouble(Double::doubleValue).toArray())));
    return stats;
  }

  private static String[] figure(Runs runs, String group) {
    Plot plot = new Plot("labels", 0, accuracies(runs).lastKey(), "accuracy, %", 40, 100);
    for (int m = 0; m < runs.methods().size(); m++) {
      String method = runs.methods().get(m);
      SortedMap<Integer, Stat> by = accuracies(runs.by(method));
      double[] labels = by.keySet().stream().mapToDouble(Integer::doubleValue).toArray();
      new Curve(List.copyOf(by.values()))
          .draw(plot, labels, 100, Plot.COLORS.get(m), Plot.DASHES.get(m), method);
    }
    String caption = group.substring(0, 1).toUpperCase() + group.substring(1) + ".";
    return new String[] {plot.svg(caption), caption};
  }

  private static List<String[]> table(Runs runs) {
    Set<Integer> tested = accuracies(runs).keySet();
    int[] shown = Arrays.stream(SHOWN).filter(tested::contains).toArray();
    List<String[]> rows = new ArrayList<>();
    List<String> head = new ArrayList<>(List.of("start, choice, weights"));
    Arrays.stream(shown).forEach(n -> head.add(n + " labels"));
    head.addAll(List.of("mean", "NLL", "up to", "extent"));
    rows.add(head.toArray(String[]::new));
    for (String group : runs.groups()) {
      for (String method : runs.of(group).methods()) {
        Runs by = runs.of(group).by(method);
        List<String> row = new ArrayList<>(List.of(group + ", " + method));
        SortedMap<Integer, Stat> accuracy = accuracies(by);
        for (int n : shown) {
          row.add(accuracy.getOrDefault(n, Stat.of()).percent(1));
        }
        row.add(
            Stat.of(
                    by.list().stream()
                        .mapToDouble(
                            r -> Arrays.stream(r.numbers("accuracy")).average().orElseThrow())
                        .toArray())
                .percent(1));
        row.add(Curve.of(by, "nll").stats().getLast().text(2));
        row.add(accuracy.lastKey() + " labels");
        row.add(by.extent());
        rows.add(row.toArray(String[]::new));
      }
    }
    return rows;
  }
}
