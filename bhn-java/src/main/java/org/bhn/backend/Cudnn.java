package org.bhn.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.ToIntFunction;
import org.bhn.nativelib.CudnnLibrary;
import org.bhn.nativelib.NativeException;
import org.bhn.nativelib.gen.cudnn.CudnnC;
import org.bhn.tensor.DType;

/**
 * Convolutions of one context by cuDNN, on its stream. They share a workspace, which grows when one
 * is prepared and never while it runs, so that all of them can be captured; graphs that knew the
 * old one are captured again, since it was freed.
 */
final class Cudnn {
  private final CudaBackend backend;
  private final MemorySegment handle;
  private final PreparedCache<ConvolutionKey, CudnnConvolution> calls =
      new PreparedCache<>(key -> new CudnnConvolution(this, key), ConvolutionKey.KEPT);
  private NativeBuffer workspace;
  private MemorySegment workspaceAddress = MemorySegment.NULL;
  private long workspaceBytes;

  /**
   * Opens cuDNN on the stream of a backend.
   *
   * @throws NativeException if the library is not there, with what was tried
   */
  Cudnn(CudaBackend backend) {
    CudnnLibrary.load();
    this.backend = backend;
    this.handle = created("cuDNN", CudnnC::cudnnCreate);
    int status = CudnnC.cudnnSetStream(handle, backend.stream());
    if (status != 0) {
      CudnnC.cudnnDestroy(handle);
      CudnnLibrary.check(status, () -> "cuDNN's stream");
    }
  }

  /** Calls a function that writes a handle, and returns the handle. */
  static MemorySegment created(String what, ToIntFunction<MemorySegment> create) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      CudnnLibrary.check(create.applyAsInt(out), () -> "opening " + what);
      return out.get(ValueLayout.ADDRESS, 0);
    }
  }

  CudaBackend backend() {
    return backend;
  }

  MemorySegment handle() {
    return handle;
  }

  /** The convolution of a call, prepared unless it is known. */
  CudnnConvolution get(ConvolutionKey key, boolean recording) {
    return calls.get(key, recording);
  }

  /** Makes the workspace this large at least. */
  void reserve(long bytes) {
    if (bytes > workspaceBytes) {
      NativeBuffer larger =
          backend.memory.allocate(DType.REAL, Math.ceilDiv(bytes, (long) Float.BYTES));
      if (workspace != null) {
        workspace.free(); // which waits for what still runs on it
      }
      workspace = larger;
      workspaceAddress = larger.address(0);
      workspaceBytes = bytes;
    }
  }

  /** The workspace of now. */
  MemorySegment workspace() {
    return workspaceAddress;
  }

  /** The stream must be idle. */
  void close() {
    calls.close();
    CudnnC.cudnnDestroy(handle);
    if (workspace != null) {
      workspace.free();
    }
  }
}
