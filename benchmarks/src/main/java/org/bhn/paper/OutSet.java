package org.bhn.paper;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bhn.data.Idx;
import org.bhn.demo.DrawnDigits;

/**
 * Images that no reader of digits should be sure about: 28×28, in [0, 1], as are the digits.
 *
 * @param name as in tables
 * @param images so many of them
 */
record OutSet(String name, Images images) {
  /** Where images come from. */
  interface Images {
    /** {@code [n, 784]}, or as many as there are. */
    float[] take(int n);
  }

  /** Sets that must be read, and their files in the folder {@code ood} of the data directory. */
  static final String NEEDS =
      "notMNIST (notmnist-10k-images-idx3-ubyte.gz), Omniglot"
          + " (omniglot-background-images-idx3-ubyte.gz and"
          + " omniglot-background-alphabets-idx1-ubyte.gz) and grey CIFAR-10"
          + " (cifar10-gray-2k-images-idx3-ubyte.gz), each 28×28 pixels, bright on dark, as idx"
          + " files in the folder ood of -Ddata=DIR";

  /** Alphabets of Omniglot whose characters look like no digit, as in the paper's own code. */
  private static final Set<Integer> UNLIKE_DIGITS =
      Set.of(0, 2, 5, 6, 8, 12, 13, 14, 15, 16, 17, 18, 19, 21, 26);

  private static final long SEED = 11;

  /** Noise, and the image sets that are at hand; letters drawn here if none is. */
  static List<OutSet> all(Options options) {
    List<OutSet> sets = new ArrayList<>();
    if (options.size() != Options.Size.TINY && options.data().isPresent()) {
      Path ood = options.data().get().resolve("ood");
      Path letters = ood.resolve("notmnist-10k-images-idx3-ubyte.gz");
      Path characters = ood.resolve("omniglot-background-images-idx3-ubyte.gz");
      Path alphabets = ood.resolve("omniglot-background-alphabets-idx1-ubyte.gz");
      Path photographs = ood.resolve("cifar10-gray-2k-images-idx3-ubyte.gz");
      if (Files.exists(letters)) {
        sets.add(new OutSet("notMNIST", n -> some(Idx.read(letters), n)));
      }
      if (Files.exists(characters) && Files.exists(alphabets)) {
        sets.add(new OutSet("Omniglot", n -> omniglot(characters, alphabets, n)));
      }
      if (Files.exists(photographs)) {
        sets.add(new OutSet("grey CIFAR-10", n -> some(Idx.read(photographs), n)));
      }
    }
    if (sets.isEmpty()) {
      sets.add(new OutSet("drawn letters", n -> DrawnDigits.letters(n, SEED)));
    }
    sets.add(new OutSet("uniform noise", n -> noise(n, false)));
    sets.add(new OutSet("Gaussian noise", n -> noise(n, true)));
    return sets;
  }

  private static float[] omniglot(Path characters, Path alphabets, int n) {
    Idx alphabet = Idx.read(alphabets);
    int[] rows =
        IntStream.range(0, alphabet.size())
            .filter(i -> UNLIKE_DIGITS.contains(alphabet.get(i)))
            .toArray();
    return some(Idx.read(characters), rows, n);
  }

  private static float[] some(Idx images, int n) {
    return some(images, IntStream.range(0, images.shape()[0]).toArray(), n);
  }

  /** So many of the given rows, drawn without replacement, the same ones each time. */
  private static float[] some(Idx images, int[] rows, int n) {
    SplittableRandom random = new SplittableRandom(SEED);
    int count = Math.min(n, rows.length);
    float[] out = new float[count * DigitNets.PIXELS];
    for (int i = 0; i < count; i++) {
      int j = i + random.nextInt(rows.length - i);
      int row = rows[j];
      rows[j] = rows[i];
      for (int k = 0; k < DigitNets.PIXELS; k++) {
        out[i * DigitNets.PIXELS + k] = images.get(row * DigitNets.PIXELS + k) / 255f;
      }
    }
    return out;
  }

  /** Independent pixels: uniform, or standard normal and clipped to [0, 1]. */
  private static float[] noise(int n, boolean gaussian) {
    SplittableRandom random = new SplittableRandom(SEED);
    float[] out = new float[n * DigitNets.PIXELS];
    for (int i = 0; i < out.length; i++) {
      double v = gaussian ? random.nextGaussian() : random.nextDouble();
      out[i] = (float) Math.clamp(v, 0.0, 1.0);
    }
    return out;
  }
}
