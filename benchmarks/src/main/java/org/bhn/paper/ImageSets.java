package org.bhn.paper;

import java.nio.file.Path;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.bhn.data.Cifar10;
import org.bhn.data.DataException;
import org.bhn.data.Dataset;
import org.bhn.data.Mnist;
import org.bhn.demo.DrawnDigits;
import org.bhn.nn.Image;

/**
 * Images for classifiers.
 *
 * @param train to learn from
 * @param valid to choose by: the last 10,000 training images of MNIST, as in mnist.pkl.gz, or the
 *     last tenth of those of CIFAR-10
 * @param test to look at once
 */
record ImageSets(Dataset train, Dataset valid, Dataset test) {
  /** Shape of an image of CIFAR-10. */
  static final Image PHOTOGRAPH = new Image(32, 32, 3);

  private static final int MNIST_TRAINING = 50_000;
  private static ImageSets kept;
  private static String keptFor = "";

  /**
   * The first rows of MNIST, or digits the program draws.
   *
   * @param drawn whether to draw them, which takes no files
   * @throws DataException if MNIST is not there; nothing is downloaded
   */
  static ImageSets digits(Optional<Path> data, boolean drawn, int rows) {
    return keep(
        "digits " + drawn + " " + rows + " " + data,
        () -> drawn ? drawnDigits(rows) : mnist(data, rows));
  }

  /**
   * The first rows of CIFAR-10, channels last, or coloured noise: a class is a mean colour.
   *
   * @param drawn whether to draw them, which takes no files
   * @throws DataException if CIFAR-10 is not there; nothing is downloaded
   */
  static ImageSets photographs(Optional<Path> data, boolean drawn, int rows) {
    return keep(
        "photographs " + drawn + " " + rows + " " + data,
        () -> drawn ? drawnColours(rows) : cifar10(data, rows));
  }

  /** Only the last sets are kept: units of one set follow each other. */
  private static synchronized ImageSets keep(String key, Supplier<ImageSets> read) {
    if (!key.equals(keptFor)) {
      kept = null;
      keptFor = "";
      kept = read.get();
      keptFor = key;
    }
    return kept;
  }

  private static ImageSets drawnDigits(int rows) {
    return new ImageSets(
        DrawnDigits.digits(rows, 1), DrawnDigits.digits(100, 2), DrawnDigits.digits(200, 3));
  }

  private static ImageSets drawnColours(int rows) {
    return new ImageSets(colours(rows, 1), colours(40, 2), colours(40, 3));
  }

  private static Dataset colours(int rows, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    int classes = Cifar10.CLASSES.size();
    int[] labels = random.ints(rows, 0, classes).toArray();
    float[] inputs = new float[rows * PHOTOGRAPH.size()];
    for (int i = 0; i < inputs.length; i++) {
      int label = labels[i / PHOTOGRAPH.size()];
      inputs[i] =
          (float) (0.5 * random.nextDouble() + 0.05 * (label >> i % PHOTOGRAPH.channels() & 1));
    }
    return Dataset.classification(inputs, PHOTOGRAPH.size(), labels, classes);
  }

  private static ImageSets mnist(Optional<Path> data, int rows) {
    Mnist mnist = Mnist.find(data).orElseThrow(() -> missing("MNIST", data));
    return new ImageSets(
        mnist.train().take(rows),
        mnist.train().slice(MNIST_TRAINING, mnist.train().rows()),
        mnist.test());
  }

  private static ImageSets cifar10(Optional<Path> data, int rows) {
    Path folder = data.orElseThrow(() -> missing("CIFAR-10", data)).resolve("cifar10");
    Cifar10 cifar = Cifar10.load(folder);
    int all = cifar.train().rows();
    return new ImageSets(
        channelsLast(cifar.train().take(rows)),
        channelsLast(cifar.train().slice(all - all / 10, all)),
        channelsLast(cifar.test()));
  }

  private static Dataset channelsLast(Dataset images) {
    return Dataset.classification(
        PHOTOGRAPH.channelsLast(images.inputs()),
        images.columns(),
        images.labels(),
        images.classes());
  }

  private static DataException missing(String name, Optional<Path> data) {
    return new DataException(
        "no %s in %s: pass -Ddata=DIR, the directory of the data sets"
            .formatted(name, data.map(Path::toString).orElse("$BHN_DATA or the cache")));
  }
}
