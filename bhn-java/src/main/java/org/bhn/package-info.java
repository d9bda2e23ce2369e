/**
 * Bayesian neural networks: build, fit, predict with uncertainty, save.
 *
 * <pre>{@code
 * try (Backend backend = Backends.best();
 *     Bhn model = Bhn.classifier(784, 10).hidden(200).seed(1).build(backend)) {
 *   model.fit(train, Fit.epochs(20));
 *   Predictive p = model.predict(test.inputs(), 100);
 *   p.labels();
 *   p.mutualInformation();
 * }
 * }</pre>
 *
 * <p>{@link org.bhn.BhnBuilder} says what can be built, {@link org.bhn.train.Fit} how it is
 * trained, {@link org.bhn.predict.Predictive} what a prediction knows.
 */
package org.bhn;
