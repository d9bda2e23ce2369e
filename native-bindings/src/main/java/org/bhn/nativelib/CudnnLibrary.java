package org.bhn.nativelib;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.bhn.nativelib.NativeLibrary.Soname;
import org.bhn.nativelib.gen.cudnn.CudnnC;

/** cuDNN 9: convolutions on a CUDA device. Call {@link #load} before {@link CudnnC}. */
public final class CudnnLibrary {
  private static final int MAJOR = 9;

  private static final NativeLibrary LIBRARY =
      new NativeLibrary(
          List.of(new Soname("libcudnn.so.9", null)),
          CudnnLibrary::refusal,
          CudaPlaces.ofProcess(),
          "Convolutions on a CUDA device need it: install NVIDIA's cuDNN 9 for the CUDA that cuBLAS"
              + " is of, for example the package libcudnn9-cuda-13, or nvidia-cudnn-cu13 of"
              + " Python's.");

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
    return words(CudnnC.cudnnGetVersion());
  }

  /** A status by name and number. */
  public static String text(int status) {
    return CudnnC.cudnnGetErrorString(status).getString(0) + " (" + status + ")";
  }

  /**
   * Turns a status other than success into an exception.
   *
   * @param status what a function of {@link CudnnC} returned
   * @param what the operation and its sizes, for the message
   * @throws NativeException unless it is success
   */
  public static void check(int status, Supplier<String> what) {
    if (status != CudnnC.CUDNN_STATUS_SUCCESS()) {
      String hint =
          status == CudnnC.CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED()
              ? ", whose other libraries, libcudnn_*.so.9, must lie beside " + load()
              : "";
      throw new NativeException(
          ours(status), what.get() + ": " + text(status) + " from cuDNN " + version() + hint);
    }
  }

  private static Status ours(int status) {
    if (status == CudnnC.CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED()
        || status == CudnnC.CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED()) {
      return Status.OUT_OF_MEMORY;
    }
    return status / 1000 == CudnnC.CUDNN_STATUS_NOT_SUPPORTED() / 1000
        ? Status.UNSUPPORTED
        : Status.DEVICE_ERROR;
  }

  private static String words(long version) {
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
        : Optional.of("cuDNN " + words(version) + " where " + MAJOR + ".x is needed");
  }
}
