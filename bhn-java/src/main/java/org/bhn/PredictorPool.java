package org.bhn;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bhn.backend.Device;
import org.bhn.predict.Predictor;

/**
 * Predictors that wait for work. A thread takes one, or makes one where all are busy; beyond as
 * many as there are processors threads wait for their turn, since more would only take memory.
 */
final class PredictorPool implements AutoCloseable {
  private final Queue<Predictor> idle = new ConcurrentLinkedQueue<>();
  private final Semaphore turns =
      new Semaphore(Math.max(2, Runtime.getRuntime().availableProcessors()), true);
  private final Supplier<Predictor> make;
  private final boolean teams;

  /**
   * An empty pool.
   *
   * @param device where they compute
   */
  PredictorPool(Supplier<Predictor> make, Device device) {
    this.make = make;
    this.teams = device == Device.CPU && TeamThreads.areNeeded();
  }

  <T> T use(Function<Predictor, T> work) {
    turns.acquireUninterruptibly();
    try {
      return teams ? TeamThreads.compute(() -> apply(work)) : apply(work);
    } finally {
      turns.release();
    }
  }

  private <T> T apply(Function<Predictor, T> work) {
    Predictor idling = idle.poll();
    Predictor predictor = idling != null ? idling : make.get();
    try {
      T result = work.apply(predictor);
      predictor.rest();
      return result;
    } finally {
      idle.add(predictor);
    }
  }

  /** Frees those that wait; none may be at work. */
  @Override
  public void close() {
    for (Predictor p = idle.poll(); p != null; p = idle.poll()) {
      p.close();
    }
  }
}
