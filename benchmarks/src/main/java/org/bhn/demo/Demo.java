package org.bhn.demo;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.data.DataException;
import org.bhn.paper.Options;
import org.bhn.report.Machine;
import org.bhn.report.Report;
import org.bhn.report.TextTable;

/**
 * Trains Bayesian hypernetworks on a curve, on y = a·b·x and on digits; prints what they know and
 * writes a page with the pictures.
 *
 * <p>Options, each {@code --name=value}, empty for the default: data (directory with MNIST; without
 * it digits are drawn), report (bhn-report.html), quick (true: seconds, and results to match).
 */
public final class Demo {
  private final PrintStream out;
  private final boolean quick;

  private Demo(PrintStream out, boolean quick) {
    this.out = out;
    this.quick = quick;
  }

  /** Runs the demo. */
  public static void main(String[] args) throws IOException {
    Optional<Path> data = Optional.empty();
    Path report = Path.of("bhn-report.html");
    boolean quick = false;
    for (String arg : args) {
      String[] parts = arg.split("=", 2);
      if (parts.length == 2 && parts[1].isEmpty()) {
        continue;
      }
      switch (parts[0]) {
        case "--data" -> data = Optional.of(Path.of(value(parts)));
        case "--report" -> report = Path.of(value(parts));
        case "--quick" -> quick = Options.flag("quick", value(parts));
        default ->
            throw new IllegalArgumentException(
                arg + ": options are --data=DIR --report=FILE --quick=true");
      }
    }
    Path folder = report.toAbsolutePath().getParent();
    if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
      throw new IllegalArgumentException(
          "--report=" + report + ": " + folder + " is no folder that can be written to");
    }
    try {
      new Demo(System.out, quick).run(new Digits(data, quick), report);
    } catch (DataException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }

  private static String value(String[] parts) {
    if (parts.length != 2) {
      throw new IllegalArgumentException(parts[0] + ": write " + parts[0] + "=value");
    }
    return parts[1];
  }

  private void run(Digits digits, Path file) throws IOException {
    long start = System.nanoTime();
    try (Backend backend = Backends.best()) {
      String machine = Machine.describe(backend);
      out.println(machine);
      Report report =
          new Report()
              .title("What a Bayesian hypernetwork knows, and what it knows it does not", machine)
              .text(
                  "A Bayesian hypernetwork turns noise into the weights of another network. Each"
                      + " draw is one network that could have produced the data; where the draws"
                      + " disagree, the model does not know.");

      Curves curves = new Curves(quick);
      curves.run(backend);
      section("1. A curve: three ways to hold weights", curves.table(), start);
      curves.report(report);

      Modes modes = new Modes(quick);
      modes.run(backend);
      section("2. y = a·b·x: two modes", modes.table(), start);
      modes.report(report);

      digits.run(backend);
      section("3. Digits: " + digits.source(), digits.tables().get(0), start);
      section("   What is no digit", digits.tables().get(1), start);
      out.println(digits.reloaded());
      digits.report(report);

      report.small(
          String.format(Locale.ROOT, "All of it took %.0f s.", (System.nanoTime() - start) * 1e-9));
      report.write(file);
    }
    out.printf("%nThe pictures: %s%n", file.toAbsolutePath());
  }

  private void section(String title, List<String[]> rows, long start) {
    out.printf(Locale.ROOT, "%n%s  (after %.0f s)%n", title, (System.nanoTime() - start) * 1e-9);
    out.print(TextTable.of(rows));
  }
}
