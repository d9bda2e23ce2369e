package org.bhn.tape;

import java.util.SplittableRandom;

/**
 * How parameters start: from the random numbers of a seed, or without values, for what a file is
 * about to fill in.
 */
public final class Start {
  /** Without values. */
  public static final Start EMPTY = new Start(0, false);

  private final long seed;
  private final boolean values;

  private Start(long seed, boolean values) {
    this.seed = seed;
    this.values = values;
  }

  /** From the random numbers of a seed. */
  public static Start random(long seed) {
    return new Start(seed, true);
  }

  /** Whether there are values to start from. */
  public boolean hasValues() {
    return values;
  }

  /** The random numbers from their beginning; null if there are no values. */
  public SplittableRandom numbers() {
    return values ? new SplittableRandom(seed) : null;
  }

  /** The start of a part, from a seed that these numbers give. */
  public Start next(SplittableRandom numbers) {
    return values ? random(numbers.nextLong()) : EMPTY;
  }
}
