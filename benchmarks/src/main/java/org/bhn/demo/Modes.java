package org.bhn.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.bhn.Bhn;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.bayes.Likelihood;
import org.bhn.bayes.Priors;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.report.Plot;
import org.bhn.report.Report;
import org.bhn.train.Fit;

/**
 * ŷ = a·b·x (Krueger et al. 2017, Fig. 2): (a, b) and (−a, −b) explain the data equally well, so
 * the posterior has two modes. A grid gives it exactly.
 */
final class Modes {
  private static final int ROWS = 20;
  private static final double SIGMA = 0.5;
  private static final int CELLS = 64;
  private static final double EDGE = 3;
  private static final int SAMPLES = 200_000;

  private final List<String[]> figures = new ArrayList<>();
  private final List<String[]> rows = new ArrayList<>();
  private final float[] x = new float[ROWS];
  private final float[] y = new float[ROWS];
  private final boolean quick;

  Modes(boolean quick) {
    this.quick = quick;
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < ROWS; i++) {
      x[i] = (float) random.nextDouble(-1, 1);
      y[i] = (float) (x[i] + SIGMA * random.nextGaussian());
    }
    rows.add(
        new String[] {"posterior", "share with a > 0", "total variation to exact", "ELBO, nats"});
  }

  void run(Backend backend) {
    double[][] exact = grid();
    figure(exact, null, "Exact, by a grid of 64×64 cells: two equal modes.");
    rows.add(new String[] {"exact", "0.500", "0", String.format(Locale.ROOT, "%.2f", evidence())});
    one(
        backend,
        exact,
        "hypernetwork",
        Posterior.fullCentred(
            Flows.coupling(8)
                .hidden(64)
                .weightNorm(false)
                .conditionerInit(0.01, 0.05)
                .initialStd(1)),
        50,
        "Hypernetwork, 8 coupling steps: draws fall on both modes and follow their bend.");
    one(
        backend,
        exact,
        "mean-field",
        Posterior.fullCentred(Flows.affine().initialStd(0.1)),
        0.05,
        "Mean-field, the usual Gaussian: it cannot split, so it must choose or blur.");
  }

  private void one(
      Backend backend,
      double[][] exact,
      String name,
      Posterior posterior,
      double firstKlWeight,
      String caption) {
    try (Bhn model =
        Bhn.of(1, Likelihood.gaussian(1, SIGMA))
            .hidden(1)
            .activation(Activation.IDENTITY)
            .bias(false)
            .posterior(posterior)
            .prior(Priors.normal(1))
            .seed(1)
            .build(backend)) {
      Dataset data = Dataset.regression(x, 1, y, 1);
      model.fit(
          data,
          Fit.epochs(quick ? 60 : 3000)
              .batch(ROWS)
              .samples(128)
              .learningRate(5e-3)
              .decay(0.02)
              .klWarmup(0.7, firstKlWeight)
              .clip(0, 0));
      double[][] draws = model.sampleWeights(quick ? 2000 : SAMPLES, 1);
      double positive = 0;
      for (double[] w : draws) {
        positive += w[0] > 0 ? 1.0 / draws.length : 0;
      }
      figure(exact, draws, caption);
      rows.add(
          new String[] {
            name,
            String.format(Locale.ROOT, "%.3f", positive),
            String.format(Locale.ROOT, "%.3f", totalVariation(draws, exact)),
            String.format(Locale.ROOT, "%.2f", model.elbo(data, 5000).total())
          });
    }
  }

  private void figure(double[][] exact, double[][] draws, String caption) {
    Plot plot = new Plot("a", -EDGE, EDGE, "b", -EDGE, EDGE);
    plot.cells(exact, draws == null ? Plot.BLUE : "#9aa5b1");
    if (draws != null) {
      int n = Math.min(1500, draws.length);
      double[] a = new double[n];
      double[] b = new double[n];
      for (int i = 0; i < n; i++) {
        a[i] = draws[i][0];
        b[i] = draws[i][1];
      }
      plot.points(a, b, 1.6, Plot.BLUE, 0.5, "draws of the weights");
    }
    figures.add(new String[] {plot.svg(caption), caption});
  }

  private double logJoint(double a, double b) {
    double sum = -Math.log(2 * Math.PI) - (a * a + b * b) / 2;
    for (int i = 0; i < ROWS; i++) {
      double e = (y[i] - a * b * x[i]) / SIGMA;
      sum -= 0.5 * e * e + Math.log(SIGMA) + 0.5 * Math.log(2 * Math.PI);
    }
    return sum;
  }

  /** Mass of each cell, by the density at 5×5 points in it. */
  private double[][] grid() {
    double[][] mass = new double[CELLS][CELLS];
    double total = 0;
    for (int i = 0; i < CELLS; i++) {
      for (int j = 0; j < CELLS; j++) {
        for (int k = 0; k < 25; k++) {
          double a = -EDGE + 2 * EDGE * (i + (k / 5 + 0.5) / 5) / CELLS;
          double b = -EDGE + 2 * EDGE * (j + (k % 5 + 0.5) / 5) / CELLS;
          mass[i][j] += Math.exp(logJoint(a, b));
        }
        total += mass[i][j];
      }
    }
    for (double[] row : mass) {
      for (int j = 0; j < CELLS; j++) {
        row[j] /= total;
      }
    }
    return mass;
  }

  /** log ∫∫ p(y|a, b) p(a, b) on [−6, 6]². */
  private double evidence() {
    int n = 1200;
    double sum = 0;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        sum += Math.exp(logJoint(-6 + 12 * (i + 0.5) / n, -6 + 12 * (j + 0.5) / n));
      }
    }
    return Math.log(sum * 144.0 / n / n);
  }

  private static double totalVariation(double[][] draws, double[][] exact) {
    double[][] counts = new double[CELLS][CELLS];
    double sum = 0;
    for (double[] w : draws) {
      int i = (int) Math.floor((w[0] + EDGE) / (2 * EDGE) * CELLS);
      int j = (int) Math.floor((w[1] + EDGE) / (2 * EDGE) * CELLS);
      if (i < 0 || i >= CELLS || j < 0 || j >= CELLS) {
        sum += 1.0 / draws.length;
      } else {
        counts[i][j] += 1.0 / draws.length;
      }
    }
    for (int i = 0; i < CELLS; i++) {
      for (int j = 0; j < CELLS; j++) {
        sum += Math.abs(counts[i][j] - exact[i][j]);
      }
    }
    return sum / 2;
  }

  List<String[]> table() {
    return rows;
  }

  void report(Report report) {
    report
        .heading("2. Two explanations at once")
        .text(
            "ŷ = a·b·x, twenty points of y = x with noise. (a, b) and (−a, −b) are equally good: a"
                + " faithful posterior has both.")
        .figures(figures)
        .table(rows)
        .small(
            "Grey: the exact posterior. Total variation: half the summed difference of cell masses,"
                + " 0 is equal and 1 is disjoint; draws outside the square count in full. The ELBO"
                + " of the exact posterior is the log evidence; no other can exceed it. Prior N(0,"
                + " 1), noise 0.5, seed 1.");
  }
}
