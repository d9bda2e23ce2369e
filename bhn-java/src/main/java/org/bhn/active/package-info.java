/**
 * Active learning: a model asks for the labels it would learn most from.
 *
 * <pre>{@code
 * ActiveLearning learning = ActiveLearning.on(pool, Acquisition.bald()).batch(10).seed(1);
 * learning.acquireRandom(20);
 * try (BhnLearner model =
 *     BhnLearner.warm(
 *         seed -> Bhn.classifier(784, 10).hidden(200).seed(seed).build(backend),
 *         rows -> Fit.epochs(50))) {
 *   learning.run(model, 98, round -> round.labelled().rows() < 1000);
 * }
 * learning.acquired();   // rows of the pool in the order they were asked for; acquire() takes them back
 * }</pre>
 *
 * <p>Any other model is a {@link org.bhn.active.Learner}, or leaves the loop out:
 *
 * <pre>{@code
 * float[][][] draws = ...;   // [S][N][C] class probabilities of N candidates
 * int[] ask = Acquisition.batchBald().choose(Candidates.of(draws), 10, new SplittableRandom(1));
 * }</pre>
 */
package org.bhn.active;
