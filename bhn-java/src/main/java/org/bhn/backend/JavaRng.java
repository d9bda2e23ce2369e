package org.bhn.backend;

import org.bhn.backend.HeapBuffer.Longs;
import org.bhn.backend.HeapBuffer.Reals;

/** Philox4x32-10 (Salmon et al. 2011), uniforms and Box-Muller normals. */
final class JavaRng {
  private static final long M0 = 0xD2511F53L;
  private static final long M1 = 0xCD9E8D57L;
  private static final int W0 = 0x9E3779B9;
  private static final int W1 = 0xBB67AE85;
  private static final int ROUNDS = 10;
  private static final long LOW = 0xFFFFFFFFL;

  private JavaRng() {}

  /**
   * The four words of the block with key (lo seed, hi seed) and counter (block, stream, lo counter,
   * hi counter).
   */
  static void philox(int[] words, long block, long stream, long counter, long seed) {
    int c0 = (int) block;
    int c1 = (int) stream;
    int c2 = (int) counter;
    int c3 = (int) (counter >>> 32);
    int k0 = (int) seed;
    int k1 = (int) (seed >>> 32);
    for (int round = 0; round < ROUNDS; round++) {
      long p0 = M0 * (c0 & LOW);
      long p1 = M1 * (c2 & LOW);
      c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c1 = (int) p1;
      c3 = (int) p0;
      k0 += W0;
      k1 += W1;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
  }

  /** (word >> 8) 2⁻²⁴, in [0, 1). */
  static double unit(int word) {
    return (word >>> 8) * 0x1p-24;
  }

  static Runnable uniform(Reals out, Longs counter, long first, long seed, long stream) {
    int[] words = new int[4];
    return () -> {
      for (int i = 0; i < out.size(); i++) {
        long element = first + i;
        int lane = (int) (element & 3);
        if (lane == 0 || i == 0) {
          philox(words, element >>> 2, stream, counter.get(), seed);
        }
        out.set(i, unit(words[lane]));
      }
    };
  }

  /**
   * Lanes come in pairs: u = ((x₀ >> 8) + 1) 2⁻²⁴, v = (x₁ >> 8) 2⁻²⁴; even √(−2 ln u) cos 2πv, odd
   * √(−2 ln u) sin 2πv.
   */
  static Runnable normal(Reals out, Longs counter, long first, long seed, long stream) {
    int[] words = new int[4];
    return () -> {
      for (int i = 0; i < out.size(); i++) {
        long element = first + i;
        int lane = (int) (element & 3);
        if (lane == 0 || i == 0) {
          philox(words, element >>> 2, stream, counter.get(), seed);
        }
        int pair = lane & 2;
        double radius = Math.sqrt(-2 * Math.log(unit(words[pair]) + 0x1p-24));
        double angle = 2 * Math.PI * unit(words[pair + 1]);
        out.set(i, radius * ((lane & 1) == 0 ? Math.cos(angle) : Math.sin(angle)));
      }
    };
  }

  static Runnable advance(Longs counter, long delta) {
    return () -> counter.a()[counter.at()] += delta;
  }
}
