package org.bhn.tape;

import org.bhn.backend.Backend;
import org.bhn.backend.CallList;

/**
 * A step that runs again without being recorded again: the bound list of its native calls. What
 * changes between steps (minibatch order and cursor, learning rate, KL weight, noise counter) lives
 * on the device, so a replay allocates nothing and copies nothing.
 *
 * <p>A replay owns the addresses its step took from the backend's step pool: other tapes on the
 * same backend may run in between, but must not expect their values to survive a replay.
 */
public final class Replay implements AutoCloseable {
  private final CallList calls;

  private Replay(CallList calls) {
    this.calls = calls;
  }

  /** Runs the step once, recording its device calls. */
  public static Replay record(Backend backend, Runnable step) {
    CallList calls = backend.record();
    try {
      step.run();
    } finally {
      backend.stopRecording();
    }
    return new Replay(calls);
  }

  /** Runs the step again. */
  public void run() {
    calls.run();
  }

  /** Frees what the device holds of the step. */
  @Override
  public void close() {
    calls.close();
  }

  /** Number of device calls in the step. */
  public int calls() {
    return calls.size();
  }
}
