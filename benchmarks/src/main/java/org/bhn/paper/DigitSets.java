package org.bhn.paper;

import java.nio.file.Path;
import java.util.Optional;
import org.bhn.data.DataException;
import org.bhn.data.Dataset;
import org.bhn.data.Mnist;
import org.bhn.demo.DrawnDigits;

/**
 * Digits for classifiers.
 *
 * @param train to learn from
 * @param valid to choose by: the last 10,000 training images of MNIST, as in mnist.pkl.gz
 * @param test to look at once
 */
record DigitSets(Dataset train, Dataset valid, Dataset test) {
  private static final int TRAINING_IMAGES = 50_000;
  private static DigitSets kept;
  private static String keptFor = "";

  /**
   * The first rows of MNIST, or digits the program draws.
   *
   * @param drawn whether to draw them, which takes no files
   * @throws DataException if MNIST is not there; nothing is downloaded
   */
  static synchronized DigitSets of(Optional<Path> data, boolean drawn, int rows) {
    String key = drawn + " " + rows + " " + data;
    if (!key.equals(keptFor)) {
      kept = drawn ? draw(rows) : mnist(data, rows);
      keptFor = key;
    }
    return kept;
  }

  private static DigitSets draw(int rows) {
    return new DigitSets(
        DrawnDigits.digits(rows, 1), DrawnDigits.digits(100, 2), DrawnDigits.digits(200, 3));
  }

  private static DigitSets mnist(Optional<Path> data, int rows) {
    Mnist mnist =
        Mnist.find(data)
            .orElseThrow(
                () ->
                    new DataException(
                        "no MNIST in %s: pass --data with the directory of the data sets"
                            .formatted(data.map(Path::toString).orElse("the usual places"))));
    return new DigitSets(
        mnist.train().take(rows),
        mnist.train().slice(TRAINING_IMAGES, mnist.train().rows()),
        mnist.test());
  }
}
