package org.bhn.bayes;

/**
 * The evidence lower bound over a data set, itemised, in nats:
 *
 * <p>ELBO = E[log p(D|θ)] + E[log p(θ)] − E[log q(θ)], and with θ = h(ε), ε ~ N(0, I): −E[log q] =
 * E[−log N(ε; 0, I)] + E[log|det ∂h/∂ε|] (change of variables; Krueger et al. 2017). The third item
 * is known, D/2 (1 + log 2π), but estimated from the same noise as the others: at the exact
 * posterior the sum of all four is then the same for every sample.
 *
 * @param logLikelihood Monte-Carlo mean of Σ_n log p(y_n|x_n, θ), over all N examples
 * @param logPrior Monte-Carlo mean of log p(θ), normalised
 * @param baseEntropy Monte-Carlo mean of −log N(ε; 0, I); its expectation is {@link
 *     #standardNormalEntropy}
 * @param logDet Monte-Carlo mean of log|det ∂h/∂ε|
 * @param standardError of {@link #total} over the weight samples
 */
public record Elbo(
    double logLikelihood,
    double logPrior,
    double baseEntropy,
    double logDet,
    double standardError) {

  /**
   * The bound: log p(D) is at least this, up to Monte-Carlo error. What is fitted as a point is
   * given on both sides: directions and biases of a weight-norm posterior, a learned noise level.
   * With those chosen by the data log p(D | point) may lie above the evidence of a model whose
   * weights are all random, so the totals of different kinds of posterior do not compare.
   */
  public double total() {
    return logLikelihood + logPrior + baseEntropy + logDet;
  }

  /** E[log q(θ)] − E[log p(θ)]: what the data term pays for being certain. */
  public double kl() {
    return -(logPrior + baseEntropy + logDet);
  }

  /** Entropy of D standard normals, D/2 (1 + log 2π). */
  public static double standardNormalEntropy(int dim) {
    return 0.5 * dim * (1 + Math.log(2 * Math.PI));
  }
}
