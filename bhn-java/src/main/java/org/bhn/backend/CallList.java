package org.bhn.backend;

import java.util.Arrays;

/**
 * A recorded sequence of device calls with all addresses bound. Running it again does the same work
 * on the same memory and allocates nothing.
 */
public final class CallList {
  private Runnable[] calls = new Runnable[64];
  private String[] ops = new String[64];
  private int size;

  void add(String op, Runnable call) {
    if (size == calls.length) {
      calls = Arrays.copyOf(calls, 2 * size);
      ops = Arrays.copyOf(ops, 2 * size);
    }
    calls[size] = call;
    ops[size++] = op;
  }

  /** Number of calls. */
  public int size() {
    return size;
  }

  /** Runs every call in order. */
  public void run() {
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
}
