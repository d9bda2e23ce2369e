package org.bhn.train;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Shows a training's progress, rate and time left in one line of a terminal. */
public final class ProgressBar implements Listener {
  private static final int WIDTH = 24;
  private static final long REDRAW_NANOS = 100_000_000;

  private final PrintStream out;
  private final boolean live;
  private long start;
  private long drawn;
  private long steps;
  private int first;
  private int epochs = 1;
  private Epoch last;

  private ProgressBar(PrintStream out, boolean live) {
    this.out = out;
    this.live = live;
  }

  /**
   * On standard error; quiet when that is not a terminal, and, where the system does not say what
   * it is, when standard input and output are none.
   */
  public static ProgressBar stderr() {
    return new ProgressBar(System.err, isTerminal());
  }

  private static boolean isTerminal() {
    try {
      String device = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
      return device.startsWith("/dev/pts/")
          || device.startsWith("/dev/tty")
          || device.equals("/dev/console");
    } catch (IOException | UnsupportedOperationException e) {
      return System.console() != null && System.console().isTerminal();
    }
  }

  /** On the given stream, terminal or not. */
  public static ProgressBar always(PrintStream out) {
    return new ProgressBar(out, true);
  }

  @Override
  public void onStart(int epoch, int of) {
    start = System.nanoTime();
    drawn = start;
    steps = 0;
    first = epoch;
    epochs = of;
    last = null;
  }

  @Override
  public void onStep(int epoch, int step, int stepsPerEpoch) {
    if (!live) {
      return;
    }
    long now = System.nanoTime();
    steps++;
    if (now - drawn >= REDRAW_NANOS) {
      drawn = now;
      draw(epoch + (double) (step + 1) / stepsPerEpoch, now);
    }
  }

  @Override
  public void onEpoch(Epoch epoch) {
    last = epoch;
  }

  @Override
  public void onEnd() {
    if (live && steps > 0) {
      draw(last == null ? first : last.epoch() + 1, System.nanoTime());
      out.println();
    }
  }

  private void draw(double done, long now) {
    double seconds = Math.max(1e-9, (now - start) * 1e-9);
    double share = Math.min(1, done / epochs);
    int filled = (int) (share * WIDTH);
    String bar = "#".repeat(filled) + ".".repeat(WIDTH - filled);
    // A resumed training has not taken the time of the epochs before it.
    double left = done > first ? seconds * (epochs - done) / (done - first) : 0;
    String loss =
        last == null
            ? ""
            : String.format(Locale.ROOT, "log-lik %.4f", last.logLikelihood())
                + (Double.isNaN(last.validationLogLik())
                    ? ""
                    : String.format(Locale.ROOT, ", validation %.4f", last.validationLogLik()));
    out.printf(
        Locale.ROOT,
        "\r[%s] %5.1f %%  %.0f steps/s  %.0f s left  %s   ",
        bar,
        100 * share,
        steps / seconds,
        left,
        loss);
    out.flush();
  }
}
