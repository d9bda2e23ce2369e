package org.bhn;

import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import org.bhn.backend.Precision;
import org.bhn.predict.Predictive;
import org.bhn.predict.Predictor;
import org.bhn.train.DataChecks;

/**
 * Weights drawn once from a model's posterior, packed and ready: what a service that answers single
 * requests keeps. {@link #predict} gives the same bits as {@link Bhn#predict(float[], int, long)}
 * with the same samples and seed, without drawing the weights again for each call.
 *
 * <p>Any number of threads may predict at once; each that does holds a copy of the draws, S·D
 * reals, and of the packed matrices, until the sample is closed. Training the model by {@link
 * Bhn#fit} ends the use of its samples: predictions wait for it, as those of the model do, and then
 * throw. Whoever changes parameters through {@link Bhn#network()} draws again.
 */
public final class PosteriorSample implements AutoCloseable {
  private final Bhn model;
  private final int samples;
  private final long seed;
  private final Precision precision;
  private final long trainings;
  private final PredictorPool ready;
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean closed;

  /**
   * Draws.
   *
   * @param trainings of the model so far
   */
  PosteriorSample(Bhn model, int samples, long seed, Precision precision, long trainings) {
    this.model = model;
    this.samples = model.network().posterior().isRandom() ? samples : 1;
    this.seed = seed;
    this.precision = precision;
    this.trainings = trainings;
    this.ready = new PredictorPool(this::drawn, model.network().backend().device());
    ready.use(first -> null); // so that the first request finds one
  }

  private Predictor drawn() {
    Predictor predictor = model.predictor();
    boolean holds = false;
    try {
      predictor.hold(samples, seed, precision);
      holds = true;
      return predictor;
    } finally {
      if (!holds) {
        predictor.close();
      }
    }
  }

  /** Number of weight samples S; 1 of a point network. */
  public int samples() {
    return samples;
  }

  /** Seed of the weight samples. */
  public long seed() {
    return seed;
  }

  /**
   * The posterior predictive of N inputs under these weights, in the precision that the model had
   * when they were drawn.
   *
   * @param inputs {@code [N, inputs]} row by row, finite
   * @return statistics over the S samples
   * @throws IllegalStateException if the model has been trained since, or this or the model is
   *     closed
   */
  public Predictive predict(float[] inputs) {
    model.checkInputs(inputs, samples);
    return use(p -> p.run(inputs, null, null, samples, seed, precision)).predictive();
  }

  /**
   * As {@link Bhn#quantiles(float[], int, long, double...)} under these weights.
   *
   * @param inputs {@code [N, inputs]} row by row, finite
   * @param probabilities {@code [P]}, each in (0, 1)
   * @return {@code [P][N·O]}, in the units of the data
   * @throws UnsupportedOperationException if targets are classes or coins
   * @throws IllegalStateException as {@link #predict}
   */
  public double[][] quantiles(float[] inputs, double... probabilities) {
    model.checkInputs(inputs, samples);
    DataChecks.probabilities(probabilities);
    return use(p -> p.quantiles(inputs, samples, seed, precision, probabilities));
  }

  private <T> T use(Function<Predictor, T> work) {
    return model.resting(
        () -> {
          lock.readLock().lock();
          try {
            check();
            return ready.use(work);
          } finally {
            lock.readLock().unlock();
          }
        });
  }

  private void check() {
    if (closed) {
      throw new IllegalStateException("these weights are closed: draw others by Bhn.draw");
    }
    if (trainings != model.trainings()) {
      throw new IllegalStateException(
          "the model was trained after these weights were drawn: draw others by Bhn.draw");
    }
  }

  /** Frees the memory; waits for predictions that still run. */
  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      closed = true;
      ready.close();
    } finally {
      lock.writeLock().unlock();
    }
    model.forget(this);
  }
}
