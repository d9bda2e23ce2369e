package org.bhn.paper;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bhn.Bhn;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.bayes.Likelihood;
import org.bhn.flow.FlowSpec;
import org.bhn.flow.Flows;
import org.bhn.mcmc.Chain;
import org.bhn.mcmc.Nuts;
import org.bhn.posterior.Posterior;
import org.bhn.report.Plot;
import org.bhn.report.Report;
import org.bhn.train.Fit;
import org.bhn.train.ProgressBar;

/** Figure 2: both modes of the posterior of ŷ = a·b·x. */
final class Identity implements Experiment {
  private static final String GROUP = "a·b·x";
  private static final String COUPLING = "hypernetwork, coupling 8";
  private static final String IAF = "hypernetwork, IAF 8";
  private static final String MEAN_FIELD = "mean-field";
  private static final String NUTS = "NUTS";
  private static final ProductPosterior EXACT = new ProductPosterior(20, 0.5, 1);
  private static final double[] SHARES = {0.5, 0.9};

  @Override
  public String name() {
    return "identity";
  }

  @Override
  public String title() {
    return "Figure 2. Two explanations at once";
  }

  @Override
  public String what() {
    return "ŷ = a·b·x fitted to twenty points of y = x + N(0, 0.5²), priors N(0, 1): (a, b) and"
        + " (−a, −b) are equally good, so the posterior has two modes, at (1, 1) and (−1,"
        + " −1) but for the prior's pull. The paper shows mass at both. Here the exact"
        + " posterior, by a grid, is the judge: total variation over 64×64 cells, and"
        + " KL(q‖p) = log evidence − ELBO. The original program also learns a log-variance"
        + " a·c·x, with noise far smaller and a prior of variance 0.05; that variant is not"
        + " run.";
  }

  @Override
  public List<Unit> units(Options options) {
    List<Unit> units = new ArrayList<>();
    boolean published = options.asPublished();
    FlowSpec coupling =
        published
            ? Flows.coupling(6).hidden(100).weightNorm(false).conditionerInit(1e-4, 1e-4)
            : Flows.coupling(8).hidden(64).weightNorm(false).conditionerInit(0.01, 0.05);
    FlowSpec iaf = Flows.iaf(8).hidden(64).weightNorm(false).conditionerInit(0.01, 0.05);
    long[] seeds = options.seedsOr(options.pick(1, 2, 10));
    for (long seed : seeds) {
      boolean first = seed == seeds[0];
      units.add(
          unit(options, published ? COUPLING.replace('8', '6') : COUPLING, coupling, seed, first));
      if (!published) {
        units.add(unit(options, IAF, iaf, seed, first));
      }
      units.add(unit(options, MEAN_FIELD, Flows.affine(), seed, first));
      units.add(nuts(options, seed, first));
    }
    return units;
  }

  private static Unit unit(
      Options options, String method, FlowSpec shape, long seed, boolean first) {
    boolean affine = shape.kind() == FlowSpec.Kind.AFFINE;
    boolean published = options.asPublished();
    // A single Gaussian that starts as wide as the prior stays between the modes.
    FlowSpec flow = shape.initialStd(affine && !published ? 0.1 : 1);
    int epochs = options.pick(5, 1500, published ? 20_000 : 6000);
    int samples = published ? 1 : options.pick(4, 128, 128);
    double rate = published ? 2.5e-4 : 5e-3;
    double firstWeight = affine ? 0.05 : 50;
    int draws = options.pick(500, 100_000, 400_000);
    Map<String, Object> settings = options.settings();
    settings.put("flow", flow.toMap());
    settings.put("epochs", epochs);
    settings.put("samples", samples);
    settings.put("learning_rate", rate);
    settings.put("first_kl_weight", published ? 1 : firstWeight);
    settings.put("draws", draws);
    settings.put("cells", first);
    Fit fit =
        Fit.epochs(epochs)
            .batch(EXACT.data().rows())
            .samples(samples)
            .learningRate(rate)
            .decay(published ? 1 : 0.02)
            .clip(0, 0)
            .listener(ProgressBar.stderr());
    if (!published) {
      fit.klWarmup(0.7, firstWeight);
    }
    return new Unit(
        GROUP, method, seed, settings, backend -> train(backend, flow, seed, fit, draws, first));
  }

  private static Values train(
      Backend backend, FlowSpec flow, long seed, Fit fit, int draws, boolean first) {
    try (Bhn model =
        Bhn.of(1, Likelihood.gaussian(1, EXACT.sigma()))
            .hidden(1)
            .activation(Activation.IDENTITY)
            .bias(false)
            .posterior(Posterior.fullCentred(flow))
            .seed(seed)
            .build(backend)) {
      model.fit(EXACT.data(), fit);
      double elbo = model.elbo(EXACT.data(), Math.min(draws, 20_000)).total();
      return values(model.sampleWeights(draws, seed), first).put("kl", EXACT.evidence() - elbo);
    }
  }

  private static Unit nuts(Options options, long seed, boolean first) {
    int warmup = options.pick(20, 1000, 1000);
    int draws = options.pick(50, 25_000, 100_000);
    Map<String, Object> settings = options.settings();
    settings.put("chains", 4);
    settings.put("warmup", warmup);
    settings.put("draws", draws);
    settings.put("cells", first);
    return new Unit(
        GROUP,
        NUTS,
        seed,
        settings,
        backend -> {
          List<double[]> all = new ArrayList<>();
          for (int c = 0; c < 4; c++) {
            double side = c % 2 == 0 ? 0.5 : -0.5;
            Chain chain =
                Nuts.sample(EXACT, new double[] {side, side}, warmup, draws, 4 * seed + c);
            all.addAll(Arrays.asList(chain.draws()));
          }
          return values(all.toArray(double[][]::new), first);
        });
  }

  private static Values values(double[][] draws, boolean first) {
    double positive = 0;
    for (double[] w : draws) {
      positive += w[0] > 0 ? 1.0 / draws.length : 0;
    }
    double[][] shares = ProductPosterior.shares(draws);
    Values values =
        new Values()
            .put("positive", positive)
            .put("total_variation", ProductPosterior.totalVariation(shares, EXACT.cells()));
    if (first) {
      // Parts in a million, which are short in the file.
      values.put(
          "cells",
          Arrays.stream(shares)
              .flatMapToDouble(Arrays::stream)
              .map(v -> Math.rint(v * 1e6))
              .toArray());
    }
    return values;
  }

  @Override
  public void report(Report page, Runs runs) {
    List<String[]> figures = new ArrayList<>();
    List<String[]> rows = new ArrayList<>();
    rows.add(
        new String[] {
          "posterior", "share with a > 0", "total variation", "KL(q‖p), nats", "s", "extent"
        });
    for (String method : runs.methods()) {
      Runs by = runs.by(method);
      by.list().stream()
          .filter(r -> r.has("cells"))
          .findFirst()
          .ifPresent(r -> figures.add(figure(method, r)));
      rows.add(
          new String[] {
            method,
            by.stat("positive").text(3),
            by.stat("total_variation").text(3),
            by.stat("kl").text(3),
            by.seconds().text(0),
            by.extent()
          });
    }
    page.figures(figures).table(rows);
    page.small(
        String.format(
            Locale.ROOT,
            "Exact: share 0.500, log evidence %.2f nats. Total variation: half the summed"
                + " difference of the cells' masses, 0 is equal and 1 disjoint. NUTS starts two"
                + " chains in each mode and crosses seldom, which its share shows. A mean-field"
                + " Gaussian that holds one of two equal modes pays log 2 = 0.693 nats and what its"
                + " shape costs.",
            EXACT.evidence()));
    page.finding(finding(runs));
  }

  private static String finding(Runs runs) {
    List<String> parts = new ArrayList<>();
    for (String method : runs.methods()) {
      if (!method.equals(NUTS)) {
        double[] shares = runs.by(method).numbers("positive");
        long both = Arrays.stream(shares).filter(s -> s > 0.2 && s < 0.8).count();
        parts.add("%s in %d of %d runs".formatted(method, both, shares.length));
      }
    }
    return "Both modes are held (a share of 0.2 to 0.8) by "
        + String.join(", by ", parts)
        + ". The paper's figure has mass at both. What is left of the hypernetwork's KL is the"
        + " bridge between the modes: a continuous, invertible map of one Gaussian cannot tear it"
        + " apart.";
  }

  private static String[] figure(String method, Run run) {
    double[] flat = run.numbers("cells");
    int n = ProductPosterior.CELLS;
    double[][] ours = new double[n][];
    for (int i = 0; i < n; i++) {
      ours[i] = Arrays.copyOfRange(flat, i * n, (i + 1) * n);
    }
    ours = smooth(ours);
    double[][] exact = EXACT.cells();
    Plot plot = Plot.square("a", "b", -ProductPosterior.EDGE, ProductPosterior.EDGE);
    plot.cells(exact, "#9aa5b1");
    for (int sign : new int[] {-1, 1}) {
      double[] a = new double[100];
      double[] b = new double[100];
      for (int i = 0; i < 100; i++) {
        a[i] = sign * (0.34 + 0.0266 * i);
        b[i] = 1 / a[i];
      }
      plot.line(a, b, Plot.RED, "8 5", sign > 0 ? "a·b = 1" : "");
    }
    plot.contours(exact, levels(exact), Plot.INK, "3 3", "exact, 50 and 90 %");
    plot.contours(ours, levels(ours), Plot.BLUE, "", "drawn, 50 and 90 %");
    String caption =
        method
            + ", seed "
            + run.seed()
            + ": contours that hold half and 90 % of the mass; grey: exact.";
    return new String[] {plot.svg(caption), caption};
  }

  /** Heights whose contours hold the given shares of the mass. */
  private static double[] levels(double[][] field) {
    double[] sorted = Arrays.stream(field).flatMapToDouble(Arrays::stream).sorted().toArray();
    double total = Arrays.stream(sorted).sum();
    double[] levels = new double[SHARES.length];
    for (int k = 0; k < levels.length; k++) {
      double sum = 0;
      int i = sorted.length;
      while (i > 0 && sum < SHARES[k] * total) {
        sum += sorted[--i];
      }
      levels[k] = sorted[i];
    }
    return levels;
  }

  /**
   * Averages neighbours with weights 1 2 1 in both directions, twice, against Monte-Carlo noise.
   */
  private static double[][] smooth(double[][] field) {
    int n = field.length;
    double[][] out = field;
    for (int pass = 0; pass < 4; pass++) {
      double[][] next = new double[n][n];
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          boolean across = pass % 2 == 0;
          double before = across ? out[Math.max(0, i - 1)][j] : out[i][Math.max(0, j - 1)];
          double after = across ? out[Math.min(n - 1, i + 1)][j] : out[i][Math.min(n - 1, j + 1)];
          next[i][j] = (before + 2 * out[i][j] + after) / 4;
        }
      }
      out = next;
    }
    return out;
  }
}
