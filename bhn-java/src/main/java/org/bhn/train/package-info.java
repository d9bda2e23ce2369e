/**
 * Training by the evidence lower bound: {@link org.bhn.train.Fit} holds the settings, {@link
 * org.bhn.train.History} what happened, a {@link org.bhn.train.Listener} hears it meanwhile.
 *
 * <p>Steps run as a recording that allocates nothing; checkpoints resume to the same bits.
 */
package org.bhn.train;
