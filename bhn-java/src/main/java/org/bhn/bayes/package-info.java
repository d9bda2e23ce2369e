/**
 * The probabilities of a model: prior, likelihood, and the evidence lower bound
 *
 * <pre>ELBO = E_q[log p(y | x, θ) + log p(θ) − log q(θ)]</pre>
 *
 * <p>itemised in nats ({@link org.bhn.bayes.Elbo}).
 */
package org.bhn.bayes;
