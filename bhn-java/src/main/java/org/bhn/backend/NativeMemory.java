package org.bhn.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.bhn.nativelib.BhnLibrary;
import org.bhn.nativelib.gen.bhn.BhnC;
import org.bhn.tensor.DType;

/**
 * The memory of a native backend and its forks. Each buffer is a segment of a shared arena, so a
 * call that still runs keeps its memory and a call on freed memory throws, whatever thread freed
 * it.
 */
final class NativeMemory {
  private final Set<NativeBuffer> live = ConcurrentHashMap.newKeySet();
  private final MemorySegment context;
  private final boolean onHost;
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

  synchronized NativeBuffer allocate(DType dtype, long length) {
    long bytes = Math.multiplyExact(length, NativeBuffer.bytes(dtype));
    try (Arena call = Arena.ofConfined()) {
      MemorySegment out = call.allocate(ValueLayout.ADDRESS);
      BhnLibrary.check(BhnC.bhn_memory_alloc(context, out, bytes));
      MemorySegment raw = out.get(ValueLayout.ADDRESS, 0);
      Arena arena = Arena.ofShared();
      MemorySegment segment = raw.reinterpret(bytes, arena, this::release);
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
    live.forEach(NativeBuffer::free);
    synchronized (this) {
      unlessLost(BhnC.bhn_context_destroy(context));
    }
  }
}
