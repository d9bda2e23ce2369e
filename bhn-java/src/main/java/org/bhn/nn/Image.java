package org.bhn.nn;

/**
 * The shape of an image whose channels come last: a row of a data set holds its pixels row by row,
 * each with all its channels.
 *
 * @param height rows of pixels
 * @param width pixels in a row
 * @param channels values of a pixel
 */
public record Image(int height, int width, int channels) {
  /** Checks the sizes. */
  public Image {
    if (height < 1 || width < 1 || channels < 1 || (double) height * width * channels > 1 << 30) {
      throw new IllegalArgumentException(
          "an image needs height, width and channels >= 1 and at most 2^30 values; got "
              + height
              + " x "
              + width
              + " x "
              + channels);
    }
  }

  /** Number of values. */
  public int size() {
    return height * width * channels;
  }

  /**
   * Puts the channels last in images that are stored plane by plane, as those of CIFAR-10 are.
   *
   * @param planes {@code [n, channels, height, width]}
   * @return {@code [n, height, width, channels]}
   */
  public float[] channelsLast(float[] planes) {
    if (planes == null || planes.length % size() != 0) {
      throw new IllegalArgumentException(
          "planes has "
              + (planes == null ? "no" : planes.length)
              + " values: pass a whole number of images of "
              + this);
    }
    float[] pixels = new float[planes.length];
    int plane = height * width;
    for (int from = 0; from < planes.length; from += size()) {
      for (int c = 0; c < channels; c++) {
        for (int i = 0; i < plane; i++) {
          pixels[from + i * channels + c] = planes[from + c * plane + i];
        }
      }
    }
    return pixels;
  }

  @Override
  public String toString() {
    return height + " x " + width + " x " + channels;
  }
}
