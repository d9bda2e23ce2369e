/**
 * Adversarial examples: inputs moved as little as possible to be misread, for testing what a
 * classifier's uncertainty is worth.
 *
 * <pre>{@code
 * float[] moved = Attack.pgd(0.1, 0.01, 40).samples(32).clip(0, 1).run(model, inputs, labels);
 * double[] clean = model.predict(inputs, 100).mutualInformation();
 * double[] attacked = model.predict(moved, 100).mutualInformation();
 * Detection.auroc(clean, attacked);
 * }</pre>
 */
package org.bhn.adversary;
