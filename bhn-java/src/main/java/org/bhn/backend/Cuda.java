package org.bhn.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.ToIntFunction;
import org.bhn.nativelib.NativeException;
import org.bhn.nativelib.Pointers;
import org.bhn.nativelib.Status;
import org.bhn.nativelib.gen.cuda.CudaC;

/**
 * Objects of CUDA's runtime; whoever makes one destroys it. Only the first device is used, which is
 * every thread's own from the start.
 */
final class Cuda {
  private Cuda() {}

  /** A stream that does not wait for the default one. */
  static MemorySegment stream() {
    return created(
        "stream", out -> CudaC.cudaStreamCreateWithFlags(out, CudaC.cudaStreamNonBlocking()));
  }

  /** An event that orders and does not measure. */
  static MemorySegment event() {
    return created(
        "event", out -> CudaC.cudaEventCreateWithFlags(out, CudaC.cudaEventDisableTiming()));
  }

  /** Page-locked memory of the host. */
  static MemorySegment pinned(long bytes) {
    return Pointers.sized(created("pinned memory", out -> CudaC.cudaMallocHost(out, bytes)), bytes);
  }

  /** What can be launched from what was captured. */
  static MemorySegment executable(MemorySegment graph) {
    return created("graph", out -> CudaC.cudaGraphInstantiate(out, graph, 0));
  }

  /** Calls a function that writes a handle, and returns the handle. */
  static MemorySegment created(String what, ToIntFunction<MemorySegment> create) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      check(create.applyAsInt(out), what);
      return out.get(ValueLayout.ADDRESS, 0);
    }
  }

  /** Throws for a failed call. */
  static void check(int error, String what) {
    if (error != CudaC.cudaSuccess()) {
      CudaC.cudaGetLastError(); // it is being reported
      throw new NativeException(
          error == CudaC.cudaErrorMemoryAllocation() ? Status.OUT_OF_MEMORY : Status.DEVICE_ERROR,
          what + ": " + text(error) + " on CUDA device 0");
    }
  }

  /** An error's name and CUDA's words for it. */
  static String text(int error) {
    return CudaC.cudaGetErrorName(error).getString(0)
        + " ("
        + CudaC.cudaGetErrorString(error).getString(0)
        + ")";
  }
}
