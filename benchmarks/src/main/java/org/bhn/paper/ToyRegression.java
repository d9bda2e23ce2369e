package org.bhn.paper;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Dataset;
import org.bhn.flow.FlowSpec;
import org.bhn.flow.Flows;
import org.bhn.mcmc.Chain;
import org.bhn.mcmc.Diagnostics;
import org.bhn.mcmc.Nuts;
import org.bhn.posterior.Posterior;
import org.bhn.predict.Predictive;
import org.bhn.report.Plot;
import org.bhn.report.Report;
import org.bhn.train.Fit;
import org.bhn.train.ProgressBar;
import org.bhn.uncertainty.Regression;

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
        + " of standard deviation 0.02, a 1-50-1 ReLU network, prior N(0, 1). The paper"
        + " shows one set of weights, random gains and all weights random: away from the"
        + " data only the last is unsure enough. Beside them here: mean-field, and the"
        + " no-U-turn sampler on the same posterior (with a flat prior on the log of the"
        + " noise variance, which the others learn as a point). Each band is half a standard"
        + " deviation of the predicted mean.";
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
      Predictive p = model.predict(floats(GRID), draws);
      Values values = new Values();
      double logLik = 0;
      for (float ll : model.evaluate(valid, draws).logPredictive()) {
        logLik += ll / rows;
      }
      values.put("log_likelihood", logLik);
      if (model.network().posterior().flow() != null) {
        values.put("elbo", model.elbo(train, draws).total());
      }
      float[] std = model.predict(floats(PLACES), draws).std();
      return curve(values, doubles(p.mean()), doubles(p.std()), doubles(std));
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
    int hidden = tiny ? 3 : HIDDEN;
    CurveDensity density = new CurveDensity(hidden, ToyCurve.data(rows, DATA_SEED));
    double[][][] kept = new double[chains][][];
    double acceptance = 0;
    int divergences = 0;
    for (int c = 0; c < chains; c++) {
      SplittableRandom random = new SplittableRandom(c);
      double[] start = new double[density.dim()];
      for (int i = 0; i < start.length; i++) {
        start[i] = 0.5 * random.nextGaussian();
      }
      Chain chain = Nuts.sample(density, start, warmup, draws, c + 1);
      kept[c] = chain.draws();
      acceptance += chain.acceptance() / chains;
      divergences += chain.divergences();
      System.err.printf(
          Locale.ROOT,
          "chain %d: %d gradients, step %.4f%n",
          c,
          chain.gradients(),
          chain.stepSize());
    }
    Values values = new Values().put("acceptance", acceptance).put("divergences", divergences);
    for (double place : PLACES) {
      values.put("rhat_at_" + place, Diagnostics.splitRhat(outputs(density, kept, place)));
      values.put("ess_at_" + place, Diagnostics.effectiveSize(outputs(density, kept, place)));
    }
    values.put("log_likelihood", predictive(density, kept, ToyCurve.data(rows, DATA_SEED + 1)));
    double[][] grid = moments(density, kept, GRID);
    return curve(values, grid[0], grid[1], moments(density, kept, PLACES)[1]);
  }

  private static double[][] outputs(CurveDensity density, double[][][] kept, double x) {
    double[][] out = new double[kept.length][];
    for (int c = 0; c < kept.length; c++) {
      out[c] = new double[kept[c].length];
      for (int i = 0; i < out[c].length; i++) {
        out[c][i] = density.mean(kept[c][i], x);
      }
    }
    return out;
  }

  private static double[][] moments(CurveDensity density, double[][][] kept, double[] x) {
    double[][] out = new double[2][x.length];
    for (int i = 0; i < x.length; i++) {
      int n = 0;
      double mean = 0;
      double squares = 0;
      for (double[] chain : outputs(density, kept, x[i])) {
        for (double v : chain) {
          double d = v - mean;
          mean += d / ++n;
          squares += d * (v - mean);
        }
      }
      out[0][i] = mean;
      out[1][i] = Math.sqrt(squares / n);
    }
    return out;
  }

  private static double predictive(CurveDensity density, double[][][] kept, Dataset valid) {
    int draws = kept[0].length;
    float[] x = valid.inputs();
    double[][] means = new double[kept.length * draws][x.length];
    double[][] stds = new double[means.length][x.length];
    for (int s = 0; s < means.length; s++) {
      double[] q = kept[s / draws][s % draws];
      for (int n = 0; n < x.length; n++) {
        means[s][n] = density.mean(q, x[n]);
        stds[s][n] = density.noise(q);
      }
    }
    return Regression.mixtureGaussianLogLikelihood(means, stds, doubles(valid.targets()));
  }

  private static float[] floats(double[] x) {
    float[] out = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = (float) x[i];
    }
    return out;
  }

  private static double[] doubles(float[] x) {
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = x[i];
    }
    return out;
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
            Stat.of(by.list().stream().mapToDouble(Run::seconds).toArray()).text(0),
            by.extent()
          });
    }
    page.figures(figures).table(rows);
    page.small(
        "std: standard deviation of the predicted mean over draws of the weights. Log-likelihood:"
            + " of 1,000 fresh points, per point. The ELBOs of gains and of all weights are not"
            + " comparable: they have different random weights. s: wall time of a run.");
    runs.by(NUTS).first().ifPresent(run -> page.small(convergence(run)));
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
    Plot plot = new Plot("x", -0.5, 1.5, "y", -1.5, 2.5);
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
    plot.crosses(doubles(data.inputs()), doubles(data.targets()), 3, Plot.RED, "50 of the data");
    String caption = method + ", seed " + run.seed() + ".";
    return new String[] {plot.svg(caption), caption};
  }
}
