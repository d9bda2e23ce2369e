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

  /** Memory of the given device; the context serves only allocation. */
  NativeMemory(int device) {
    this.context = createContext(device, 0);
  }

  /** A new native context. */
  static MemorySegment createContext(int device, int threads) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      BhnLibrary.check(BhnC.bhn_context_create(out, device, 0, MemorySegment.NULL, threads));
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
    BhnLibrary.check(BhnC.bhn_memory_free(context, segment));
  }

  void forget(NativeBuffer buffer) {
    live.remove(buffer);
  }

  /** Frees everything that is left; called when the first backend of the family closes. */
  void close() {
    live.forEach(NativeBuffer::free);
    synchronized (this) {
      BhnLibrary.check(BhnC.bhn_context_destroy(context));
    }
  }
}
