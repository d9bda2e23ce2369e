package org.bhn.nativelib;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.function.Supplier;
import org.bhn.nativelib.NativeLibrary.Soname;
import org.bhn.nativelib.gen.cublas.CublasC;

/** cuBLAS 13 or 12: matrix products on a CUDA device. Call {@link #load} before {@link CublasC}. */
public final class CublasLibrary {
  private static final NativeLibrary LIBRARY =
      new NativeLibrary(
          List.of(
              new Soname("libcublas.so.13", "libcublasLt.so.13"),
              new Soname("libcublas.so.12", "libcublasLt.so.12")),
          CublasLibrary::refusal,
          CudaPlaces.ofProcess(),
          "Products on a CUDA device need it: install NVIDIA's CUDA toolkit, or of it the package"
              + " libcublas-13-0, or nvidia-cublas of Python's.");

  private static volatile String version = "";

  private CublasLibrary() {}

  /**
   * Loads cuBLAS, once.
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

  /** For example {@code 13.0.2}. Needs the loaded library. */
  public static String version() {
    return version;
  }

  /**
   * Turns a status other than success into an exception.
   *
   * @param status what a function of {@link CublasC} returned
   * @param what the operation and its shapes, for the message
   * @throws NativeException unless it is success
   */
  public static void check(int status, Supplier<String> what) {
    if (status == CublasC.CUBLAS_STATUS_SUCCESS()) {
      return;
    }
    Status ours =
        status == CublasC.CUBLAS_STATUS_ALLOC_FAILED()
            ? Status.OUT_OF_MEMORY
            : status == CublasC.CUBLAS_STATUS_ARCH_MISMATCH()
                    || status == CublasC.CUBLAS_STATUS_NOT_SUPPORTED()
                ? Status.UNSUPPORTED
                : Status.DEVICE_ERROR;
    throw new NativeException(
        ours,
        what.get()
            + ": "
            + CublasC.cublasGetStatusName(status).getString(0)
            + " ("
            + CublasC.cublasGetStatusString(status).getString(0)
            + ") from cuBLAS "
            + version);
  }

  private static Optional<String> refusal(SymbolLookup symbols) {
    Optional<MemorySegment> property = symbols.find("cublasGetProperty");
    if (property.isEmpty() || symbols.find("cublasSgemmStridedBatched").isEmpty()) {
      return Optional.of("not cuBLAS: it has no cublasGetProperty or no products");
    }
    version = version(property.get());
    return Optional.empty();
  }

  /** {@code cublasGetProperty(part, int* value)}, which needs no device: major, minor, patch. */
  private static String version(MemorySegment function) {
    FunctionDescriptor type =
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS);
    MethodHandle property = Linker.nativeLinker().downcallHandle(function, type);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
      StringJoiner text = new StringJoiner(".");
      for (int part = 0; part < 3; part++) {
        int status = (int) property.invokeExact(part, out);
        text.add(status == 0 ? Integer.toString(out.get(ValueLayout.JAVA_INT, 0)) : "?");
      }
      return text.toString();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
