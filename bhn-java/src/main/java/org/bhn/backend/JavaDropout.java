package org.bhn.backend;

import org.bhn.backend.HeapBuffer.Longs;
import org.bhn.backend.HeapBuffer.Reals;

/**
 * Inverted dropout, y = x mask/(1 − rate). The unit (s, b, j) is dropped iff its uniform is below
 * the rate; the uniform is element (first_row + b) 4 ⌈cols/4⌉ + j at counter + s, so that each row
 * starts a block of four and rows and samples may be cut into pieces anywhere.
 */
final class JavaDropout {
  private JavaDropout() {}

  /** Which mask to draw. */
  record Mask(Longs counter, int samples, long firstRow, long seed, long stream, double rate) {
    /** The same units as in single precision must fall on the same side of the rate. */
    Mask {
      rate = (float) rate;
    }
  }

  /** y[s, b, j] = x[(s,) b, j] factor, where factor is 0 or 1/(1 − rate). */
  static Runnable dropout(Reals y, Reals x, Mask mask) {
    return pass(y, x, mask, false);
  }

  /** dx[(s,) b, j] += dy[s, b, j] factor. */
  static Runnable dropoutBackward(Reals dX, Reals dY, Mask mask) {
    return dX == null ? () -> {} : pass(dX, dY, mask, true);
  }

  private static Runnable pass(Reals to, Reals from, Mask mask, boolean backward) {
    int batch = Math.max(to.rows(), from.rows()) / mask.samples();
    int columns = to.columns();
    int[] words = new int[4];
    return () -> {
      for (int s = 0; s < mask.samples(); s++) {
        for (int b = 0; b < batch; b++) {
          long block = (mask.firstRow() + b) * ((columns + 3) / 4);
          int row = s * batch + b;
          int toAt = to.row(to.rows() == batch ? b : row);
          int fromAt = from.row(from.rows() == batch ? b : row);
          for (int j = 0; j < columns; j++) {
            if ((j & 3) == 0) {
              JavaRng.philox(
                  words, block + (j >> 2), mask.stream(), mask.counter().get() + s, mask.seed());
            }
            boolean dropped = JavaRng.unit(words[j & 3]) < mask.rate();
            double value = dropped ? 0 : from.a()[fromAt + j] / (1 - mask.rate());
            to.a()[toAt + j] = backward ? to.a()[toAt + j] + value : value;
          }
        }
      }
    };
  }
}
