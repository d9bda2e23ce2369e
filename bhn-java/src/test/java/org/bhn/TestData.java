package org.bhn;

import java.util.SplittableRandom;
import org.bhn.data.Dataset;

/** Small data sets for tests. */
public final class TestData {
  private TestData() {}

  /** Gaussian blobs around the corners of a polygon; easy to tell apart. */
  public static Dataset blobs(int rows, int classes, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] x = new float[rows * 2];
    int[] y = new int[rows];
    for (int i = 0; i < rows; i++) {
      y[i] = i % classes;
      double angle = 2 * Math.PI * y[i] / classes;
      x[2 * i] = (float) (2 * Math.cos(angle) + 0.5 * random.nextGaussian());
      x[2 * i + 1] = (float) (2 * Math.sin(angle) + 0.5 * random.nextGaussian());
    }
    return Dataset.classification(x, 2, y, classes);
  }

  /** y = sin 3x + noise, x in [−1, 1]. */
  public static Dataset sine(int rows, double noise, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] x = new float[rows];
    float[] y = new float[rows];
    for (int i = 0; i < rows; i++) {
      x[i] = (float) random.nextDouble(-1, 1);
      y[i] = (float) (Math.sin(3 * x[i]) + noise * random.nextGaussian());
    }
    return Dataset.regression(x, 1, y, 1);
  }

  /** Noisy images of 8 x 8 with a line: along a row, along a column, or along a diagonal. */
  public static Dataset lines(int rows, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] x = new float[rows * 64];
    int[] y = new int[rows];
    for (int i = 0; i < rows; i++) {
      y[i] = i % 3;
      int row = random.nextInt(4);
      int column = random.nextInt(4);
      for (int k = 0; k < 5; k++) {
        int down = y[i] == 0 ? 0 : k;
        int across = y[i] == 1 ? 0 : k;
        x[i * 64 + (row + down) % 8 * 8 + (column + across) % 8] = 1;
      }
      for (int k = 0; k < 64; k++) {
        x[i * 64 + k] += (float) (0.2 * random.nextGaussian());
      }
    }
    return Dataset.classification(x, 64, y, 3);
  }
}
