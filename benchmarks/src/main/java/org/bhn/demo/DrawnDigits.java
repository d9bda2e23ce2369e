package org.bhn.demo;

import java.util.SplittableRandom;
import org.bhn.data.Dataset;

/**
 * Handwriting that the program draws itself: each glyph is a few pen strokes in the unit square,
 * bent, sheared, turned and shifted at random, drawn with a pen of random width, and noisy. Images
 * are 28×28, bright ink on dark, in [0, 1].
 */
public final class DrawnDigits {
  static final int SIDE = 28;
  static final int PIXELS = SIDE * SIDE;

  private static final String[] DIGITS = {
    "50 8 22 22 18 50 24 80 50 92 76 80 82 50 78 22 50 8",
    "32 26 54 8 54 92",
    "22 28 32 12 54 8 74 20 74 40 48 66 20 92 82 92",
    "22 18 46 8 72 18 72 38 48 48 74 58 78 78 52 92 22 82",
    "62 92 62 8 18 64 84 64",
    "76 8 30 8 26 46 52 40 76 52 76 76 52 92 22 84",
    "70 10 40 28 24 60 30 84 54 92 76 78 70 56 46 50 26 64",
    "20 10 80 10 58 48 44 92",
    "50 48 26 34 32 12 52 8 72 16 72 34 50 48 26 64 28 84 50 92 74 84 76 64 50 48",
    "74 38 52 50 30 42 28 20 48 8 70 16 74 38 70 66 56 92"
  };

  private static final String[] LETTERS = {
    "16 92 50 8 84 92|30 60 70 60",
    "78 10 26 10 26 92 80 92|26 50 66 50",
    "22 8 22 92|78 8 78 92|22 50 78 50",
    "24 8 24 92|78 8 24 54|40 42 80 92",
    "14 92 18 8 50 62 82 8 86 92",
    "24 92 24 8 76 92 76 8",
    "16 8 84 8|50 8 50 92",
    "18 8 82 92|82 8 18 92",
    "16 8 50 50 84 8|50 50 50 92",
    "24 8 24 92|24 10 66 10 78 28 64 48 24 50|44 50 80 92"
  };

  private DrawnDigits() {}

  /** Digits with their labels, classes in turn. */
  public static Dataset digits(int rows, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] images = new float[rows * PIXELS];
    int[] labels = new int[rows];
    for (int i = 0; i < rows; i++) {
      labels[i] = i % DIGITS.length;
      draw(DIGITS[labels[i]], random.split(), images, i * PIXELS);
    }
    return Dataset.classification(images, PIXELS, labels, DIGITS.length);
  }

  /** Capital letters, which no digit classifier has seen. */
  public static float[] letters(int rows, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] images = new float[rows * PIXELS];
    for (int i = 0; i < rows; i++) {
      draw(LETTERS[i % LETTERS.length], random.split(), images, i * PIXELS);
    }
    return images;
  }

  /** Pixels that are independent and uniform. */
  static float[] noise(int rows, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] images = new float[rows * PIXELS];
    for (int i = 0; i < images.length; i++) {
      images[i] = (float) random.nextDouble();
    }
    return images;
  }

  private static void draw(String glyph, SplittableRandom random, float[] out, int at) {
    double turn = 0.18 * random.nextGaussian();
    double shear = 0.22 * random.nextGaussian();
    double scaleX = 15 * Math.exp(0.16 * random.nextGaussian());
    double scaleY = 19 * Math.exp(0.1 * random.nextGaussian());
    double centreX = 14 + 1.3 * random.nextGaussian();
    double centreY = 14 + 1.1 * random.nextGaussian();
    double pen = 0.7 + 1.1 * random.nextDouble();
    double noise = 0.02 + 0.1 * random.nextDouble();
    for (String stroke : glyph.split("\\|")) {
      String[] numbers = stroke.split(" ");
      double[] x = new double[numbers.length / 2];
      double[] y = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        double u = Integer.parseInt(numbers[2 * i]) / 100.0 - 0.5 + 0.055 * random.nextGaussian();
        double v =
            Integer.parseInt(numbers[2 * i + 1]) / 100.0 - 0.5 + 0.045 * random.nextGaussian();
        double a = (u - shear * v) * scaleX;
        double b = v * scaleY;
        x[i] = centreX + a * Math.cos(turn) - b * Math.sin(turn);
        y[i] = centreY + a * Math.sin(turn) + b * Math.cos(turn);
      }
      ink(smooth(x), smooth(y), pen, out, at);
    }
    for (int i = 0; i < PIXELS; i++) {
      double v = out[at + i] + noise * random.nextGaussian();
      out[at + i] = (float) Math.min(1, Math.max(0, v));
    }
  }

  /** Rounds the corners of a stroke (Chaikin), as a hand does; its ends stay. */
  private static double[] smooth(double[] p) {
    double[] points = p;
    for (int round = 0; round < 2; round++) {
      double[] next = new double[2 * points.length];
      next[0] = points[0];
      for (int i = 0; i + 1 < points.length; i++) {
        next[2 * i + 1] = 0.75 * points[i] + 0.25 * points[i + 1];
        next[2 * i + 2] = 0.25 * points[i] + 0.75 * points[i + 1];
      }
      next[next.length - 1] = points[points.length - 1];
      points = next;
    }
    return points;
  }

  private static void ink(double[] x, double[] y, double pen, float[] out, int at) {
    for (int row = 0; row < SIDE; row++) {
      for (int column = 0; column < SIDE; column++) {
        double nearest = Double.MAX_VALUE;
        for (int i = 0; i + 1 < x.length; i++) {
          nearest =
              Math.min(nearest, distance(column + 0.5, row + 0.5, x[i], y[i], x[i + 1], y[i + 1]));
        }
        double v = Math.min(1, Math.max(0, pen - nearest + 0.6));
        int pixel = at + row * SIDE + column;
        out[pixel] = (float) Math.max(out[pixel], v);
      }
    }
  }

  /** Distance of (px, py) from the segment (ax, ay)–(bx, by). */
  private static double distance(double px, double py, double ax, double ay, double bx, double by) {
    double dx = bx - ax;
    double dy = by - ay;
    double length = dx * dx + dy * dy;
    double t = length == 0 ? 0 : ((px - ax) * dx + (py - ay) * dy) / length;
    t = Math.min(1, Math.max(0, t));
    return Math.hypot(px - ax - t * dx, py - ay - t * dy);
  }
}
