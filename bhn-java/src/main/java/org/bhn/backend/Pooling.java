package org.bhn.backend;

/**
 * The sizes of a max-pooling, channels last:
 *
 * <pre>{@code y[i, j, c] = max_pq x[i stride + p, j stride + q, c],  0 <= p, q < window}</pre>
 *
 * Windows stay inside the image. A NaN counts as the largest; of equal values the first in the
 * order (p, q) gets the gradient.
 *
 * @param height H, rows of pixels
 * @param width W, pixels in a row
 * @param channels of x and y
 * @param window pixels of a window along each axis
 * @param stride pixels from one window to the next
 */
public record Pooling(int height, int width, int channels, int window, int stride) {
  private static final int MOST = 1 << 30;
  private static final int LARGEST_WINDOW = (1 << 15) - 1;

  /** Checks that the window fits and that an image has at most 2^30 values. */
  public Pooling {
    if (height < 1 || width < 1 || channels < 1 || (double) height * width * channels > MOST) {
      throw new IllegalArgumentException(
          "an image of "
              + height
              + " x "
              + width
              + " x "
              + channels
              + " cannot be pooled: it must have from 1 to 2^30 values");
    }
    if (window < 1 || window > LARGEST_WINDOW || stride < 1) {
      throw new IllegalArgumentException(
          "window = "
              + window
              + " and stride = "
              + stride
              + " must be at least 1 and window below 2^15");
    }
    if (window > Math.min(height, width)) {
      throw new IllegalArgumentException(
          "a window of "
              + window
              + " x "
              + window
              + " does not fit an image of "
              + height
              + " x "
              + width
              + ": use a smaller window, or larger images");
    }
  }

  /** OH, rows of pixels of y. */
  public int outHeight() {
    return (height - window) / stride + 1;
  }

  /** OW, pixels in a row of y. */
  public int outWidth() {
    return (width - window) / stride + 1;
  }

  /** Values of one image, H·W·C. */
  public int inputs() {
    return height * width * channels;
  }

  /** Values of y for one image, OH·OW·C. */
  public int outputs() {
    return outHeight() * outWidth() * channels;
  }
}
