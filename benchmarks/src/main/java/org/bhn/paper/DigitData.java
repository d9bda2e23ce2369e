package org.bhn.paper;

import java.util.stream.IntStream;
import org.bhn.data.Dataset;
import org.bhn.data.Mnist;
import org.bhn.demo.DrawnDigits;

/**
 * Digits of 28×28 pixels in [0, 1].
 *
 * @param train the first so many
 * @param test other ones
 */
record DigitData(Dataset train, Dataset test) {
  static final int PIXELS = 784;
  static final int CLASSES = 10;

  /** Training images of MNIST that are not kept for validation. */
  static final int TRAINING_IMAGES = 50_000;

  /** What {@link #read} reads: a tiny experiment draws its own digits. */
  static String source(Options options) {
    return options.size() == Options.Size.TINY ? "drawn digits" : "MNIST";
  }

  /**
   * Reads MNIST from the data directory, or from where it is usually found or kept.
   *
   * @throws org.bhn.data.DataException saying what to put where, if it is not to be had
   */
  static DigitData read(Options options, int trainRows, int testRows) {
    if (options.size() == Options.Size.TINY) {
      return new DigitData(DrawnDigits.digits(trainRows, 1), DrawnDigits.digits(testRows, 2));
    }
    Mnist mnist = options.data().map(Mnist::load).orElseGet(Mnist::load);
    return new DigitData(mnist.train().take(trainRows), mnist.test().take(testRows));
  }

  /** The rows of a data set whose label is, or is not, a given one. */
  static Dataset labelled(Dataset data, int label, boolean is) {
    int[] rows =
        IntStream.range(0, data.rows()).filter(i -> (data.label(i) == label) == is).toArray();
    return data.select(rows);
  }

  /** Whether each row was misread. */
  static boolean[] wrong(int[] predicted, int[] labels) {
    boolean[] wrong = new boolean[predicted.length];
    for (int i = 0; i < wrong.length; i++) {
      wrong[i] = predicted[i] != labels[i];
    }
    return wrong;
  }
}
