package org.bhn.train;

/**
 * What one epoch came to. Likelihood, prior and log-det are means over the epoch's steps, so they
 * lag behind the parameters at its end.
 *
 * @param epoch counted from 0
 * @param epochs planned
 * @param logLikelihood mean log-likelihood of an example in its own units, in nats
 * @param logPrior log prior density of the weights, in nats; 0 without a weight density
 * @param logDet log-determinant of the flow, in nats; 0 without a weight density
 * @param elbo N·logLikelihood + logPrior + base entropy + logDet, in nats; NaN without a density
 * @param klWeight β, tempering included
 * @param learningRate of Adam
 * @param gradientNorm global norm in the last step, before clipping
 * @param validationLogLik mean log predictive density on validation data, NaN if not validated
 * @param validationAccuracy share of correct labels, NaN if not validated or no labels
 * @param best whether this is the best validation so far
 * @param seconds wall time of the epoch, validation included
 */
public record Epoch(
    int epoch,
    int epochs,
    double logLikelihood,
    double logPrior,
    double logDet,
    double elbo,
    double klWeight,
    double learningRate,
    double gradientNorm,
    double validationLogLik,
    double validationAccuracy,
    boolean best,
    double seconds) {}
