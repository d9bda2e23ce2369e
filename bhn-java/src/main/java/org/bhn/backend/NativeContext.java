package org.bhn.backend;

import java.lang.foreign.MemorySegment;
import org.bhn.nativelib.BhnLibrary;
import org.bhn.nativelib.NativeException;
import org.bhn.nativelib.Status;
import org.bhn.nativelib.gen.bhn.BhnC;
import org.bhn.tensor.DType;

/**
 * A native context and its memory. The ops are in the classes between this and the devices, one
 * family each; every op checks its arguments in Java, binds all addresses, and submits one native
 * call. Devices differ in who multiplies matrices and in how they copy to and from the host.
 */
abstract class NativeContext extends AbstractBackend {
  final NativeMemory memory;
  final MemorySegment context;

  NativeContext(NativeMemory memory, MemorySegment context) {
    super(memory);
    this.memory = memory;
    this.context = context;
  }

  @Override
  final DeviceBuffer newBuffer(DType dtype, long length) {
    return memory.allocate(dtype, length);
  }

  @Override
  final int bytes(DType dtype) {
    return NativeBuffer.bytes(dtype);
  }

  /** Throws for a failed call; an index out of range is the caller's argument. */
  static void check(int status) {
    if (status == 0) {
      return;
    }
    try {
      BhnLibrary.check(status);
    } catch (NativeException e) {
      if (e.status() == Status.INVALID_ARGUMENT) {
        throw new IllegalArgumentException(e.getMessage(), e);
      }
      throw e;
    }
  }

  @Override
  final void enter() {
    memory.enter();
  }

  @Override
  final void leave() {
    memory.leave();
  }

  @Override
  final boolean isMemoryClosed() {
    return memory.isClosed();
  }

  @Override
  public void sync() {
    enter();
    try {
      checkOpen();
      check(BhnC.bhn_context_sync(context));
    } finally {
      leave();
    }
  }

  @Override
  void closeDevice() {
    memory.exclusively(() -> NativeMemory.unlessLost(BhnC.bhn_context_destroy(context)));
    if (ownsMemory()) {
      memory.close();
    }
  }

  /** Whether this is the first context of its family. */
  abstract boolean ownsMemory();
}
