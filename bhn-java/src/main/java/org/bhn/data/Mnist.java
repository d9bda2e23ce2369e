package org.bhn.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * MNIST (LeCun, Cortes and Burges): handwritten digits of 28 x 28 pixels, bright on dark.
 *
 * <p>It is looked for in the given directory and nowhere else; without one, in {@code
 * $BHN_DATA/mnist}, in {@code $BHN_DATA}, and in {@code bhn/data/mnist} under the cache directory:
 * {@code -Dbhn.cache}, else {@code $XDG_CACHE_HOME}, else {@code ~/.cache}. The four idx files may
 * be gzipped or not.
 *
 * @param train 60,000 images, {@code [60000][784]}, pixels in [0, 1], in file order
 * @param test 10,000 images, {@code [10000][784]}
 */
public record Mnist(Dataset train, Dataset test) {
  private static final List<URI> MIRRORS =
      List.of(
          URI.create("https://ossci-datasets.s3.amazonaws.com/mnist/"),
          URI.create("https://storage.googleapis.com/cvdf-datasets/mnist/"));

  private static final List<Download> FILES =
      List.of(
          new Download(
              "train-images-idx3-ubyte.gz",
              9_912_422,
              "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
          new Download(
              "train-labels-idx1-ubyte.gz",
              28_881,
              "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
          new Download(
              "t10k-images-idx3-ubyte.gz",
              1_648_877,
              "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
          new Download(
              "t10k-labels-idx1-ubyte.gz",
              4_542,
              "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"));

  private static final int SIDE = 28;

  /**
   * Reads the data if they are on this machine; never uses the network.
   *
   * @param directory where they must be, itself or its folder {@code mnist}; empty for the places
   *     above
   * @return the data, or empty when they are not there
   * @throws DataException when they are there but damaged
   * @throws UncheckedIOException when they cannot be read
   */
  public static Optional<Mnist> find(Optional<Path> directory) {
    return locate(directory).map(Mnist::read);
  }

  /**
   * Says where the data are on this machine, without reading them.
   *
   * @param directory where they must be, itself or its folder {@code mnist}; empty for the places
   *     above
   * @return the first directory that holds all four files
   */
  public static Optional<Path> locate(Optional<Path> directory) {
    return locate(directory, Places.system());
  }

  static Optional<Path> locate(Optional<Path> directory, Places places) {
    Stream<Path> named = (directory.isPresent() ? directory : places.data()).stream();
    Stream<Path> candidates =
        Stream.concat(
            named.flatMap(d -> Stream.of(d.resolve("mnist"), d)),
            directory.isPresent() ? Stream.empty() : Stream.of(cache(places)));
    return candidates.filter(d -> missing(d).isEmpty()).findFirst();
  }

  /**
   * Reads the data, downloading them into the cache when they are nowhere on this machine.
   *
   * @return the data
   * @throws DataException when they are damaged, or absent and cannot be downloaded; {@code
   *     -Dbhn.offline=true} forbids trying
   * @throws UncheckedIOException when they cannot be read or stored
   */
  public static Mnist load() {
    return read(ensure(Places.system(), MIRRORS, FILES));
  }

  /**
   * Reads the data from a directory; never uses the network.
   *
   * @param directory holds the four files, itself or in its folder {@code mnist}
   * @return the data
   * @throws DataException when a file is missing or damaged
   * @throws UncheckedIOException when one cannot be read
   */
  public static Mnist load(Path directory) {
    return read(
        locate(Optional.of(directory))
            .orElseThrow(
                () ->
                    new DataException(
                        "%s: missing %s; put the files there (with or without .gz)"
                            .formatted(directory, missing(directory)))));
  }

  static Path ensure(Places places, List<URI> mirrors, List<Download> files) {
    Optional<Path> present = locate(Optional.empty(), places);
    if (present.isPresent()) {
      return present.get();
    }
    Path cache = cache(places);
    String remedy =
        "put %s into %s or set BHN_DATA to a directory that holds them"
            .formatted(files.stream().map(Download::name).toList(), cache);
    if (places.offline()) {
      throw new DataException(
          "MNIST is not on this machine and -Dbhn.offline=true forbids downloads; " + remedy);
    }
    try {
      Files.createDirectories(cache);
      for (Download file : files) {
        if (!Files.exists(cache.resolve(file.name()))) {
          file.fetch(mirrors, cache, remedy);
        }
      }
      return cache;
    } catch (IOException e) {
      throw new UncheckedIOException(
          "cannot fill %s: %s; %s".formatted(cache, e.getMessage(), remedy), e);
    }
  }

  private static Path cache(Places places) {
    return places.cache().resolve("mnist");
  }

  private static List<String> missing(Path directory) {
    return FILES.stream()
        .map(Download::name)
        .filter(name -> variant(directory, name).isEmpty())
        .toList();
  }

  private static Optional<Path> variant(Path directory, String name) {
    String plain = name.substring(0, name.length() - ".gz".length());
    return Stream.of(name, plain).map(directory::resolve).filter(Files::isRegularFile).findFirst();
  }

  private static Mnist read(Path directory) {
    return new Mnist(
        part(directory, FILES.get(0).name(), FILES.get(1).name()),
        part(directory, FILES.get(2).name(), FILES.get(3).name()));
  }

  private static Dataset part(Path directory, String imageName, String labelName) {
    Path imageFile = variant(directory, imageName).orElseThrow();
    Path labelFile = variant(directory, labelName).orElseThrow();
    Idx images = Idx.read(imageFile);
    Idx labels = Idx.read(labelFile);
    int[] shape = images.shape();
    if (shape.length != 3 || shape[1] != SIDE || shape[2] != SIDE) {
      throw new DataException(
          "%s: expected images of 28 x 28, found %s; check that it is MNIST"
              .formatted(imageFile, Arrays.toString(shape)));
    }
    if (!Arrays.equals(labels.shape(), new int[] {shape[0]})) {
      throw new DataException(
          "%s: expected %d labels as in %s, found %s; fetch both files again"
              .formatted(labelFile, shape[0], imageFile, Arrays.toString(labels.shape())));
    }
    try {
      return Dataset.owning(images.toFloats(255), SIDE * SIDE, labels.toInts(), 10);
    } catch (IllegalArgumentException e) {
      throw new DataException(labelFile + ": " + e.getMessage(), e);
    }
  }
}
