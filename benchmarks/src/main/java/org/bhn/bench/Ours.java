package org.bhn.bench;

import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Precision;
import org.bhn.data.Dataset;
import org.bhn.train.Epoch;
import org.bhn.train.Listener;

/** This library, as its users call it. */
final class Ours implements AutoCloseable {
  private final Backend backend = Backends.best();
  private final Bhn model;

  Ours(int flowSteps) {
    model = Work.model(backend, flowSteps);
  }

  /** Trains for whole epochs, at least so long. */
  void warm(int batch, long nanos) {
    Dataset data = Work.data();
    long begin = System.nanoTime();
    do {
      model.fit(data, Work.fit(1, batch, 1));
    } while (System.nanoTime() - begin < nanos);
  }

  /** Times of the steps of a training, in nanoseconds from step to step. */
  long[] steps(int batch, int count) {
    int epochs = (count + 1) / Work.stepsPerEpoch(batch) + 1;
    long[] ends = new long[count + 1];
    int[] done = {0};
    model.fit(
        Work.data(),
        Work.fit(epochs, batch, 1)
            .listener(
                new Listener() {
                  @Override
                  public void onEpoch(Epoch epoch) {}

                  @Override
                  public void onStep(int epoch, int step, int steps) {
                    if (done[0] <= count) {
                      ends[done[0]++] = System.nanoTime();
                    }
                  }
                }));
    long[] times = new long[count];
    for (int i = 0; i < count; i++) {
      times[i] = ends[i + 1] - ends[i];
    }
    return times;
  }

  void precision(Precision precision) {
    model.precision(precision);
  }

  float[] predict(float[] images, int draws) {
    return model.predict(images, draws).mean();
  }

  @Override
  public void close() {
    model.close();
    backend.close();
  }
}
