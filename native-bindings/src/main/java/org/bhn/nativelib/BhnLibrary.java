package org.bhn.nativelib;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.bhn.nativelib.gen.bhn.BhnC;

/** libbhn.so. Call {@link #load} before any function of {@link BhnC}. */
public final class BhnLibrary {
  private static final NativeLibrary LIBRARY =
      new NativeLibrary(
          "libbhn.so",
          Platform.kernelsResource("libbhn.so"),
          List.of(),
          BhnLibrary::refusal,
          Locations.ofProcess());

  private BhnLibrary() {}

  /**
   * Loads the OpenMP runtime and libbhn, once.
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

  /** Threads of a call on the CPU; empty when that is unknown. Needs the loaded library. */
  public static OptionalInt threads() {
    return OpenMp.threads();
  }

  /** The candidates that were not used, and why. */
  public static List<Rejection> rejections() {
    return LIBRARY.rejections();
  }

  /** Build id, compiler, devices compiled in: one line. Needs the loaded library. */
  public static String buildInfo() {
    return BhnC.bhn_build_info().getString(0);
  }

  /** {@code avx512}, {@code avx2} or {@code base}. Needs the loaded library. */
  public static String simdLevel() {
    return BhnC.bhn_simd_level().getString(0);
  }

  /** ABI version of the library. Needs the loaded library. */
  public static int abiVersion() {
    return BhnC.bhn_abi_version();
  }

  /**
   * Turns a status other than success into an exception that carries the library's text.
   *
   * @param status what a function of {@link BhnC} returned on this thread
   * @throws NativeException unless it is success
   */
  public static void check(int status) {
    if (status != 0) {
      throw new NativeException(Status.of(status), BhnC.bhn_last_error().getString(0));
    }
  }

  /**
   * Why a device cannot be opened; empty when it can. Needs the loaded library.
   *
   * @param device {@code BHN_CPU} or {@code BHN_CUDA}
   * @param ordinal which of them, from 0
   */
  public static Optional<String> deviceProblem(int device, int ordinal) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment context = arena.allocate(ValueLayout.ADDRESS);
      int status = BhnC.bhn_context_create(context, device, ordinal, MemorySegment.NULL, 0);
      if (status != 0) {
        String visible = System.getenv("CUDA_VISIBLE_DEVICES");
        boolean hidden = device == BhnC.BHN_CUDA() && visible != null;
        return Optional.of(
            BhnC.bhn_last_error().getString(0)
                + (hidden ? " (CUDA_VISIBLE_DEVICES is \"" + visible + "\")" : ""));
      }
      check(BhnC.bhn_context_destroy(context.get(ValueLayout.ADDRESS, 0)));
      return Optional.empty();
    }
  }

  /** The handshake. The ABI only grows, so a newer library serves older bindings. */
  private static Optional<String> refusal(SymbolLookup symbols) {
    int needed = BhnC.BHN_ABI_VERSION();
    Optional<MemorySegment> function = symbols.find("bhn_abi_version");
    if (function.isEmpty()) {
      return Optional.of("not a libbhn: it has no bhn_abi_version");
    }
    int found;
    try {
      found =
          (int)
              Linker.nativeLinker()
                  .downcallHandle(function.get(), FunctionDescriptor.of(ValueLayout.JAVA_INT))
                  .invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
    return found >= needed
        ? Optional.empty()
        : Optional.of(
            "it implements ABI "
                + found
                + " but bhn-native-bindings needs ABI "
                + needed
                + ": use bhn-kernels and bhn-native-bindings of the same version");
  }
}
