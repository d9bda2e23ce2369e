/**
 * Markov chains that sample a density given its gradient: the reference for posteriors that are
 * learned. Plain Java in double precision, for models of up to some hundred dimensions.
 */
package org.bhn.mcmc;
