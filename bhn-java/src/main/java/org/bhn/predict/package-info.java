/**
 * Posterior predictions: draws of the weights pass over pieces of the rows, and statistics are
 * folded draw by draw, so memory does not grow with draws times rows.
 */
package org.bhn.predict;
