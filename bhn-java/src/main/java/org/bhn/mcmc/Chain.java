package org.bhn.mcmc;

/**
 * What a sampler drew.
 *
 * @param draws {@code [n][D]} after warm-up
 * @param logDensities {@code [n]} at the draws
 * @param acceptance mean Metropolis acceptance probability over the trajectories' points
 * @param stepSize that was used after warm-up
 * @param divergences trajectories after warm-up whose energy error passed 1000 or was not a number:
 *     the step is too large somewhere, and the draws miss that place. Steps out of the support,
 *     where the log-density is −∞, end a trajectory but are none
 * @param gradients evaluations of the density, warm-up included
 */
public record Chain(
    double[][] draws,
    double[] logDensities,
    double acceptance,
    double stepSize,
    int divergences,
    long gradients) {}
