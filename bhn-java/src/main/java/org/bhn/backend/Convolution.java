package org.bhn.backend;

/**
 * The sizes of a two-dimensional convolution (a correlation: the kernel is not flipped):
 *
 * <pre>{@code y[i, j, o] = Σ_pqc x[i stride + p − top, j stride + q − left, c] w[o, p, q, c]}</pre>
 *
 * with x = 0 outside the image. Channels come last, so a row of the matrix view of an image is one
 * pixel, and w {@code [out, KH·KW·in]} has one row for each output channel.
 *
 * @param height H, rows of pixels
 * @param width W, pixels in a row
 * @param in channels of x
 * @param kernelHeight KH
 * @param kernelWidth KW
 * @param stride pixels from one place of the kernel to the next, along both axes
 * @param padding what lies beyond the edge
 * @param out channels of y
 */
public record Convolution(
    int height,
    int width,
    int in,
    int kernelHeight,
    int kernelWidth,
    int stride,
    Padding padding,
    int out) {
  private static final long MOST = 1 << 30;

  /** Checks that the kernel fits and that images, outputs and weights have at most 2^30 values. */
  public Convolution {
    positive("height", height);
    positive("width", width);
    positive("in", in);
    positive("kernelHeight", kernelHeight);
    positive("kernelWidth", kernelWidth);
    positive("stride", stride);
    positive("out", out);
    if (padding == null) {
      throw new IllegalArgumentException("padding is null: use Padding.VALID or Padding.SAME");
    }
    if (padding == Padding.VALID && (kernelHeight > height || kernelWidth > width)) {
      throw new IllegalArgumentException(
          "a kernel of "
              + kernelHeight
              + " x "
              + kernelWidth
              + " does not fit an image of "
              + height
              + " x "
              + width
              + ": use a smaller kernel, Padding.SAME or larger images");
    }
    few("image", (double) height * width * in);
    double places =
        (double) places(height, kernelHeight, stride, padding)
            * places(width, kernelWidth, stride, padding);
    few("output", places * out);
    few("weights", (double) kernelHeight * kernelWidth * in * out);
  }

  private static void positive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " = " + value + " must be at least 1");
    }
  }

  private static void few(String what, double values) {
    if (values > MOST) {
      throw new IllegalArgumentException(
          "a convolution's " + what + " would have " + (long) values + " values: at most 2^30");
    }
  }

  private static int places(int size, int kernel, int stride, Padding padding) {
    return padding == Padding.SAME ? (size - 1) / stride + 1 : (size - kernel) / stride + 1;
  }

  /** OH, rows of pixels of y. */
  public int outHeight() {
    return places(height, kernelHeight, stride, padding);
  }

  /** OW, pixels in a row of y. */
  public int outWidth() {
    return places(width, kernelWidth, stride, padding);
  }

  /** Values of one image, H·W·in. */
  public int inputs() {
    return height * width * in;
  }

  /** Pixels of y for one image, OH·OW. */
  public int places() {
    return outHeight() * outWidth();
  }

  /** Values of y for one image, OH·OW·out. */
  public int outputs() {
    return places() * out;
  }

  /** Weights of one output channel, KH·KW·in. */
  public int fanIn() {
    return kernelHeight * kernelWidth * in;
  }

  /** Rows of zeros before the image. */
  int top() {
    return padded(height, kernelHeight) / 2;
  }

  /** Rows of zeros after the image. */
  int bottom() {
    return padded(height, kernelHeight) - top();
  }

  /** Zeros before each row of the image. */
  int left() {
    return padded(width, kernelWidth) / 2;
  }

  /** Zeros after each row of the image. */
  int right() {
    return padded(width, kernelWidth) - left();
  }

  private int padded(int size, int kernel) {
    int reach = (places(size, kernel, stride, padding) - 1) * stride + kernel;
    return padding == Padding.SAME ? Math.max(0, reach - size) : 0;
  }
}
