package org.bhn.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The few functions of the C library that loading needs. */
final class CLib {
  private static final int RTLD_NOW = 2;
  private static final long TEXT_BYTES = 4096;

  private static final MethodHandle SETENV =
      handle("setenv", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
  private static final MethodHandle DLOPEN =
      handle("dlopen", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT));
  private static final MethodHandle DLSYM =
      handle("dlsym", FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS));
  private static final MethodHandle DLERROR = handle("dlerror", FunctionDescriptor.of(ADDRESS));

  private CLib() {}

  /** Sets a variable for C code of this process; System.getenv does not see it. */
  static void setenv(String name, String value) {
    try (Arena arena = Arena.ofConfined()) {
      int rc = (int) SETENV.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 1);
      if (rc != 0) {
        throw new IllegalArgumentException("setenv refused " + name + "=" + value);
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Opens a library by soname.
   *
   * @throws UnsatisfiedLinkError with dlerror's text
   */
  static MemorySegment dlopen(String soname) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment library =
          (MemorySegment) DLOPEN.invokeExact(arena.allocateFrom(soname), RTLD_NOW);
      if (library.equals(MemorySegment.NULL)) {
        MemorySegment text = (MemorySegment) DLERROR.invokeExact();
        throw new UnsatisfiedLinkError(text.reinterpret(TEXT_BYTES).getString(0));
      }
      return library;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /**
   * A function of a library opened by {@link #dlopen}.
   *
   * @throws UnsatisfiedLinkError when it has none of that name
   */
  static MethodHandle function(MemorySegment library, String name, FunctionDescriptor descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment symbol = (MemorySegment) DLSYM.invokeExact(library, arena.allocateFrom(name));
      if (symbol.equals(MemorySegment.NULL)) {
        throw new UnsatisfiedLinkError("no function " + name);
      }
      return Linker.nativeLinker().downcallHandle(symbol, descriptor);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), descriptor);
  }
}
