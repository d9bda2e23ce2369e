package org.bhn.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** Memory of a native device. */
final class NativeBuffer extends DeviceBuffer {
  private final NativeMemory memory;
  private final MemorySegment segment;
  private final Arena arena;
  private boolean freed;

  NativeBuffer(NativeMemory memory, DType dtype, long length, MemorySegment segment, Arena arena) {
    super(memory, dtype, length);
    this.memory = memory;
    this.segment = segment;
    this.arena = arena;
  }

  /** Size of an element. */
  static int bytes(DType dtype) {
    return dtype == DType.INT64 ? Long.BYTES : Float.BYTES;
  }

  /** The tensor's first element onwards; NULL for no tensor. */
  static MemorySegment address(Tensor tensor) {
    if (tensor == null) {
      return MemorySegment.NULL;
    }
    NativeBuffer buffer = (NativeBuffer) tensor.buffer();
    // A view of nothing may start past the end.
    return buffer.address(tensor.size() == 0 ? 0 : tensor.offset());
  }

  /**
   * An element onwards. Of memory that is not the host's, an empty segment: an address that native
   * code may use and Java cannot read.
   */
  MemorySegment address(long element) {
    long at = element * bytes(dtype());
    return memory.onHost() ? segment.asSlice(at) : segment.asSlice(at, 0);
  }

  /** A real of the host's memory. */
  float real(long index) {
    requireHost();
    return segment.getAtIndex(ValueLayout.JAVA_FLOAT, index);
  }

  /** A 64-bit integer of the host's memory. */
  long integer(long index) {
    requireHost();
    return segment.getAtIndex(ValueLayout.JAVA_LONG, index);
  }

  private void requireHost() {
    if (!memory.onHost()) {
      throw new IllegalStateException("device memory cannot be read by Java: download it");
    }
  }

  long bytes() {
    return segment.byteSize();
  }

  /** Tensors on it are stale at once; the memory goes when no call runs. */
  @Override
  void free() {
    recycle();
    memory.free(this);
  }

  synchronized void freeNow() {
    if (!freed) {
      arena.close();
      freed = true;
      recycle();
      memory.forget(this);
    }
  }
}
