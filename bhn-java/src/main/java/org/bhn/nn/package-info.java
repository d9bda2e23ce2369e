/** Layers of the primary network, without their weights: those come from a posterior. */
package org.bhn.nn;
