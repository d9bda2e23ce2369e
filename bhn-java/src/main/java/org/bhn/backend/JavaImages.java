package org.bhn.backend;

import java.util.Arrays;
import org.bhn.backend.HeapBuffer.Reals;

/** Convolutions and pooling of images whose channels come last. */
final class JavaImages {
  private JavaImages() {}

  /**
   * What is done with one row of the kernel at one place of the output: the part of it that lies in
   * the image is a run of values, of w[o] from {@code w} on and of x from {@code x} on.
   */
  private interface Run {
    void at(int place, int x, int w, int length);
  }

  private static void everyRun(Convolution c, int images, Run run) {
    for (int n = 0; n < images; n++) {
      for (int i = 0; i < c.outHeight(); i++) {
        for (int j = 0; j < c.outWidth(); j++) {
          int place = (n * c.outHeight() + i) * c.outWidth() + j;
          int column = j * c.stride() - c.left();
          int first = Math.max(0, -column);
          int last = Math.min(c.kernelWidth(), c.width() - column);
          for (int p = 0; p < c.kernelHeight(); p++) {
            int row = i * c.stride() - c.top() + p;
            if (row >= 0 && row < c.height() && first < last) {
              int pixel = (n * c.height() + row) * c.width() + column + first;
              int weight = p * c.kernelWidth() + first;
              run.at(place, pixel * c.in(), weight * c.in(), (last - first) * c.in());
            }
          }
        }
      }
    }
  }

  /** y[place, o] = Σ x w[o]. */
  static Runnable conv(Reals y, Reals x, Reals w, Convolution c, int images) {
    Run run =
        (place, xAt, wAt, length) -> {
          for (int o = 0; o < c.out(); o++) {
            double sum = 0;
            int from = w.row(o) + wAt;
            for (int k = 0; k < length; k++) {
              sum += x.a()[x.at() + xAt + k] * w.a()[from + k];
            }
            y.add(place * c.out() + o, sum);
          }
        };
    return () -> {
      clear(y, 0);
      everyRun(c, images, run);
    };
  }

  /** dx += Σ_o dy[place, o] w[o]. */
  static Runnable convInputs(Reals dX, Reals dY, Reals w, Convolution c, int images, double beta) {
    Run run =
        (place, xAt, wAt, length) -> {
          for (int o = 0; o < c.out(); o++) {
            double up = dY.get(place * c.out() + o);
            int from = w.row(o) + wAt;
            for (int k = 0; k < length; k++) {
              dX.a()[dX.at() + xAt + k] += up * w.a()[from + k];
            }
          }
        };
    return () -> {
      clear(dX, beta);
      everyRun(c, images, run);
    };
  }

  /** dw[o] += dy[place, o] x. */
  static Runnable convWeights(Reals dW, Reals dY, Reals x, Convolution c, int images, double beta) {
    Run run =
        (place, xAt, wAt, length) -> {
          for (int o = 0; o < c.out(); o++) {
            double up = dY.get(place * c.out() + o);
            int to = dW.row(o) + wAt;
            for (int k = 0; k < length; k++) {
              dW.a()[to + k] += up * x.a()[x.at() + xAt + k];
            }
          }
        };
    return () -> {
      clear(dW, beta);
      everyRun(c, images, run);
    };
  }

  private static void clear(Reals contiguous, double beta) {
    if (beta == 0) {
      Arrays.fill(contiguous.a(), contiguous.at(), contiguous.at() + contiguous.size(), 0);
    }
  }

  /** Takes an element of the output and the place in x of its maximum. */
  private interface Found {
    void at(int out, int in);
  }

  private static void everyMaximum(Reals x, Pooling s, int images, Found found) {
    int out = 0;
    for (int n = 0; n < images; n++) {
      for (int i = 0; i < s.outHeight(); i++) {
        for (int j = 0; j < s.outWidth(); j++) {
          int pixel = (n * s.height() + i * s.stride()) * s.width() + j * s.stride();
          for (int c = 0; c < s.channels(); c++) {
            found.at(out++, maximum(x, s, pixel * s.channels() + c));
          }
        }
      }
    }
  }

  /** The first maximum of the window that starts at an element of x; a NaN is one. */
  private static int maximum(Reals x, Pooling s, int first) {
    int best = first;
    for (int p = 0; p < s.window(); p++) {
      for (int q = 0; q < s.window(); q++) {
        int at = first + (p * s.width() + q) * s.channels();
        boolean nan = Double.isNaN(x.get(at)) && !Double.isNaN(x.get(best));
        best = nan || x.get(at) > x.get(best) ? at : best;
      }
    }
    return best;
  }

  /** y = max of the window. */
  static Runnable maxPool(Reals y, Reals x, Pooling s, int images) {
    Found found = (out, in) -> y.set(out, x.get(in));
    return () -> everyMaximum(x, s, images, found);
  }

  /** dx[first maximum] += dy. */
  static Runnable maxPoolBackward(Reals dX, Reals dY, Reals x, Pooling s, int images) {
    if (dX == null) {
      return () -> {};
    }
    Found found = (out, in) -> dX.add(in, dY.get(out));
    return () -> everyMaximum(x, s, images, found);
  }
}
