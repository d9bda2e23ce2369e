package org.bhn.nativelib;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** Waits for what another thread does for this one, with memory that this one may free. */
public final class Uninterrupted {
  private Uninterrupted() {}

  /**
   * What comes of it; an interrupt meanwhile is kept.
   *
   * @throws ExecutionException with what the other thread has thrown
   */
  public static <T> T get(Future<T> task) throws ExecutionException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
