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
    if (tensor.size() == 0) {
      return buffer.segment; // a view of nothing may start past the end
    }
    return buffer.segment.asSlice(tensor.offset() * bytes(buffer.dtype()));
  }

  /** A real of host-readable memory. */
  float real(long index) {
    return segment.getAtIndex(ValueLayout.JAVA_FLOAT, index);
  }

  /** A 64-bit integer of host-readable memory. */
  long integer(long index) {
    return segment.getAtIndex(ValueLayout.JAVA_LONG, index);
  }

  @Override
  synchronized void free() {
    if (!freed) {
      arena.close();
      freed = true;
      recycle();
      memory.forget(this);
    }
  }
}
