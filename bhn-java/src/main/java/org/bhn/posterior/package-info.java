/**
 * How noise becomes weights: {@link org.bhn.posterior.Posterior#weightNorm} draws a gain for each
 * unit (Krueger et al. 2017, section 3.3), {@link org.bhn.posterior.Posterior#full} all weights,
 * and baselines draw less.
 */
package org.bhn.posterior;
