package org.bhn.paper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bhn.report.Report;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Resumption, choice of results, options, and intervals, on an experiment that costs nothing. */
class FrameworkTest {
  @TempDir Path directory;

  /** Squares of seeds; dies at one of them. */
  private static final class Squares implements Experiment {
    private final List<Long> ran = new ArrayList<>();
    private long deadly = -1;
    private double factor = 1;

    @Override
    public String name() {
      return "squares";
    }

    @Override
    public String title() {
      return "Squares";
    }

    @Override
    public String what() {
      return "Nothing of interest.";
    }

    @Override
    public List<Unit> units(Options options) {
      List<Unit> units = new ArrayList<>();
      for (long seed : options.seedsOr(4)) {
        Map<String, Object> settings = options.settings();
        settings.put("factor", factor);
        units.add(new Unit("g", seed % 2 == 0 ? "even" : "odd", seed, settings, b -> run(seed)));
      }
      return units;
    }

    private Values run(long seed) throws IOException {
      if (seed == deadly) {
        throw new IOException("killed");
      }
      ran.add(seed);
      return new Values()
          .put("square", factor * seed * seed)
          .put("list", new double[] {seed, 1e-30, Double.POSITIVE_INFINITY});
    }

    @Override
    public void report(Report page, Runs runs) {
      List<String[]> rows = new ArrayList<>();
      rows.add(new String[] {"method", "square", "extent"});
      for (String method : runs.methods()) {
        Runs by = runs.by(method);
        rows.add(new String[] {method, by.stat("square").text(2), by.extent()});
      }
      page.table(rows);
    }
  }

  private Options options(String... more) {
    List<String> args =
        new ArrayList<>(List.of("--name=squares", "--backend=java", "--out=" + directory));
    args.addAll(List.of(more));
    return Options.parse(args.toArray(String[]::new));
  }

  private String run(Squares squares, String... more) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Experiments.run(squares, options(more), new PrintStream(bytes, true, StandardCharsets.UTF_8));
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static String table(String printed) {
    return printed.substring(printed.indexOf("  method"));
  }

  @Test
  void aRunThatWasKilledGoesOnAndGivesTheSameTable() throws IOException {
    Squares whole = new Squares();
    String expected = table(run(whole, "--out=" + directory.resolve("other")));
    assertEquals(List.of(1L, 2L, 3L, 4L), whole.ran);

    Squares squares = new Squares();
    squares.deadly = 3;
    assertThrows(IOException.class, () -> run(squares));
    assertEquals(List.of(1L, 2L), squares.ran);
    squares.deadly = -1;
    String again = run(squares);
    assertEquals(List.of(1L, 2L, 3L, 4L), squares.ran);
    assertTrue(again.startsWith("squares: 2 of 4 units"), again);
    assertEquals(expected, table(again));

    run(squares);
    assertEquals(4, squares.ran.size());
  }

  @Test
  void changedSettingsAreRunAgainAndReplaceTheOldValues() throws IOException {
    Squares squares = new Squares();
    run(squares, "--seeds=5");
    squares.factor = 2;
    Runs runs = Experiments.run(squares, options("--seeds=5,6"), System.out);
    assertEquals(List.of(5L, 5L, 6L), squares.ran);
    assertEquals(50, runs.list().get(0).number("square"));
    assertEquals(2, new Store(squares, options()).runs().size());
  }

  @Test
  void listsSurviveTheFileAndOnlyChosenUnitsRun() throws IOException {
    Squares squares = new Squares();
    Runs runs = Experiments.run(squares, options("--only=even / 4"), System.out);
    assertEquals(List.of(4L), squares.ran);
    double[] list = runs.list().getFirst().numbers("list");
    assertEquals(4, list[0]);
    assertEquals(1e-30, list[1]);
    assertEquals(Double.POSITIVE_INFINITY, list[2]);
    assertEquals("fixed", runs.list().getFirst().settings().string("mode"));
  }

  @Test
  void thePageSaysWhatWasRunAndWhatWasNot() throws IOException {
    Squares squares = new Squares();
    Path file = directory.resolve("page.html");
    PaperReport.write(List.of(squares), options("--page=" + file));
    assertTrue(Files.readString(file).contains("Not run yet: -Dname=squares"));

    run(squares, "--full=true", "--only=odd");
    PaperReport.write(List.of(squares), options("--page=" + file));
    String page = Files.readString(file);
    assertTrue(page.contains("Not run in full: 2 of 4 units (g: even)"), page);
    assertTrue(page.contains("2 seeds, full, fixed"), page);

    run(squares, "--full=true", "--mode=paper");
    PaperReport.write(List.of(squares), options("--page=" + file));
    page = Files.readString(file);
    assertTrue(page.contains("With the published settings"), page);
    assertTrue(page.contains("Everything was run in full."), page);
  }

  @Test
  void aGroupIsShownAtOneSizeFullAsSoonAsThatComparesTwo() throws IOException {
    Squares squares = new Squares();
    run(squares);
    run(squares, "--full=true", "--only=odd");
    Runs quick = new Store(squares, options()).runs();
    Runs full = new Store(squares, options("--full=true")).runs();
    assertEquals(quick, Runs.best(quick, full));
    run(squares, "--full=true");
    full = new Store(squares, options("--full=true")).runs();
    assertEquals(full, Runs.best(quick, full));
  }

  @Test
  void intervalsFollowStudent() {
    Stat stat = Stat.of(1, 2, 3, 4);
    assertEquals(2.5, stat.mean());
    assertEquals(Math.sqrt(5 / 3.0), stat.std(), 1e-15);
    assertEquals(3.182 * stat.std() / 2, stat.halfWidth(), 1e-12);
    assertEquals("2.50 ± 2.05", stat.text(2));
    assertEquals("7.0", Stat.of(7).text(1));
    assertEquals("–", Stat.of().text(1));
    // Tabulated quantiles, for instance Abramowitz and Stegun, table 26.10.
    assertEquals(2.228, Stat.quantile(10), 1e-3);
    assertEquals(2.093, Stat.quantile(19), 1e-3);
    assertEquals(1.984, Stat.quantile(100), 1e-3);
  }

  @Test
  void wrongOptionsAreNamed() {
    for (String wrong :
        new String[] {
          "--speed=1",
          "--quick",
          "--mode=loud",
          "--seeds=a",
          "--backend=tpu",
          "--labels=b",
          "--full=yes",
          "--only=["
        }) {
      String message =
          assertThrows(IllegalArgumentException.class, () -> Options.parse(wrong)).getMessage();
      assertTrue(message.startsWith(wrong.split("=")[0]), message);
    }
    assertThrows(
        IllegalArgumentException.class, () -> Options.parse("--quick=true", "--full=true"));
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> Experiments.main(new String[] {"--name=nothing"}))
            .getMessage();
    assertTrue(message.contains("nothing") && message.contains("toy-regression"), message);
    assertThrows(IllegalArgumentException.class, () -> new Values().put("a", 1).put("a", 2));
  }
}
