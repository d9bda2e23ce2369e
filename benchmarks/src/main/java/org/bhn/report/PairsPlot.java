package org.bhn.report;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Every quantity against every other: histograms on the diagonal, scatter below it, Pearson's r
 * above.
 */
public final class PairsPlot {
  private static final int SIDE = 640;
  private static final int MARGIN = 40;
  private static final int GAP = 6;
  private static final int BINS = 24;

  private final List<String> names;
  private final double[][] columns;
  private final double cell;

  /**
   * Of some quantities.
   *
   * @param names one for each
   * @param columns {@code [quantities][n]}, two or more, each with some spread
   */
  public PairsPlot(List<String> names, double[][] columns) {
    if (names.size() != columns.length || columns.length < 2) {
      throw new IllegalArgumentException(
          "%d names for %d columns: pass one name each, two or more"
              .formatted(names.size(), columns.length));
    }
    this.names = List.copyOf(names);
    this.columns = columns.clone();
    this.cell = (double) (SIDE - MARGIN) / columns.length;
  }

  /** The plot as an SVG element. */
  public String svg(String title) {
    StringBuilder out = new StringBuilder();
    out.append(
        "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\" class=\"plot\">%n"
            .formatted(SIDE, SIDE, Report.escape(title)));
    for (int row = 0; row < columns.length; row++) {
      for (int column = 0; column < columns.length; column++) {
        double x = MARGIN + column * cell + GAP / 2.0;
        double y = row * cell + GAP / 2.0;
        double side = cell - GAP;
        out.append(
            "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"none\" class=\"grid\"/>"
                .formatted(f(x), f(y), f(side), f(side)));
        if (row == column) {
          histogram(out, columns[row], x, y, side);
        } else if (row > column) {
          scatter(out, columns[column], columns[row], x, y, side);
        } else {
          out.append(
              "<text x=\"%s\" y=\"%s\" class=\"axis\" text-anchor=\"middle\">r = %.2f</text>"
                  .formatted(
                      f(x + side / 2),
                      f(y + side / 2 + 5),
                      correlation(columns[row], columns[column])));
        }
      }
      names(out, row);
    }
    return out.append("</svg>\n").toString();
  }

  private void names(StringBuilder out, int i) {
    double middle = (i + 0.5) * cell;
    String name = Report.escape(names.get(i));
    out.append(
        "<text x=\"%s\" y=\"%d\" class=\"tick\" text-anchor=\"middle\">%s</text>"
            .formatted(f(MARGIN + middle), SIDE - 14, name));
    out.append(
        "<text transform=\"translate(22 %s) rotate(-90)\" class=\"tick\" text-anchor=\"middle\">%s</text>%n"
            .formatted(f(middle), name));
  }

  private static void histogram(StringBuilder out, double[] v, double x, double y, double side) {
    double low = Arrays.stream(v).min().orElseThrow();
    double high = Arrays.stream(v).max().orElseThrow();
    int[] count = new int[BINS];
    for (double value : v) {
      count[Math.clamp((int) (BINS * (value - low) / (high - low)), 0, BINS - 1)]++;
    }
    int most = Arrays.stream(count).max().orElseThrow();
    for (int b = 0; b < BINS; b++) {
      double height = 0.92 * side * count[b] / most;
      out.append(
          "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"%s\" fill-opacity=\"0.6\"/>"
              .formatted(
                  f(x + b * side / BINS),
                  f(y + side - height),
                  f(side / BINS),
                  f(height),
                  Plot.BLUE));
    }
  }

  private static void scatter(
      StringBuilder out, double[] a, double[] b, double x, double y, double side) {
    double low = Arrays.stream(a).min().orElseThrow();
    double width = Arrays.stream(a).max().orElseThrow() - low;
    double bottom = Arrays.stream(b).min().orElseThrow();
    double height = Arrays.stream(b).max().orElseThrow() - bottom;
    out.append("<g fill=\"%s\" fill-opacity=\"0.35\">".formatted(Plot.BLUE));
    for (int i = 0; i < a.length; i++) {
      out.append(
          "<circle cx=\"%s\" cy=\"%s\" r=\"1.5\"/>"
              .formatted(
                  f(x + (0.03 + 0.94 * (a[i] - low) / width) * side),
                  f(y + (0.97 - 0.94 * (b[i] - bottom) / height) * side)));
    }
    out.append("</g>");
  }

  /** Pearson's correlation. */
  public static double correlation(double[] a, double[] b) {
    double meanA = Arrays.stream(a).average().orElseThrow();
    double meanB = Arrays.stream(b).average().orElseThrow();
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (a[i] - meanA) * (b[i] - meanB);
      aa += (a[i] - meanA) * (a[i] - meanA);
      bb += (b[i] - meanB) * (b[i] - meanB);
    }
    return ab / Math.sqrt(aa * bb);
  }

  private static String f(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
