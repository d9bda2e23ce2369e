package org.bhn.paper;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bhn.Bhn;
import org.bhn.BhnBuilder;

/** What is classified, by what network, and for how long that is trained. */
enum ClassificationTask {
  /** The first 5,000 digits: 784-800-800-10. */
  MNIST_5000("MNIST-5000"),
  /** All digits but those of the validation data, the same network. */
  MNIST_50000("MNIST-50000"),
  /** Photographs, four convolutions of 192 channels and 1,000 units: takes a GPU. */
  CIFAR_10("CIFAR-10"),
  /** The first of them and a network of a sixth of the width: does not. */
  CIFAR_10_SHORT("CIFAR-10, shortened");

  static final String COUPLING = "coupling ";
  static final String IAF = "IAF ";
  static final String MEAN_FIELD = "mean-field, all weights";
  static final String DROPOUT = "dropout";
  static final String POINT = "one set of weights";

  private static final int CLASSES = 10;

  private final String label;

  ClassificationTask(String label) {
    this.label = label;
  }

  /** Its name in tables. */
  String label() {
    return label;
  }

  /** Those of a size. */
  static List<ClassificationTask> of(Options.Size size) {
    return size == Options.Size.FULL ? List.of(values()) : List.of(MNIST_5000, CIFAR_10_SHORT);
  }

  /** Whether its images have colours and its network convolutions. */
  boolean photographs() {
    return this == CIFAR_10 || this == CIFAR_10_SHORT;
  }

  /** The name of the data, and what the program draws instead for a tiny run. */
  String data(Options options) {
    return options.size() == Options.Size.TINY
        ? photographs() ? "drawn colours" : "drawn digits"
        : photographs() ? "CIFAR-10" : "MNIST";
  }

  /** Images to train on. */
  int rows(Options options) {
    return switch (this) {
      case MNIST_5000 -> options.pick(60, 5000, 5000);
      case MNIST_50000 -> 50_000;
      case CIFAR_10 -> 45_000;
      case CIFAR_10_SHORT -> options.pick(40, 2000, 10_000);
    };
  }

  /** Images of the validation data, and of the test data, at most. */
  int judged(Options options) {
    return this == CIFAR_10_SHORT ? options.pick(40, 1000, 2000) : 10_000;
  }

  /**
   * The images.
   *
   * @throws org.bhn.data.DataException saying where to put them, if they are missing
   */
  ImageSets sets(Options options) {
    boolean drawn = options.size() == Options.Size.TINY;
    int rows = rows(options);
    ImageSets all =
        photographs()
            ? ImageSets.photographs(options.data(), drawn, rows)
            : ImageSets.digits(options.data(), drawn, rows);
    int most = judged(options);
    return new ImageSets(
        all.train(),
        all.valid().take(Math.min(most, all.valid().rows())),
        all.test().take(Math.min(most, all.test().rows())));
  }

  /** Channels of each convolution; 0 if there are none. */
  private int channels(Options options) {
    return switch (this) {
      case CIFAR_10 -> 192;
      case CIFAR_10_SHORT -> options.pick(2, 16, 32);
      default -> 0;
    };
  }

  private int[] hidden(Options options) {
    return switch (this) {
      case CIFAR_10 -> new int[] {1000};
      case CIFAR_10_SHORT -> new int[] {options.pick(8, 100, 200)};
      default -> options.pick(new int[] {12, 12}, new int[] {200, 200}, new int[] {800, 800});
    };
  }

  /** The layers in words. */
  String layers(Options options) {
    String dense =
        IntStream.of(hidden(options)).mapToObj(Integer::toString).collect(Collectors.joining("-"));
    return photographs()
        ? "4 convolutions of 5 x 5 with %d channels, halved after the second and the fourth; %s"
            .formatted(channels(options), dense)
        : dense;
  }

  BhnBuilder network(Options options) {
    BhnBuilder network =
        photographs()
            ? Bhn.classifier(ImageSets.PHOTOGRAPH, CLASSES)
            : Bhn.classifier(DigitNets.PIXELS, CLASSES);
    int channels = channels(options);
    if (photographs()) {
      network.conv(channels, 5).conv(channels, 5).maxPool(2);
      network.conv(channels, 5).conv(channels, 5).maxPool(2);
    }
    return network.hidden(hidden(options));
  }

  int epochs(Options options) {
    boolean published = options.asPublished();
    return switch (this) {
      case MNIST_5000 -> options.pick(2, 20, published ? 500 : 200);
      case MNIST_50000 -> published ? 100 : 30;
      case CIFAR_10 -> 100;
      case CIFAR_10_SHORT -> options.pick(2, 30, 15);
    };
  }

  /** The paper's, but larger where epochs are long. */
  int batch(Options options) {
    return options.asPublished() || this != MNIST_50000 ? 32 : 128;
  }

  double learningRate(Options options) {
    return batch(options) == 32 ? 1e-3 : 2e-3;
  }

  /** Draws of the weights for each test image. */
  int draws(Options options) {
    return this == CIFAR_10_SHORT ? options.pick(10, 20, 20) : options.pick(10, 100, 100);
  }

  int seeds(Options options) {
    return this == MNIST_5000 ? options.pick(2, 2, 10) : options.pick(1, 1, 3);
  }

  /** A narrow network that drops half of its few channels learns nothing in the shortened runs. */
  double dropout() {
    return this == CIFAR_10_SHORT ? 0.2 : 0.5;
  }

  /** What is compared, in the order of the tables. */
  List<String> methods(Options options) {
    List<String> all = new ArrayList<>();
    List<Integer> layers =
        photographs()
            ? options.pick(List.of(0), List.of(0, 8), List.of(0, 8))
            : options.pick(List.of(0, 2), List.of(0, 4, 8), List.of(0, 2, 4, 8, 12));
    layers.forEach(n -> all.add(COUPLING + n));
    List<Integer> steps =
        photographs()
            ? options.pick(List.of(), List.of(8), List.of(8))
            : options.pick(List.of(1), List.of(8), List.of(4, 8));
    steps.forEach(n -> all.add(IAF + n));
    all.addAll(photographs() ? List.of(DROPOUT, POINT) : List.of(DROPOUT, MEAN_FIELD, POINT));
    return all;
  }
}
