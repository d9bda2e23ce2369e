package org.bhn.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.paper.ToyCurve;
import org.bhn.posterior.Posterior;
import org.bhn.predict.Predictive;
import org.bhn.report.Plot;
import org.bhn.report.Report;
import org.bhn.train.Fit;

/** 1-D regression on {@link ToyCurve} (Krueger et al. 2017, Fig. 1), 1-50-1 ReLU. */
final class Curves {
  private static final int ROWS = 300;
  private static final int GRID = 161;
  private static final int SAMPLES = 300;

  private final List<String[]> figures = new ArrayList<>();
  private final List<String[]> rows = new ArrayList<>();
  private final Dataset data;
  private final boolean quick;

  Curves(boolean quick) {
    this.quick = quick;
    data = ToyCurve.data(ROWS, 5645);
    rows.add(
        new String[] {"weights", "std at 0.25 (data)", "std at −0.4", "std at 1.4", "ELBO, nats"});
  }

  void run(Backend backend) {
    one(
        backend,
        "one set of weights",
        Posterior.point(),
        "Maximum likelihood: a curve, and no idea of what it does not know.");
    one(
        backend,
        "random gains",
        Posterior.weightNorm(Flows.iaf(2).hidden(50)),
        "Weight-norm hypernetwork: 51 random gains. Bands are ½ standard deviation of the predicted"
            + " mean each.");
    one(
        backend,
        "all weights random",
        Posterior.full(Flows.coupling(4).hidden(64)),
        "Full hypernetwork: all 151 weights and biases are random. Certain where there are data,"
            + " unsure where there are none.");
  }

  private void one(Backend backend, String name, Posterior posterior, String caption) {
    boolean point = posterior instanceof Posterior.Point;
    boolean all = posterior instanceof Posterior.Full;
    try (Bhn model =
        Bhn.of(1, Likelihood.gaussianLearned(1, 0.3))
            .hidden(50)
            .posterior(posterior)
            .standardise(data)
            .seed(4)
            .build(backend)) {
      model.fit(
          data,
          Fit.epochs(quick ? 40 : all ? 4000 : 1500)
              .batch(100)
              .samples(point ? 1 : 8)
              .learningRate(5e-3)
              .decay(0.05)
              .klWarmup(0.3));
      float[] grid = new float[GRID];
      double[] x = new double[GRID];
      for (int i = 0; i < GRID; i++) {
        x[i] = -0.5 + 2.0 * i / (GRID - 1);
        grid[i] = (float) x[i];
      }
      Predictive p = model.predict(grid, SAMPLES);
      draw(x, p, caption);
      float[] std = p.std();
      rows.add(
          new String[] {
            name,
            number(std[60]),
            number(std[8]),
            number(std[152]),
            point
                ? "not defined"
                : String.format(Locale.ROOT, "%.1f", model.elbo(data, SAMPLES).total())
          });
    }
  }

  private void draw(double[] x, Predictive p, String caption) {
    float[] mean = p.mean();
    float[] std = p.std();
    double[] centre = new double[x.length];
    double[] spread = new double[x.length];
    double[] truth = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      centre[i] = mean[i];
      spread[i] = std[i];
      truth[i] = ToyCurve.mean(x[i], 0);
    }
    Plot plot = new Plot("x", -0.5, 1.5, "y", -1.5, 2.5);
    for (int k = 4; k >= 1 && p.samples() > 1; k--) {
      double[] low = new double[x.length];
      double[] high = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        low[i] = centre[i] - 0.5 * k * spread[i];
        high[i] = centre[i] + 0.5 * k * spread[i];
      }
      plot.band(x, low, high, Plot.BLUE, 0.16);
    }
    float[] px = data.inputs();
    float[] py = data.targets();
    double[] dx = new double[60];
    double[] dy = new double[60];
    for (int i = 0; i < dx.length; i++) {
      dx[i] = px[i];
      dy[i] = py[i];
    }
    plot.line(x, truth, Plot.GREY, "3 5", "the curve behind the data");
    plot.line(x, centre, Plot.BLUE, "", "predicted mean");
    plot.points(dx, dy, 2.6, Plot.RED, 0.85, "60 of the 300 data");
    figures.add(new String[] {plot.svg(caption), caption});
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }

  List<String[]> table() {
    return rows;
  }

  void report(Report report) {
    report
        .heading("1. A curve, and where it is only a guess")
        .text(
            "The same small network three times, on 300 points between 0 and ½. Outside, nothing is"
                + " known; only a posterior over weights can say so.")
        .figures(figures)
        .table(rows)
        .small(
            "std: standard deviation of the predicted mean over "
                + SAMPLES
                + " draws of the weights, in units of y. ELBO: higher is better; between"
                + " the two hypernetworks it is not comparable, since they have"
                + " different random weights. Prior N(0, 1), noise level learned, seed 4.");
  }
}
