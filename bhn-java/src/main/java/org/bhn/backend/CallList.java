package org.bhn.backend;

import java.util.Arrays;

/**
 * A recorded sequence of device calls with all addresses bound. Running it again does the same work
 * on the same memory and allocates nothing. It belongs to the backend that recorded it, which
 * closes it if nobody else does.
 */
public class CallList implements AutoCloseable {
  private Runnable[] calls = new Runnable[64];
  private String[] ops = new String[64];
  private int size;
  private boolean closed;

  CallList() {}

  final void add(String op, Runnable call) {
    if (size == calls.length) {
      calls = Arrays.copyOf(calls, 2 * size);
      ops = Arrays.copyOf(ops, 2 * size);
    }
    calls[size] = call;
    ops[size++] = op;
  }

  /** Number of calls. */
  public final int size() {
    return size;
  }

  /**
   * Runs every call in order.
   *
   * @throws IllegalStateException if this or its backend is closed, or memory of a call was freed
   */
  public void run() {
    if (closed) {
      throw new IllegalStateException("this recording is closed: record again");
    }
    runEach();
  }

  /** Runs the calls one by one. */
  final void runEach() {
    if (OpEvent.wanted()) {
      for (int i = 0; i < size; i++) {
        OpEvent.run(ops[i], calls[i]);
      }
      return;
    }
    for (int i = 0; i < size; i++) {
      calls[i].run();
    }
  }

  /** Frees what the device holds of the recording. */
  @Override
  public void close() {
    closed = true;
  }

  final boolean isClosed() {
    return closed;
  }
}
