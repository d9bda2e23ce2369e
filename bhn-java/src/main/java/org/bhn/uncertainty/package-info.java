/**
 * Uncertainty scores, the metrics that judge them, and what makes them hold on held-out examples
 * (conformal sets, temperature), on plain arrays.
 *
 * <p>Nothing here knows a model: any source of class probabilities, scores or predicted means will
 * do. Conventions shared by the whole package:
 *
 * <ul>
 *   <li>a score is an uncertainty: higher means less certain;
 *   <li>in detection the positive class is what should be flagged (out of distribution, adversarial
 *       or misclassified);
 *   <li>entropies are in nats;
 *   <li>a quantity that does not exist for the given data (a mean over nothing, an area with only
 *       one class present) is NaN;
 *   <li>NaN inputs, mismatched lengths and labels out of range are an {@link
 *       java.lang.IllegalArgumentException} that names the argument and the value.
 * </ul>
 */
package org.bhn.uncertainty;
