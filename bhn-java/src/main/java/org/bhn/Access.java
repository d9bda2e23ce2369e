package org.bhn;

import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * Who may use a model and when: predictions together, everything else alone, and nobody after its
 * end. What a listener of a training does runs within that training, in its thread.
 */
final class Access {
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean training;
  private volatile boolean closing; // a training ends at its next step
  private boolean closed;

  /** Works beside others that do so, while the model is open and not trained. */
  <T> T together(Supplier<T> work) {
    return within(lock.readLock(), work);
  }

  /** Works when nobody else does. */
  <T> T alone(Supplier<T> work) {
    return within(lock.writeLock(), work);
  }

  private <T> T within(Lock part, Supplier<T> work) {
    part.lock();
    try {
      if (closed) {
        throw new IllegalStateException("this model is closed: load or build it again");
      }
      return work.get();
    } finally {
      part.unlock();
    }
  }

  /** Trains when nobody else works. */
  <T> T training(Supplier<T> work) {
    refuseListener("fit");
    return alone(
        () -> {
          training = true;
          try {
            return work.get();
          } finally {
            training = false;
          }
        });
  }

  /** Whether a listener asks, within {@link #together} or {@link #alone}. */
  boolean isTraining() {
    return training;
  }

  /** Whether someone waits for the end of a training to close the model. */
  boolean isClosing() {
    return closing;
  }

  /** Frees the model, once, when nobody works any more. */
  void close(Runnable free) {
    refuseListener("close");
    closing = true;
    lock.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        free.run();
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  private void refuseListener(String method) {
    if (lock.isWriteLockedByCurrentThread() && training) {
      throw new IllegalStateException(
          method
              + " was called by a listener of the model's training: do it when fit has returned,"
              + " which Fit.stopWhen or an exception brings about");
    }
  }
}
