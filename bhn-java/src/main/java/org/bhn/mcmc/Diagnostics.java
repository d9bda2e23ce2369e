package org.bhn.mcmc;

/** How far chains can be trusted. */
public final class Diagnostics {
  private Diagnostics() {}

  /**
   * Split-R̂: √ of the ratio of pooled to within-chain variance, each chain cut into halves (Gelman
   * et al. 2013, §11.4). Near 1 if the chains agree; above 1.05 they do not.
   *
   * @param chains {@code [chains][n]} of one quantity, n at least 4
   * @return R̂; NaN if nothing varies
   */
  public static double splitRhat(double[][] chains) {
    double[][] halves = halves(chains);
    int n = halves[0].length;
    double[] means = new double[halves.length];
    double within = 0;
    for (int c = 0; c < halves.length; c++) {
      means[c] = mean(halves[c]);
      within += variance(halves[c], means[c]) / halves.length;
    }
    double between = variance(means, mean(means));
    return Math.sqrt(((n - 1.0) / n * within + between) / within);
  }

  /**
   * Effective number of independent draws: N / τ, τ = −1 + 2 Σ_k P_k with the pairs P_k = ρ_2k +
   * ρ_2k+1 of autocorrelations, summed while positive and never more than the pair before (Geyer
   * 1992, §3.3). Autocorrelations are averaged over the chains' halves, so that chains that
   * disagree count for little (Gelman et al. 2013, §11.5). Draws that alternate count for more than
   * independent ones, but for no more than N log₁₀ N.
   *
   * @param chains {@code [chains][n]} of one quantity, n at least 4
   * @return the number; NaN if nothing varies, or a value is NaN
   */
  public static double effectiveSize(double[][] chains) {
    double[][] halves = halves(chains);
    int n = halves[0].length;
    int m = halves.length;
    double[] means = new double[m];
    double within = 0;
    for (int c = 0; c < m; c++) {
      means[c] = mean(halves[c]);
      within += variance(halves[c], means[c]) / m;
    }
    double pooled = (n - 1.0) / n * within + variance(means, mean(means));
    if (!(within > 0)) {
      return Double.NaN;
    }
    double tau = -1;
    double least = Double.POSITIVE_INFINITY;
    for (int t = 0; t + 1 < n; t += 2) {
      double pair = t == 0 ? 1 : 0;
      for (int lag = Math.max(1, t); lag <= t + 1; lag++) {
        double covariance = 0;
        for (int c = 0; c < m; c++) {
          covariance += autocovariance(halves[c], means[c], lag) / m;
        }
        pair += 1 - (within - covariance) / pooled;
      }
      if (!(pair > 0)) {
        break;
      }
      least = Math.min(least, pair);
      tau += 2 * least;
    }
    double draws = (double) m * n;
    return draws / Math.max(tau, 1 / Math.log10(draws));
  }

  private static double[][] halves(double[][] chains) {
    if (chains.length == 0 || chains[0].length < 4) {
      throw new IllegalArgumentException(
          "%d chains of %d draws: pass at least one of at least 4"
              .formatted(chains.length, chains.length == 0 ? 0 : chains[0].length));
    }
    int n = chains[0].length / 2;
    double[][] out = new double[2 * chains.length][n];
    for (int c = 0; c < chains.length; c++) {
      if (chains[c].length != chains[0].length) {
        throw new IllegalArgumentException(
            "chain %d has %d draws, the first %d: pass chains of one length"
                .formatted(c, chains[c].length, chains[0].length));
      }
      System.arraycopy(chains[c], 0, out[2 * c], 0, n);
      System.arraycopy(chains[c], chains[c].length - n, out[2 * c + 1], 0, n);
    }
    return out;
  }

  private static double mean(double[] x) {
    double sum = 0;
    for (double v : x) {
      sum += v;
    }
    return sum / x.length;
  }

  private static double variance(double[] x, double mean) {
    return x.length * autocovariance(x, mean, 0) / (x.length - 1);
  }

  private static double autocovariance(double[] x, double mean, int lag) {
    double sum = 0;
    for (int i = lag; i < x.length; i++) {
      sum += (x[i] - mean) * (x[i - lag] - mean);
    }
    return sum / x.length;
  }
}
