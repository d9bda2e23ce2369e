package org.bhn.paper;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Dataset;
import org.bhn.flow.FlowSpec;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.predict.Predictive;
import org.bhn.report.Plot;
import org.bhn.report.Report;
import org.bhn.train.Fit;
import org.bhn.train.ProgressBar;

/** Figure 1: 1-D regression by one set of weights, random gains and random weights. */
final class ToyRegression implements Experiment {
  private static final String GROUP = "curve";
  private static final String POINT = "one set of weights";
  private static final String GAINS = "hypernetwork, gains";
  private static final String FULL = "hypernetwork, all weights";
  private static final String MEAN_FIELD = "mean-field, all weights";
  private static final String NUTS = "NUTS";

  private static final int HIDDEN = 50;
  private static final long DATA_SEED = 5645;
  private static final double[] PLACES = {0.25, -0.4, 1.4};
  private static final double[] GRID = grid();

  @Override
  public String name() {
    return "toy-regression";
  }

  @Override
  public String title() {
    return "Figure 1. A curve, and where it is only a guess";
  }

  @Override
  public String what() {
    return "1,000 points of y = x + 0.3 sin 2π(x + e) + 0.3 sin 4π(x + e) + e with x in (0, ½), e"
        + " of standard deviation 0.02, a 1-50-1 ReLU network, prior N(0, 1). The paper's"
        + " panels are one set of weights, random gains and all weights random. Beside them"
        + " here: mean-field, and the no-U-turn sampler on the same posterior (with a flat"
        + " prior on the log of the noise variance, which the others learn as a point). Each"
        + " band is half a standard deviation of the predicted mean. The original's flow for"
        + " all weights (LU layers with PReLU) is replaced by couplings.";
  }

  private static double[] grid() {
    double[] x = new double[161];
    for (int i = 0; i < x.length; i++) {
      x[i] = -0.5 + 2.0 * i / (x.length - 1);
    }
    return x;
  }

  @Override
  public List<Unit> units(Options options) {
    List<Unit> units = new ArrayList<>();
    FlowSpec coupling = Flows.coupling(4).hidden(64);
    FlowSpec iaf = Flows.iaf(2).hidden(HIDDEN);
    FlowSpec affine = Flows.affine();
    if (options.asPublished()) {
      double std = Math.exp(-7) + Flows.DELTA;
      coupling = coupling.initialStd(std);
      iaf = iaf.initialStd(std);
      affine = affine.initialStd(std);
    }
    for (long seed : options.seedsOr(options.pick(1, 3, 10))) {
      units.add(unit(options, POINT, Posterior.point(), seed));
      units.add(unit(options, GAINS, Posterior.weightNorm(iaf), seed));
      units.add(unit(options, FULL, Posterior.full(coupling), seed));
      units.add(unit(options, MEAN_FIELD, Posterior.full(affine), seed));
    }
    units.add(nuts(options));
    return units;
  }

  private static int rows(Options options) {
    return options.pick(60, 1000, 1000);
  }

  private static Unit unit(Options options, String method, Posterior posterior, long seed) {
    boolean point = posterior instanceof Posterior.Point;
    boolean published = options.asPublished();
    int epochs = published ? options.pick(3, 100, 1000) : options.pick(3, 300, 1500);
    int batch = published ? 32 : 100;
    int samples = published || point ? 1 : 8;
    double rate = published ? 5e-4 : 5e-3;
    int draws = options.pick(20, 300, 1000);
    Map<String, Object> settings = options.settings();
    settings.put("rows", rows(options));
    settings.put("posterior", posterior.toMap());
    settings.put("epochs", epochs);
    settings.put("batch", batch);
    settings.put("samples", samples);
    settings.put("learning_rate", rate);
    settings.put("draws", draws);
    Fit fit =
        Fit.epochs(epochs)
            .batch(batch)
            .samples(samples)
            .learningRate(rate)
            .decay(point && published ? 1 : 0.01)
            .klWarmup(published ? 0 : 0.3)
            .listener(ProgressBar.stderr());
    if (published) {
      fit.clip(0, 0);
    }
    return new Unit(
        GROUP,
        method,
        seed,
        settings,
        backend -> train(backend, posterior, seed, fit, rows(options), draws));
  }

  private static Values train(
      Backend backend, Posterior posterior, long seed, Fit fit, int rows, int draws) {
    Dataset train = ToyCurve.data(rows, DATA_SEED);
    Dataset valid = ToyCurve.data(rows, DATA_SEED + 1);
    try (Bhn model =
        Bhn.of(1, Likelihood.gaussianLearned(1, 0.3))
            .hidden(HIDDEN)
            .posterior(posterior)
            .seed(seed)
            .build(backend)) {
      model.fit(train, fit);
      Predictive p = model.predict(Numbers.floats(GRID), draws);
      Values values = new Values();
      double logLik = 0;
      for (float ll : model.evaluate(valid, draws).logPredictive()) {
        logLik += ll / rows;
      }
      values.put("log_likelihood", logLik);
      if (model.network().posterior().flow() != null) {
        values.put("elbo", model.elbo(train, draws).total());
      }
      float[] std = model.predict(Numbers.floats(PLACES), draws).std();
      return curve(
          values, Numbers.doubles(p.mean()), Numbers.doubles(p.std()), Numbers.doubles(std));
    }
  }

  private static Values curve(Values values, double[] mean, double[] std, double[] places) {
    for (int i = 0; i < PLACES.length; i++) {
      values.put("std_at_" + PLACES[i], places[i]);
    }
    return values.put("mean", mean).put("std", std);
  }

  private static Unit nuts(Options options) {
    int chains = options.pick(2, 4, 4);
    int warmup = options.pick(20, 400, 1500);
    int draws = options.pick(10, 400, 1500);
    Map<String, Object> settings = options.settings();
    settings.put("rows", rows(options));
    settings.put("chains", chains);
    settings.put("warmup", warmup);
    settings.put("draws", draws);
    return new Unit(
        GROUP,
        NUTS,
        1,
        settings,
        backend ->
            sample(chains, warmup, draws, rows(options), options.size() == Options.Size.TINY));
  }

  private static Values sample(int chains, int warmup, int draws, int rows, boolean tiny) {
    CurveReference reference =
        new CurveReference(
            tiny ? 3 : HIDDEN, ToyCurve.data(rows, DATA_SEED), chains, warmup, draws);
    Values values = reference.diagnose(new Values(), PLACES);
    values.put("log_likelihood", reference.logLikelihood(ToyCurve.data(rows, DATA_SEED + 1)));
    double[][] grid = reference.moments(GRID);
    return curve(values, grid[0], grid[1], reference.moments(PLACES)[1]);
  }

  @Override
  public void report(Report page, Runs runs) {
    List<String[]> figures = new ArrayList<>();
    List<String[]> rows = new ArrayList<>();
    rows.add(
        new String[] {
          "weights",
          "std at 0.25 (data)",
          "std at −0.4",
          "std at 1.4",
          "log-likelihood, nats",
          "ELBO, nats",
          "s",
          "extent"
        });
    for (String method : runs.methods()) {
      Runs by = runs.by(method);
      figures.add(figure(method, by.first().orElseThrow()));
      rows.add(
          new String[] {
            method,
            by.stat("std_at_0.25").text(3),
            by.stat("std_at_-0.4").text(2),
            by.stat("std_at_1.4").text(2),
            by.stat("log_likelihood").text(3),
            by.stat("elbo").text(0),
            by.seconds().text(0),
            by.extent()
          });
    }
    page.figures(figures).table(rows);
    page.small(
        "std: standard deviation of the predicted mean over draws of the weights. Log-likelihood:"
            + " of 1,000 fresh points, per point. The ELBOs of gains and of all weights are not"
            + " comparable: they have different random weights. s: wall time of a run.");
    runs.by(NUTS).first().ifPresent(run -> page.small(convergence(run)));
    if (runs.methods().containsAll(List.of(GAINS, FULL, MEAN_FIELD))) {
      page.finding(finding(runs));
    }
  }

  private static String finding(Runs runs) {
    String left = "std_at_" + PLACES[1];
    String right = "std_at_" + PLACES[2];
    double[] gains = {runs.by(GAINS).stat(left).mean(), runs.by(GAINS).stat(right).mean()};
    double[] full = {runs.by(FULL).stat(left).mean(), runs.by(FULL).stat(right).mean()};
    double[] exact = {runs.by(NUTS).stat(left).mean(), runs.by(NUTS).stat(right).mean()};
    boolean order = full[0] > gains[0] && full[1] > gains[1];
    boolean narrow = full[0] < exact[0] && full[1] < exact[1];
    double[] factors = {
      runs.by(MEAN_FIELD).stat(left).mean(), runs.by(MEAN_FIELD).stat(right).mean()
    };
    double lead = runs.by(FULL).stat("elbo").mean() - runs.by(MEAN_FIELD).stat("elbo").mean();
    return Numbers.format(
        "Away from the data the spread is %.2f and %.2f with random gains, %.2f and %.2f with all"
            + " weights random, %.2f and %.2f by mean-field%s: %s.%s The flow's ELBO is %.0f nats"
            + " %s mean-field's%s.",
        gains[0],
        gains[1],
        full[0],
        full[1],
        factors[0],
        factors[1],
        Double.isNaN(exact[0]) ? "" : Numbers.format(", %.2f and %.2f by NUTS", exact[0], exact[1]),
        order
            ? "all weights are less sure than gains"
            : "all weights are not less sure than gains on both sides",
        narrow
            ? " Both are surer than the posterior itself: training minimises KL(q‖p), which"
                + " forgives what q leaves out, and the posterior of a ReLU network has many"
                + " modes (units may change places) of which a flow of four steps holds few."
            : "",
        Math.abs(lead),
        lead > 0 ? "above" : "below",
        lead > 0 && factors[0] > full[0] && factors[1] > full[1]
            ? ", so a wider spread alone is no better posterior"
            : "");
  }

  private static String convergence(Run run) {
    StringBuilder text = new StringBuilder("NUTS: split-R̂ of the predicted mean ");
    for (double place : PLACES) {
      text.append(
          String.format(
              Locale.ROOT,
              "%.2f at %s (%.0f effective draws), ",
              run.number("rhat_at_" + place),
              place,
              run.number("ess_at_" + place)));
    }
    return text.append(
            String.format(
                Locale.ROOT,
                "acceptance %.2f, %.0f divergent trajectories.",
                run.number("acceptance"),
                run.number("divergences")))
        .toString();
  }

  private static String[] figure(String method, Run run) {
    double[] mean = run.numbers("mean");
    double[] std = run.numbers("std");
    Plot plot = new Plot("x", -0.5, 1.5, "y", -3, 4);
    for (int k = 4; k >= 1 && !method.equals(POINT); k--) {
      double[] low = new double[mean.length];
      double[] high = new double[mean.length];
      for (int i = 0; i < mean.length; i++) {
        low[i] = mean[i] - 0.5 * k * std[i];
        high[i] = mean[i] + 0.5 * k * std[i];
      }
      plot.band(GRID, low, high, Plot.BLUE, 0.16);
    }
    Dataset data = ToyCurve.data(50, DATA_SEED);
    double[] truth = new double[GRID.length];
    for (int i = 0; i < truth.length; i++) {
      truth[i] = ToyCurve.mean(GRID[i], 0);
    }
    plot.line(GRID, truth, Plot.GREY, "3 5", "the curve behind the data");
    plot.line(GRID, mean, Plot.BLUE, "", "predicted mean");
    plot.crosses(
        Numbers.doubles(data.inputs()),
        Numbers.doubles(data.targets()),
        3,
        Plot.RED,
        "50 of the data");
    String caption = method + ", seed " + run.seed() + ".";
    return new String[] {plot.svg(caption), caption};
  }
}
