package org.bhn.nativelib;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.bhn.nativelib.gen.dnnl.DnnlC;
import org.bhn.nativelib.gen.dnnl.dnnl_version_t;

/**
 * oneDNN 3.x: matrix products and convolutions on the CPU. Call {@link #load} before {@link DnnlC}.
 */
public final class OneDnnLibrary {
  private static final int MAJOR = 3;
  private static final Path PROCESSORS = Path.of("/sys/devices/system/cpu");

  private static final NativeLibrary LIBRARY =
      new NativeLibrary(
          "libdnnl.so.3",
          Platform.oneDnnResource("libdnnl.so.3"),
          NativeLibrary.SYSTEM_DIRECTORIES,
          OneDnnLibrary::refusal,
          Locations.ofProcess());

  private OneDnnLibrary() {}

  /**
   * Loads the OpenMP runtime and oneDNN, once.
   *
   * @return the file
   * @throws NativeException naming every candidate and its reason, when none could be loaded
   */
  public static Path load() {
    OpenMp.load();
    return LIBRARY.load();
  }

  /** Whether the library is there; loads it when it is. */
  public static boolean isAvailable() {
    OpenMp.load();
    return LIBRARY.tryLoad().isPresent();
  }

  /** The candidates that were not used, and why. */
  public static List<Rejection> rejections() {
    return LIBRARY.rejections();
  }

  /** For example {@code 3.13.0}. Needs the loaded library. */
  public static String version() {
    return text(DnnlC.dnnl_version());
  }

  /**
   * Turns a status other than success into an exception.
   *
   * @param status what a function of {@link DnnlC} returned
   * @param what the operation and its sizes, for the message
   * @throws NativeException unless it is success
   */
  public static void check(int status, String what) {
    if (status == DnnlC.dnnl_success()) {
      return;
    }
    if (status == DnnlC.dnnl_out_of_memory()) {
      throw new NativeException(Status.OUT_OF_MEMORY, "oneDNN: no memory for " + what);
    }
    if (status == DnnlC.dnnl_invalid_arguments()) {
      throw new NativeException(Status.INVALID_ARGUMENT, "oneDNN: invalid arguments in " + what);
    }
    if (status == DnnlC.dnnl_unimplemented()) {
      throw new NativeException(Status.UNSUPPORTED, "oneDNN: no implementation of " + what);
    }
    throw new NativeException(Status.INTERNAL, "oneDNN: status " + status + " from " + what);
  }

  private static String text(MemorySegment version) {
    return dnnl_version_t.major(version)
        + "."
        + dnnl_version_t.minor(version)
        + "."
        + dnnl_version_t.patch(version);
  }

  /**
   * Without /sys oneDNN 3.13 does not know an aarch64 processor, and where that has SVE gradients
   * of convolutions were wrong, and products too.
   */
  static Optional<String> unknownProcessor(String platform, Path processors) {
    return platform.equals("linux-aarch_64") && !Files.exists(processors)
        ? Optional.of("it computes wrongly on aarch64 without " + processors + ": mount /sys")
        : Optional.empty();
  }

  private static Optional<String> refusal(SymbolLookup symbols) {
    Optional<String> unknown = unknownProcessor(Platform.name(), PROCESSORS);
    if (unknown.isPresent()) {
      return unknown;
    }
    Optional<MemorySegment> function = symbols.find("dnnl_version");
    if (function.isEmpty()) {
      return Optional.of("not a oneDNN library: it has no dnnl_version");
    }
    MemorySegment version;
    try {
      version =
          (MemorySegment)
              Linker.nativeLinker()
                  .downcallHandle(function.get(), FunctionDescriptor.of(ValueLayout.ADDRESS))
                  .invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
    version = version.reinterpret(dnnl_version_t.sizeof());
    return dnnl_version_t.major(version) == MAJOR
        ? Optional.empty()
        : Optional.of("oneDNN " + text(version) + " where " + MAJOR + ".x is needed");
  }
}
