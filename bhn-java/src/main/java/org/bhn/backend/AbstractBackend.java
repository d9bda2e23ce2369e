package org.bhn.backend;

import java.util.Collections;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** What all backends share: liveness, the one-thread rule, recording, and the step pool. */
abstract class AbstractBackend implements Backend {
  /** Stands for this backend and its forks: memory of one family is usable by all of it. */
  final Object family;

  private final AtomicReference<Thread> user = new AtomicReference<>();
  private final BumpPool pool = new BumpPool(this);

  /** What to free at the end; weak, so that what is freed or forgotten before is not kept. */
  private final Set<DeviceBuffer> allocated =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

  private CallList recording;
  private volatile boolean closed;

  AbstractBackend(Object family) {
    this.family = family;
  }

  /** New zeroed memory of this family. */
  abstract DeviceBuffer newBuffer(DType dtype, long length);

  /** Size of an element on this device. */
  abstract int bytes(DType dtype);

  /** Frees what the subclass holds; called once, after the pool is freed. */
  abstract void closeDevice();

  /** Keeps the family's memory until {@link #leave}: native code knows addresses, not lifetimes. */
  void enter() {}

  /** Ends what {@link #enter} began, in the same thread. */
  void leave() {}

  /** Whether the backend that this one is a fork of was closed. */
  boolean isMemoryClosed() {
    return false;
  }

  @Override
  public final Pool pool() {
    return pool;
  }

  @Override
  public final Tensor allocate(DType dtype, int... shape) {
    checkOpen();
    if (dtype == null) {
      throw new IllegalArgumentException("dtype is null");
    }
    DeviceBuffer buffer = newBuffer(dtype, Math.max(1, Tensor.size(shape)));
    allocated.add(buffer);
    return Tensor.on(buffer, 0, shape);
  }

  @Override
  public final void release(Tensor tensor) {
    if (tensor != null && tensor.isStale() && isMemoryClosed()) {
      return; // it went with the backend, whatever the order in which owners close
    }
    own("tensor", tensor);
    ((DeviceBuffer) tensor.buffer()).free();
  }

  @Override
  public final CallList record() {
    checkOpen();
    if (recording != null) {
      throw new IllegalStateException("this backend is already recording: stop that recording");
    }
    recording = newCallList();
    return recording;
  }

  /** How this device runs what was recorded. */
  CallList newCallList() {
    return new CallList();
  }

  @Override
  public final void stopRecording() {
    recording = null;
  }

  final boolean isRecording() {
    return recording != null;
  }

  /**
   * Runs a checked call, and appends it to the recording if there is one.
   *
   * @param op its name in flight recordings
   * @throws IllegalStateException if closed, or if another thread is inside this backend
   */
  final void submit(String op, Runnable call) {
    checkOpen();
    Runnable guarded = () -> guarded(call);
    if (OpEvent.wanted()) {
      OpEvent.run(op, guarded);
    } else {
      guarded.run();
    }
    if (recording != null) {
      recording.add(op, guarded);
    }
  }

  /** Runs a call under the one-thread rule without recording it: copies from and to the host. */
  final void immediate(Runnable call) {
    checkOpen();
    guarded(call);
  }

  private void guarded(Runnable call) {
    boolean taken = take();
    try {
      enter();
      try {
        checkOpen();
        call.run();
      } catch (IllegalStateException e) {
        throw released(e);
      } finally {
        leave();
      }
    } finally {
      if (taken) {
        user.set(null);
      }
    }
  }

  /**
   * Runs something under the one-thread rule alone, which a closed backend has, too. Calls within
   * it are submitted as ever.
   */
  final void alone(Runnable call) {
    boolean taken = take();
    try {
      call.run();
    } finally {
      if (taken) {
        user.set(null);
      }
    }
  }

  /** Whether this thread has it now and had it not before. */
  private boolean take() {
    Thread own = Thread.currentThread();
    Thread other = user.compareAndExchange(null, own);
    if (other != null && other != own) {
      throw new IllegalStateException(
          "this backend is in use by thread "
              + other
              + ": a backend serves one thread at a time, use fork() for another thread");
    }
    return other == null;
  }

  /** Arenas' words for memory that went between the check of the arguments and the call. */
  private static IllegalStateException released(IllegalStateException e) {
    return "Already closed".equals(e.getMessage())
        ? new IllegalStateException(
            "memory of this call was released by another thread: keep what is in use", e)
        : e;
  }

  final void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this backend is closed: open a new one");
    }
    if (isMemoryClosed()) {
      throw new IllegalStateException(
          "the backend that this one is a fork of is closed: open a new one");
    }
  }

  /**
   * Checks that a tensor is present, live and of this family.
   *
   * @throws IllegalArgumentException if it is null or belongs to another backend
   * @throws IllegalStateException if its memory was freed or reused
   */
  final void own(String name, Tensor tensor) {
    if (tensor == null) {
      throw new IllegalArgumentException(name + " is null");
    }
    if (!(tensor.buffer() instanceof DeviceBuffer buffer) || buffer.family() != family) {
      throw new IllegalArgumentException(
          name + " = " + tensor + " belongs to another backend: upload its values to this one");
    }
    if (tensor.isStale()) {
      checkOpen();
      throw new IllegalStateException(
          name + " = " + tensor + " is stale: its memory was released or its step has ended");
    }
  }

  /** As {@link #own(String, Tensor)}, and of the given type. */
  final void own(String name, Tensor tensor, DType dtype) {
    own(name, tensor);
    if (tensor.dtype() != dtype) {
      throw new IllegalArgumentException(
          name + " = " + tensor + " must be of type " + dtype + " but is " + tensor.dtype());
    }
  }

  @Override
  public final void close() {
    if (closed) {
      return;
    }
    Thread other = user.compareAndExchange(null, Thread.currentThread());
    if (other != null) {
      throw new IllegalStateException(
          "cannot close this backend while thread " + other + " uses it");
    }
    try {
      closed = true;
      pool.free();
      if (!isMemoryClosed()) {
        synchronized (allocated) {
          allocated.forEach(DeviceBuffer::free);
        }
      }
      closeDevice();
    } finally {
      user.set(null);
    }
  }
}
