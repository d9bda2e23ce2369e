package org.bhn.nativelib;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * Memory that native code has handed over by its address. To believe an address and a size is a
 * restricted call, which this module makes for the whole library.
 */
public final class Pointers {
  private Pointers() {}

  /** That many bytes from the address on, for as long as whoever owns them keeps them. */
  public static MemorySegment sized(MemorySegment address, long bytes) {
    return address.reinterpret(bytes);
  }

  /** The same within an arena, whose end releases them. */
  public static MemorySegment owned(
      MemorySegment address, long bytes, Arena arena, Consumer<MemorySegment> release) {
    return address.reinterpret(bytes, arena, release);
  }

  /** A text of C that ends with a zero. */
  public static String text(MemorySegment address) {
    return address.reinterpret(Long.MAX_VALUE).getString(0);
  }
}
