package org.bhn.nativelib;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.bhn.nativelib.NativeLibrary.Soname;
import org.bhn.nativelib.gen.cudnn.CudnnC;

/** cuDNN 9: convolutions on a CUDA device. Call {@link #load} before {@link CudnnC}. */
public final class CudnnLibrary {
  private static final int MAJOR = 9;

  private static final NativeLibrary LIBRARY =
      new NativeLibrary(
          List.of(new Soname("libcudnn.so.9", null)),
          CudnnLibrary::refusal,
          CudaPlaces.ofProcess());

  private CudnnLibrary() {}

  /**
   * Loads cuDNN, once.
   *
   * @return the file
   * @throws NativeException naming every candidate and its reason, when none could be loaded
   */
  public static Path load() {
    return LIBRARY.load();
  }

  /** The candidates that were not used, and why. */
  public static List<Rejection> rejections() {
    return LIBRARY.rejections();
  }

  /** For example {@code 9.8.0}. Needs the loaded library. */
  public static String version() {
    return text(CudnnC.cudnnGetVersion());
  }

  private static String text(long version) {
    return version / 10_000 + "." + version % 10_000 / 100 + "." + version % 100;
  }

  private static Optional<String> refusal(SymbolLookup symbols) {
    Optional<MemorySegment> function = symbols.find("cudnnGetVersion");
    if (function.isEmpty()) {
      return Optional.of("not cuDNN: it has no cudnnGetVersion");
    }
    long version;
    try {
      version =
          (long)
              Linker.nativeLinker()
                  .downcallHandle(function.get(), FunctionDescriptor.of(ValueLayout.JAVA_LONG))
                  .invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
    return version / 10_000 == MAJOR
        ? Optional.empty()
        : Optional.of("cuDNN " + text(version) + " where " + MAJOR + ".x is needed");
  }
}
