package org.bhn;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bhn.predict.Predictor;

/** Predictors that wait for work. A thread takes one, or makes one where all are busy. */
final class PredictorPool implements AutoCloseable {
  private final Queue<Predictor> idle = new ConcurrentLinkedQueue<>();
  private final Supplier<Predictor> make;

  PredictorPool(Supplier<Predictor> make) {
    this.make = make;
  }

  <T> T use(Function<Predictor, T> work) {
    Predictor predictor = idle.poll();
    if (predictor == null) {
      predictor = make.get();
    }
    try {
      return work.apply(predictor);
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
