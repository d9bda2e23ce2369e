package org.bhn.backend;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import org.bhn.tensor.Tensor;

/** Batches wait on the host, for devices whose calls do. */
final class PlainStaging implements Staging {
  private final Backend backend;
  private final Tensor to;
  private final Queue<Object> waiting = new ArrayDeque<>();

  PlainStaging(Backend backend, Tensor to) {
    this.backend = backend;
    this.to = to;
  }

  @Override
  public void put(float[] values, int count) {
    CheckElementwise.staged(to, count, waiting.size());
    waiting.add(Arrays.copyOf(values, count));
  }

  @Override
  public void put(int[] values, int count) {
    CheckElementwise.staged(to, count, waiting.size());
    waiting.add(Arrays.copyOf(values, count));
  }

  @Override
  public void take() {
    CheckElementwise.waits(waiting.size());
    switch (waiting.remove()) {
      case float[] reals -> backend.upload(to.view(0, reals.length), reals);
      case int[] ints -> backend.upload(to.view(0, ints.length), ints);
      default -> throw new AssertionError();
    }
  }

  @Override
  public void clear() {
    waiting.clear();
  }

  @Override
  public void close() {
    clear();
  }
}
