package org.bhn.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * What the machine has of NVIDIA's driver; it needs no library of ours.
 *
 * @param devices CUDA devices this process may use
 * @param text one line for people: the versions, or why there is no device
 */
public record CudaDriver(int devices, String text) {
  private static final String SONAME = "libcuda.so.1";
  private static final int NO_DEVICE = 100;

  /** Opens the driver and counts devices. Never fails: no driver is an ordinary answer. */
  public static CudaDriver probe() {
    Optional<String> problem = Platform.problem();
    if (problem.isPresent()) {
      return new CudaDriver(0, "not looked for: " + problem.get());
    }
    String visible = System.getenv("CUDA_VISIBLE_DEVICES");
    String hint = visible == null ? "" : "; CUDA_VISIBLE_DEVICES=" + visible;
    try {
      return ask(CLib.dlopen(SONAME), hint);
    } catch (UnsatisfiedLinkError e) {
      return new CudaDriver(0, "no driver (" + e.getMessage() + ")" + hint);
    }
  }

  private static CudaDriver ask(MemorySegment library, String hint) {
    try (Arena arena = Arena.ofConfined()) {
      int rc =
          (int)
              CLib.function(library, "cuInit", FunctionDescriptor.of(JAVA_INT, JAVA_INT))
                  .invokeExact(0);
      if (rc != 0) {
        String what = rc == NO_DEVICE ? "driver present, no device" : "cuInit failed with " + rc;
        return new CudaDriver(0, what + hint);
      }
      int version = number(library, "cuDriverGetVersion", arena);
      int devices = number(library, "cuDeviceGetCount", arena);
      String text =
          "driver for CUDA " + version / 1000 + "." + version % 1000 / 10 + ", devices: " + devices;
      return new CudaDriver(devices, text + hint);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static int number(MemorySegment library, String function, Arena arena) throws Throwable {
    MemorySegment out = arena.allocate(JAVA_INT);
    int rc =
        (int)
            CLib.function(library, function, FunctionDescriptor.of(JAVA_INT, ADDRESS))
                .invokeExact(out);
    return rc == 0 ? out.get(JAVA_INT, 0) : 0;
  }
}
