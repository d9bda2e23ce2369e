package org.bhn.paper;

import java.util.SplittableRandom;
import org.bhn.data.Dataset;
import org.bhn.mcmc.Chain;
import org.bhn.mcmc.Diagnostics;
import org.bhn.mcmc.Nuts;
import org.bhn.uncertainty.Regression;

/** The curve's posterior by chains of the no-U-turn sampler, and what it predicts. */
final class CurveReference {
  private final CurveDensity density;
  private final double[][][] kept;
  private double acceptance;
  private int divergences;

  /** Runs the chains, each from half a draw of the prior. */
  CurveReference(int hidden, Dataset train, int chains, int warmup, int draws) {
    density = new CurveDensity(hidden, train);
    kept = new double[chains][][];
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
    }
  }

  /** Adds how far the chains can be trusted about the predicted mean at some places. */
  Values diagnose(Values values, double[] places) {
    values.put("acceptance", acceptance).put("divergences", divergences);
    for (double place : places) {
      values.put("rhat_at_" + place, Diagnostics.splitRhat(outputs(place)));
      values.put("ess_at_" + place, Diagnostics.effectiveSize(outputs(place)));
    }
    return values;
  }

  /** The predicted means {@code [chains][draws]} at one place. */
  private double[][] outputs(double x) {
    double[][] out = new double[kept.length][];
    for (int c = 0; c < kept.length; c++) {
      out[c] = new double[kept[c].length];
      for (int i = 0; i < out[c].length; i++) {
        out[c][i] = density.mean(kept[c][i], x);
      }
    }
    return out;
  }

  /** Mean and standard deviation of the predicted mean at each place. */
  double[][] moments(double[] x) {
    double[][] out = new double[2][x.length];
    for (int i = 0; i < x.length; i++) {
      int n = 0;
      double mean = 0;
      double squares = 0;
      for (double[] chain : outputs(x[i])) {
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

  /** Log predictive density of data, per example, in nats. */
  double logLikelihood(Dataset data) {
    int draws = kept[0].length;
    float[] x = data.inputs();
    double[][] means = new double[kept.length * draws][x.length];
    double[][] stds = new double[means.length][x.length];
    for (int s = 0; s < means.length; s++) {
      double[] q = kept[s / draws][s % draws];
      for (int n = 0; n < x.length; n++) {
        means[s][n] = density.mean(q, x[n]);
        stds[s][n] = density.noise(q);
      }
    }
    return Regression.mixtureGaussianLogLikelihood(means, stds, Numbers.doubles(data.targets()));
  }
}
