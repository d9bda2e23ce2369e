package org.bhn.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.bhn.nativelib.BhnLibrary;
import org.bhn.nativelib.Pointers;
import org.bhn.nativelib.gen.bhn.BhnC;
import org.bhn.tensor.DType;

/**
 * The memory of a native backend and its forks. Each buffer is a segment of a shared arena, so a
 * call on freed memory throws, whatever thread freed it. Arenas do not know addresses that lie in
 * tables or that a library was told before: so nothing is freed while a call runs.
 */
final class NativeMemory {
  /** Bytes that may wait to be freed before a thread waits for the calls of others to end. */
  private static final long MOST_WAITING = 32 << 20;

  private final Set<NativeBuffer> live = ConcurrentHashMap.newKeySet();
  private final Queue<NativeBuffer> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicLong waitingBytes = new AtomicLong();
  private final MemorySegment context;
  private final boolean onHost;
  private final ReentrantReadWriteLock calls = new ReentrantReadWriteLock();
  private volatile boolean closed;
  private long frees;

  /** Memory of the given device; the context serves only allocation. */
  NativeMemory(int device) {
    this.context = createContext(device, MemorySegment.NULL);
    this.onHost = device == BhnC.BHN_CPU();
  }

  /** A new native context on a stream, which is NULL on the CPU or for one of its own. */
  static MemorySegment createContext(int device, MemorySegment stream) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      BhnLibrary.check(BhnC.bhn_context_create(out, device, 0, stream, 0));
      return out.get(ValueLayout.ADDRESS, 0);
    }
  }

  /** A call of the family begins; it must {@link #leave}. */
  void enter() {
    calls.readLock().lock();
  }

  void leave() {
    calls.readLock().unlock();
  }

  /** Runs while no call of the family does. */
  void exclusively(Runnable work) {
    calls.writeLock().lock();
    try {
      freeWaiting();
      work.run();
    } finally {
      calls.writeLock().unlock();
    }
  }

  /**
   * Frees a buffer as soon as no call of the family runs: now, or with a later one, so that threads
   * do not wait for each other's calls each time. A call frees at once what is its own.
   */
  void free(NativeBuffer buffer) {
    if (calls.getReadHoldCount() > 0) {
      buffer.freeNow();
      return;
    }
    waiting.add(buffer);
    if (waitingBytes.addAndGet(buffer.bytes()) > MOST_WAITING) {
      calls.writeLock().lock();
    } else if (!calls.writeLock().tryLock()) {
      return;
    }
    try {
      freeWaiting();
    } finally {
      calls.writeLock().unlock();
    }
  }

  private void freeWaiting() {
    for (NativeBuffer b = waiting.poll(); b != null; b = waiting.poll()) {
      waitingBytes.addAndGet(-b.bytes());
      b.freeNow();
    }
  }

  boolean isClosed() {
    return closed;
  }

  synchronized NativeBuffer allocate(DType dtype, long length) {
    if (closed) {
      throw new IllegalStateException("this backend is closed: open a new one");
    }
    long bytes = Math.multiplyExact(length, NativeBuffer.bytes(dtype));
    try (Arena call = Arena.ofConfined()) {
      MemorySegment out = call.allocate(ValueLayout.ADDRESS);
      BhnLibrary.check(BhnC.bhn_memory_alloc(context, out, bytes));
      MemorySegment raw = out.get(ValueLayout.ADDRESS, 0);
      Arena arena = Arena.ofShared();
      MemorySegment segment = Pointers.owned(raw, bytes, arena, this::release);
      NativeBuffer buffer = new NativeBuffer(this, dtype, length, segment, arena);
      live.add(buffer);
      AllocationEvent.record(bytes);
      return buffer;
    }
  }

  private synchronized void release(MemorySegment segment) {
    frees++;
    unlessLost(BhnC.bhn_memory_free(context, segment));
  }

  /** A lost device has nothing left to free, and closing goes on. */
  static void unlessLost(int status) {
    if (status != BhnC.BHN_DEVICE_LOST()) {
      BhnLibrary.check(status);
    }
  }

  /** Whether Java may read and write this memory itself. */
  boolean onHost() {
    return onHost;
  }

  /** How often memory has been freed. */
  synchronized long frees() {
    return frees;
  }

  /** Runs a call while nothing is freed, if nothing was since {@link #frees} was read. */
  synchronized boolean unlessFreed(long since, Runnable call) {
    if (frees != since) {
      return false;
    }
    call.run();
    return true;
  }

  void forget(NativeBuffer buffer) {
    live.remove(buffer);
  }

  /** Frees everything that is left; called when the first backend of the family closes. */
  void close() {
    exclusively(
        () -> {
          closed = true;
          live.forEach(NativeBuffer::freeNow);
          synchronized (this) {
            unlessLost(BhnC.bhn_context_destroy(context));
          }
        });
  }
}
