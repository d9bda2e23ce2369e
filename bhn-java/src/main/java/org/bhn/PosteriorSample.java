package org.bhn;

import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.bhn.backend.Precision;
import org.bhn.predict.Predictive;
import org.bhn.predict.Predictor;

/**
 * Weights drawn once from a model's posterior, packed and ready: what a service that answers single
 * requests keeps. {@link #predict} gives the same bits as {@link Bhn#predict(float[], int, long)}
 * with the same samples and seed, without drawing the weights again for each call.
 *
 * <p>Any number of threads may predict at once; each that does holds a copy of the draws, S·D
 * reals, and of the packed matrices. Training the model ends the use of its samples.
 */
public final class PosteriorSample implements AutoCloseable {
  private final Bhn model;
  private final int samples;
  private final long seed;
  private final Precision precision;
  private final long trained;
  private final PredictorPool ready = new PredictorPool(this::drawn);
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean closed;

  /**
   * Draws.
   *
   * @param trained how often the model had been trained
   */
  PosteriorSample(Bhn model, int samples, long seed, Precision precision, long trained) {
    this.model = model;
    this.samples = samples;
    this.seed = seed;
    this.precision = precision;
    this.trained = trained;
    ready.use(first -> null);
  }

  private Predictor drawn() {
    Predictor predictor = model.predictor();
    try {
      predictor.hold(samples, seed, precision);
      return predictor;
    } catch (RuntimeException e) {
      predictor.close();
      throw e;
    }
  }

  /** Number of weight samples S. */
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
   * @throws IllegalStateException if the model has been trained since, or this or the model is
   *     closed
   */
  public Predictive predict(float[] inputs) {
    model.checkInputs(inputs, samples);
    return model.resting(
        () -> {
          lock.readLock().lock();
          try {
            check();
            return ready.use(p -> p.run(inputs, null, null, samples, seed, precision)).predictive();
          } finally {
            lock.readLock().unlock();
          }
        });
  }

  private void check() {
    if (closed) {
      throw new IllegalStateException("these weights are closed: draw others by Bhn.draw");
    }
    if (trained != model.trained()) {
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
