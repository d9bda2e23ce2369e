package org.bhn.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bhn.Bhn;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.bayes.Likelihood;
import org.bhn.bayes.Priors;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.paper.ProductPosterior;
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
  private static final int SAMPLES = 200_000;

  private final List<String[]> figures = new ArrayList<>();
  private final List<String[]> rows = new ArrayList<>();
  private final ProductPosterior posterior = new ProductPosterior(ROWS, SIGMA, 1);
  private final boolean quick;

  Modes(boolean quick) {
    this.quick = quick;
    rows.add(
        new String[] {"posterior", "share with a > 0", "total variation to exact", "ELBO, nats"});
  }

  void run(Backend backend) {
    double[][] exact = posterior.cells();
    figure(exact, null, "Exact, by a grid of 64×64 cells: two equal modes.");
    rows.add(
        new String[] {
          "exact", "0.500", "0", String.format(Locale.ROOT, "%.2f", posterior.evidence())
        });
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
      Posterior belief,
      double firstKlWeight,
      String caption) {
    try (Bhn model =
        Bhn.of(1, Likelihood.gaussian(1, SIGMA))
            .hidden(1)
            .activation(Activation.IDENTITY)
            .bias(false)
            .posterior(belief)
            .prior(Priors.normal(1))
            .seed(1)
            .build(backend)) {
      Dataset data = posterior.data();
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
            String.format(
                Locale.ROOT,
                "%.3f",
                ProductPosterior.totalVariation(ProductPosterior.shares(draws), exact)),
            String.format(Locale.ROOT, "%.2f", model.elbo(data, 5000).total())
          });
    }
  }

  private void figure(double[][] exact, double[][] draws, String caption) {
    Plot plot = Plot.square("a", "b", -ProductPosterior.EDGE, ProductPosterior.EDGE);
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
