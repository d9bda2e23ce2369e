package org.bhn.paper;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.zip.GZIPOutputStream;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Device;
import org.bhn.data.DataException;
import org.bhn.flow.Flows;
import org.bhn.io.JsonObject;
import org.bhn.posterior.Posterior;
import org.bhn.report.Report;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Active learning, anomalies and adversaries on digits: what must hold whatever was learned. */
class DigitExperimentsTest {
  private static final int PIXELS = DigitNets.PIXELS;

  @TempDir Path directory;

  private Options options(String... more) {
    String[] all = Arrays.copyOf(more, more.length + 1);
    all[more.length] = "--out=" + directory;
    return Options.parse(all);
  }

  private static Run run(Unit unit) throws IOException {
    try (Backend backend = Backends.best()) {
      Values values = unit.work().run(backend);
      return new Run(
          unit.group(),
          unit.method(),
          unit.seed(),
          Options.Size.TINY,
          JsonObject.of(unit.settings(), unit.key()),
          "none",
          "none",
          0,
          JsonObject.of(values.toMap(), unit.key()));
    }
  }

  private static Unit unit(Experiment experiment, Options options, String group, String method) {
    return experiment.units(options).stream()
        .filter(u -> u.group().equals(group) && u.method().equals(method))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void anAttackOfNoSizeIsNoAttack() throws Exception {
    for (String mode : List.of("fixed", "paper")) {
      Options options = options("--tiny=true", "--mode=" + mode);
      for (String method : DigitNets.METHODS) {
        Run run = run(unit(new Adversary(), options, "attacks", method));
        double clean = run.numbers("FGS, 1 draw: accuracy")[0];
        for (String name : run.values().names()) {
          if (name.endsWith(": attacks")) {
            assertEquals(0.5, run.numbers(name)[0], method + ", " + name);
          }
          if (name.startsWith("FGS") && name.endsWith("accuracy")) {
            assertEquals(clean, run.numbers(name)[0], method + ", " + name);
          }
        }
        boolean random = !method.equals(DigitNets.POINT);
        assertEquals(random, run.has("FGS, 32 draws: accuracy"));
        assertEquals(random, run.has("FGS on one set of weights: accuracy"));
        assertEquals(random, run.has("FGS, 1 draw: mutual information: mean"));
      }
    }
  }

  @Test
  void labelsGrowByTenFromTwoOfEachClass() throws Exception {
    for (String mode : List.of("fixed", "paper")) {
      Options options = options("--tiny=true", "--mode=" + mode);
      for (String group : List.of("warm start, BatchBALD", "new start, random")) {
        Run run = run(unit(new ActiveDigits(), options, group, DigitNets.HYPERNETWORK));
        assertArrayEquals(new double[] {20, 30, 40}, run.numbers("labels"));
        for (double accuracy : run.numbers("accuracy")) {
          assertTrue(accuracy >= 0 && accuracy <= 1);
        }
        Run again = run(unit(new ActiveDigits(), options, group, DigitNets.HYPERNETWORK));
        assertArrayEquals(run.numbers("nll"), again.numbers("nll"), "the same seed, another run");
      }
    }
  }

  @Test
  void learningEndsAtTheLabelsAskedFor() throws Exception {
    Options options = options("--tiny=true", "--labels=53");
    Run run = run(unit(new ActiveDigits(), options, "warm start, random", DigitNets.POINT));
    assertArrayEquals(new double[] {20, 30, 40, 50}, run.numbers("labels"));
    for (String labels : List.of("29", "151")) {
      Options wrong = options("--tiny=true", "--labels=" + labels);
      String message =
          assertThrows(IllegalArgumentException.class, () -> new ActiveDigits().units(wrong))
              .getMessage();
      assertTrue(message.contains("--labels=" + labels), message);
    }
  }

  @Test
  void fullRunsHaveThePapersNetworks() {
    Options options = options("--full=true", "--mode=paper");
    try (Backend backend = Backends.open(Device.JAVA);
        Bhn dense = DigitNets.dense(options).build(backend, DigitNets.HYPERNETWORK, 1);
        Bhn convolutional =
            DigitNets.convolutional(options).build(backend, DigitNets.HYPERNETWORK, 1);
        Bhn photographs =
            ClassificationTask.CIFAR_10
                .network(options)
                .posterior(Posterior.weightNorm(Flows.affine()))
                .build(backend)) {
      assertEquals(3 * 256 + 10, gains(dense));
      assertEquals(32 + 32 + 256 + 10, gains(convolutional));
      assertEquals(4 * 192 + 1000 + 10, gains(photographs));
    }
  }

  private static int gains(Bhn model) {
    return model.sampleWeights(1, 1)[0].length;
  }

  @Test
  void photographsAreReadChannelsLastAndInOrder() throws Exception {
    Path folder = Files.createDirectories(directory.resolve("cifar10"));
    for (int file = 0; file < 6; file++) {
      byte[] records = new byte[10 * 3073];
      for (int i = 0; i < 10; i++) {
        records[i * 3073] = (byte) file;
        Arrays.fill(records, i * 3073 + 1, i * 3073 + 1025, (byte) 51);
        Arrays.fill(records, i * 3073 + 2049, i * 3073 + 3073, (byte) 255);
      }
      String name = file == 5 ? "test_batch.bin" : "data_batch_" + (file + 1) + ".bin";
      Files.write(folder.resolve(name), records);
    }
    ImageSets sets = ImageSets.photographs(Optional.of(directory), false, 11);
    assertEquals(11, sets.train().rows());
    assertEquals(0, sets.train().label(9));
    assertEquals(1, sets.train().label(10));
    assertEquals(5, sets.valid().rows());
    assertEquals(4, sets.valid().label(0));
    assertEquals(5, sets.test().label(0));
    assertArrayEquals(
        new float[] {0.2f, 0, 1, 0.2f}, Arrays.copyOf(sets.test().take(1).inputs(), 4));
    Path empty = Files.createDirectories(directory.resolve("empty"));
    assertThrows(DataException.class, () -> ImageSets.photographs(Optional.of(empty), false, 10));
    ImageSets again = ImageSets.photographs(Optional.of(directory), false, 11);
    assertEquals(11, again.train().rows(), "after a read that failed");
  }

  @Test
  void theDigitLeftOutFollowsTheSeed() throws Exception {
    Options options = options("--tiny=true", "--mode=paper", "--seeds=1,8,9");
    List<Object> digits =
        new Anomaly()
            .units(options).stream()
                .filter(u -> u.group().equals("a digit left out"))
                .filter(u -> u.method().equals(DigitNets.POINT))
                .map(u -> u.settings().get("digit"))
                .toList();
    assertEquals(List.of(3, 0, 1), digits);
    Run run = run(unit(new Anomaly(), options, "a digit left out", DigitNets.DROPOUT));
    double auroc = run.number("the digit left out: entropy: AUROC");
    assertTrue(auroc > 0 && auroc < 1, "AUROC " + auroc);
  }

  @Test
  void imageSetsAreReadScaledAndKeptToTheirAlphabets() throws Exception {
    Path ood = Files.createDirectories(directory.resolve("ood"));
    byte[] pixels = new byte[30 * PIXELS];
    byte[] alphabets = new byte[30];
    for (int i = 0; i < 30; i++) {
      Arrays.fill(pixels, i * PIXELS, (i + 1) * PIXELS, (byte) (8 * i));
      alphabets[i] = (byte) i;
    }
    idx(ood.resolve("omniglot-background-images-idx3-ubyte.gz"), pixels, 30, 28, 28);
    Options options = options("--quick=true", "--data=" + directory);
    assertEquals(
        List.of("drawn letters", "uniform noise", "Gaussian noise"), names(OutSet.all(options)));
    idx(ood.resolve("omniglot-background-alphabets-idx1-ubyte.gz"), alphabets, 30);
    List<OutSet> sets = OutSet.all(options);
    assertEquals(List.of("Omniglot", "uniform noise", "Gaussian noise"), names(sets));
    float[] all = sets.getFirst().images().take(100);
    assertEquals(15 * PIXELS, all.length, "fifteen alphabets are unlike digits");
    TreeSet<Integer> seen = new TreeSet<>();
    for (int i = 0; i < 15; i++) {
      seen.add(Math.round(all[i * PIXELS + 17] * 255 / 8));
    }
    assertEquals(
        new TreeSet<>(List.of(0, 2, 5, 6, 8, 12, 13, 14, 15, 16, 17, 18, 19, 21, 26)), seen);
    assertEquals(7 * PIXELS, sets.getFirst().images().take(7).length);
    assertNotEquals(
        new Anomaly().units(options("--quick=true")).getFirst().settings(),
        new Anomaly().units(options).getFirst().settings(),
        "other sets are another experiment");
  }

  private static List<String> names(List<OutSet> sets) {
    return sets.stream().map(OutSet::name).toList();
  }

  private static void idx(Path file, byte[] values, int... shape) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(8 << 8 | shape.length);
      for (int n : shape) {
        out.writeInt(n);
      }
      out.write(values);
    }
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      bytes.writeTo(out);
    }
  }

  @Test
  void noiseIsInRangeAndTheSameEachTime() {
    for (OutSet set : OutSet.all(options("--tiny=true"))) {
      float[] images = set.images().take(20);
      assertEquals(20 * PIXELS, images.length);
      double zeros = 0;
      for (float v : images) {
        assertTrue(v >= 0 && v <= 1, set.name() + ": " + v);
        zeros += v == 0 ? 1.0 / images.length : 0;
      }
      if (set.name().startsWith("Gaussian")) {
        assertEquals(0.5, zeros, 4 * 0.5 / Math.sqrt(images.length), "half of N(0, 1) is below 0");
      }
      assertArrayEquals(images, set.images().take(20));
    }
  }

  @Test
  void missingDigitsAreExplained() {
    Options options = options("--quick=true", "--data=" + directory);
    String message =
        assertThrows(DataException.class, () -> DigitNets.sets(options, 10)).getMessage();
    assertTrue(message.contains(directory.toString()), message);
    assertTrue(message.contains("-Ddata"), message);
  }

  @Test
  void aCurveAveragesWhatIsKnown() {
    Runs runs = new Runs(List.of(listed(1, 1, Double.NaN, 5), listed(2, 3, 4, 7, 9)));
    List<Stat> stats = Curve.of(runs, "list").stats();
    assertEquals(3, stats.size());
    assertEquals(2, stats.get(0).mean());
    assertEquals(4, stats.get(1).mean());
    assertEquals(1, stats.get(1).n());
    assertEquals(12.706, stats.get(2).halfWidth(), 1e-9); // t_1 · √2 / √2
    assertEquals(0, Curve.of(runs, "no such list").stats().size());
  }

  /** Runs that were tested at other numbers of labels stand under those, not under the first's. */
  @Test
  void accuraciesStandUnderTheirOwnNumbersOfLabels() {
    Runs runs =
        new Runs(
            List.of(
                learned(DigitNets.HYPERNETWORK, new double[] {20, 50, 100}, 0.5, 0.6, 0.7),
                learned(DigitNets.DROPOUT, new double[] {20, 30, 50}, 0.1, 0.2, 0.3)));
    Report page = new Report();
    new ActiveDigits().report(page, runs);
    List<String[]> table = page.tables().getFirst();
    assertArrayEquals(
        new String[] {"50 labels", "100 labels", "mean"}, Arrays.copyOfRange(table.get(0), 1, 4));
    assertArrayEquals(
        new String[] {"60.0", "70.0", "60.0"}, Arrays.copyOfRange(table.get(1), 1, 4));
    assertArrayEquals(new String[] {"30.0", "–", "20.0"}, Arrays.copyOfRange(table.get(2), 1, 4));
    assertEquals("50 labels", table.get(2)[5]);
  }

  private static Run learned(String method, double[] labels, double... accuracy) {
    JsonObject settings = JsonObject.of(Options.parse("--tiny=true").settings(), "settings");
    Values values =
        new Values().put("labels", labels).put("accuracy", accuracy).put("nll", accuracy);
    return new Run(
        "warm start, random",
        method,
        1,
        Options.Size.TINY,
        settings,
        "none",
        "none",
        0,
        JsonObject.of(values.toMap(), "values"));
  }

  private static Run listed(long seed, double... values) {
    JsonObject settings = JsonObject.of(Options.parse("--tiny=true").settings(), "settings");
    return new Run(
        "g",
        "m",
        seed,
        Options.Size.TINY,
        settings,
        "none",
        "none",
        0,
        JsonObject.of(new Values().put("list", values).toMap(), "values"));
  }
}
