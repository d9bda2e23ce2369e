package org.bhn.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A small SVG plot: bands, lines, points, boxes, contours and cells on labelled axes. Text only, so
 * that the demo needs neither fonts nor a graphics toolkit on the machine that runs it.
 */
public final class Plot {
  public static final String INK = "#1f2933";
  public static final String BLUE = "#1d4e89";
  public static final String RED = "#b03a2e";
  public static final String GREY = "#7b8794";

  /** Dashes that tell six lines apart in grey. */
  public static final List<String> DASHES = List.of("", "8 4", "2 3", "10 3 2 3", "5 5", "1 4");

  /** Colours whose greys differ too. */
  public static final List<String> COLORS = List.of(BLUE, RED, INK, "#c98a1b", "#4b8f8c", GREY);

  private static final int WIDTH = 640;
  private static final int LEFT = 84;
  private static final int RIGHT = 16;
  private static final int TOP = 16;
  private static final int BOTTOM = 56;

  private final double x0;
  private final double x1;
  private final double y0;
  private final double y1;
  private final String xLabel;
  private final String yLabel;
  private final StringBuilder body = new StringBuilder();
  private final List<String[]> legend = new ArrayList<>();
  private final int height;
  private List<String> categories = List.of();
  private boolean logX;
  private int legendLeft = LEFT;
  private boolean legendBelow;

  /** Axes with their labels and ranges. */
  public Plot(String xLabel, double x0, double x1, String yLabel, double y0, double y1) {
    this(400, xLabel, x0, x1, yLabel, y0, y1);
  }

  private Plot(
      int height, String xLabel, double x0, double x1, String yLabel, double y0, double y1) {
    if (!(x0 < x1 && y0 < y1)) {
      throw new IllegalArgumentException(
          "x in [%s, %s], y in [%s, %s]: each axis needs a range".formatted(x0, x1, y0, y1));
    }
    this.height = height;
    this.xLabel = xLabel;
    this.yLabel = yLabel;
    this.x0 = x0;
    this.x1 = x1;
    this.y0 = y0;
    this.y1 = y1;
  }

  /** Axes of equal length, for two quantities of one kind. */
  public static Plot square(String xLabel, String yLabel, double low, double high) {
    int side = WIDTH - LEFT - RIGHT + TOP + BOTTOM;
    return new Plot(side, xLabel, low, high, yLabel, low, high);
  }

  /** Names in place of numbers on the x axis, at 0, 1, 2 and so on. */
  public Plot categories(List<String> names) {
    categories = List.copyOf(names);
    return this;
  }

  /** The legend at the right, so wide: for curves that fall. */
  public Plot legendRight(int pixels) {
    legendLeft = WIDTH - RIGHT - pixels;
    return this;
  }

  /** The legend at the bottom: for curves that stay up. */
  public Plot legendBelow() {
    legendBelow = true;
    return this;
  }

  /** A logarithmic x axis; x0 must be positive. To be called before anything is drawn. */
  public Plot logX() {
    if (!(x0 > 0)) {
      throw new IllegalArgumentException("x0 = " + x0 + ": a logarithmic axis needs x0 > 0");
    }
    logX = true;
    return this;
  }

  private double px(double x) {
    double share = logX ? Math.log(x / x0) / Math.log(x1 / x0) : (x - x0) / (x1 - x0);
    return LEFT + share * (WIDTH - LEFT - RIGHT);
  }

  private double py(double y) {
    return TOP + (y1 - y) / (y1 - y0) * (height - TOP - BOTTOM);
  }

  private static String f(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  /** Adds a filled band between two curves. */
  public Plot band(double[] x, double[] low, double[] high, String color, double opacity) {
    StringBuilder path = new StringBuilder("M");
    for (int i = 0; i < x.length; i++) {
      path.append(f(px(x[i]))).append(' ').append(f(py(high[i]))).append(' ');
    }
    for (int i = x.length - 1; i >= 0; i--) {
      path.append(f(px(x[i]))).append(' ').append(f(py(low[i]))).append(' ');
    }
    body.append(
        "<path d=\"%sZ\" fill=\"%s\" fill-opacity=\"%s\"/>%n"
            .formatted(path, color, String.valueOf(opacity)));
    return this;
  }

  /** Adds a line through the points. */
  public Plot line(double[] x, double[] y, String color, String dash, String name) {
    StringBuilder path = new StringBuilder("M");
    for (int i = 0; i < x.length; i++) {
      path.append(f(px(x[i]))).append(' ').append(f(py(y[i]))).append(' ');
    }
    body.append(
        "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\"/>%n"
            .formatted(path.toString().trim(), color, dash));
    return named("line", color, dash, name);
  }

  /** Adds a dot at each point. */
  public Plot points(
      double[] x, double[] y, double radius, String color, double opacity, String name) {
    body.append("<g fill=\"%s\" fill-opacity=\"%s\">".formatted(color, String.valueOf(opacity)));
    for (int i = 0; i < x.length; i++) {
      if (x[i] >= x0 && x[i] <= x1 && y[i] >= y0 && y[i] <= y1) {
        body.append(
            "<circle cx=\"%s\" cy=\"%s\" r=\"%s\"/>"
                .formatted(f(px(x[i])), f(py(y[i])), String.valueOf(radius)));
      }
    }
    body.append("</g>\n");
    return named("point", color, "", name);
  }

  /** Shades cells by value, darkest at the largest; {@code cells[i][j]} is x cell i, y cell j. */
  public Plot cells(double[][] cells, String color) {
    double most = 0;
    for (double[] row : cells) {
      for (double v : row) {
        most = Math.max(most, v);
      }
    }
    int n = cells.length;
    double w = (double) (WIDTH - LEFT - RIGHT) / n;
    double h = (double) (height - TOP - BOTTOM) / n;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double share = cells[i][j] / most;
        if (share > 0.004) {
          body.append(
              "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"%s\" fill-opacity=\"%s\"/>"
                  .formatted(
                      f(LEFT + i * w),
                      f(TOP + (n - 1 - j) * h),
                      f(w + 0.3),
                      f(h + 0.3),
                      color,
                      String.format(Locale.ROOT, "%.3f", Math.sqrt(share))));
        }
      }
    }
    return this;
  }

  /** Adds a cross at each point. */
  public Plot crosses(double[] x, double[] y, double size, String color, String name) {
    StringBuilder path = new StringBuilder();
    for (int i = 0; i < x.length; i++) {
      if (x[i] >= x0 && x[i] <= x1 && y[i] >= y0 && y[i] <= y1) {
        double cx = px(x[i]);
        double cy = py(y[i]);
        for (int way : new int[] {1, -1}) {
          path.append(
              "M%s %sL%s %s"
                  .formatted(f(cx - size), f(cy - way * size), f(cx + size), f(cy + way * size)));
        }
      }
    }
    body.append("<path d=\"%s\" stroke=\"%s\" stroke-width=\"1.6\"/>%n".formatted(path, color));
    return named("cross", color, "", name);
  }

  /** Adds lines of equal height of a field of square cells over the whole plot. */
  public Plot contours(double[][] field, double[] levels, String color, String dash, String name) {
    double w = (x1 - x0) / field.length;
    double h = (y1 - y0) / field[0].length;
    StringBuilder path = new StringBuilder();
    for (double level : levels) {
      for (double[] s : Contours.segments(field, level)) {
        path.append(
            "M%s %sL%s %s"
                .formatted(
                    f(px(x0 + (s[0] + 0.5) * w)),
                    f(py(y0 + (s[1] + 0.5) * h)),
                    f(px(x0 + (s[2] + 0.5) * w)),
                    f(py(y0 + (s[3] + 0.5) * h))));
      }
    }
    body.append(
        "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.8\" stroke-dasharray=\"%s\"/>%n"
            .formatted(path, color, dash));
    return named("line", color, dash, name);
  }

  /**
   * Adds a box from quartile to quartile with its median, whiskers to the extremes, and all values.
   */
  public Plot box(double x, double[] values, String color) {
    double[] v = values.clone();
    Arrays.sort(v);
    double half = 26;
    double c = px(x);
    double low = py(quantile(v, 0.25));
    double high = py(quantile(v, 0.75));
    body.append(
        "<g stroke=\"%s\" stroke-width=\"2\" fill=\"none\">".formatted(color)
            + "<path d=\"M%1$s %2$sV%3$sM%1$s %4$sV%5$s\"/>"
                .formatted(f(c), f(py(v[0])), f(low), f(high), f(py(v[v.length - 1])))
            + "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"%s\" fill-opacity=\"0.15\"/>"
                .formatted(f(c - half), f(high), f(2 * half), f(Math.max(1, low - high)), color)
            + "<path d=\"M%s %sh%s\" stroke-width=\"4\"/></g>%n"
                .formatted(f(c - half), f(py(quantile(v, 0.5))), f(2 * half)));
    double[] at = new double[v.length];
    Arrays.fill(at, x);
    return points(at, v, 3, color, 0.8, "");
  }

  private static double quantile(double[] sorted, double p) {
    double at = p * (sorted.length - 1);
    int i = Math.min(sorted.length - 1, (int) at);
    int j = Math.min(sorted.length - 1, i + 1);
    return sorted[i] + (at - i) * (sorted[j] - sorted[i]);
  }

  /** Adds a bar from low to high at each x. */
  public Plot errors(double[] x, double[] low, double[] high, String color) {
    StringBuilder path = new StringBuilder();
    for (int i = 0; i < x.length; i++) {
      path.append("M%s %sV%s".formatted(f(px(x[i])), f(py(low[i])), f(py(high[i]))));
    }
    body.append("<path d=\"%s\" stroke=\"%s\" stroke-width=\"2\"/>%n".formatted(path, color));
    return this;
  }

  /** Adds upright bars. */
  public Plot bars(
      double[] centre, double[] value, double width, String color, double opacity, String name) {
    for (int i = 0; i < centre.length; i++) {
      if (value[i] > 0) {
        body.append(
            "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"%s\" fill-opacity=\"%s\"/>"
                .formatted(
                    f(px(centre[i] - width / 2)),
                    f(py(value[i])),
                    f(px(width) - px(0)),
                    f(py(y0) - py(value[i])),
                    color,
                    String.valueOf(opacity)));
      }
    }
    // Mass piles up at the left of a histogram.
    legendLeft = WIDTH - RIGHT - 160;
    return named("point", color, "", name);
  }

  private Plot named(String kind, String color, String dash, String name) {
    if (!name.isEmpty()) {
      legend.add(new String[] {kind, color, dash, name});
    }
    return this;
  }

  /** The plot as an SVG element. */
  public String svg(String title) {
    StringBuilder out = new StringBuilder();
    out.append(
        "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\" class=\"plot\">%n"
            .formatted(WIDTH, height, Report.escape(title)));
    axes(out);
    // An inner picture cuts off what lies outside the axes, without names that a page must not
    // repeat.
    out.append(
        "<svg x=\"%1$d\" y=\"%2$d\" width=\"%3$d\" height=\"%4$d\" viewBox=\"%1$d %2$d %3$d %4$d\">%n"
            .formatted(LEFT, TOP, WIDTH - LEFT - RIGHT, height - TOP - BOTTOM));
    out.append(body).append("</svg>\n");
    legend(out);
    return out.append("</svg>\n").toString();
  }

  /** The plot as a file of its own. */
  public String file(String title) {
    String style =
        "<style>text{font:15px sans-serif;fill:#1f2933}.grid{stroke:#dde1e6;stroke-width:1}"
            + ".halo{paint-order:stroke;stroke:#fff;stroke-width:4px}</style>"
            + "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>";
    String svg = svg(title).replaceFirst("<svg ", "<svg xmlns=\"http://www.w3.org/2000/svg\" ");
    int body = svg.indexOf('>') + 1;
    return svg.substring(0, body) + style + svg.substring(body);
  }

  private void axes(StringBuilder out) {
    for (int i = 0; i < categories.size(); i++) {
      xTick(out, i, categories.get(i));
    }
    for (double t : categories.isEmpty() ? logX ? decades(x0, x1) : ticks(x0, x1) : new double[0]) {
      xTick(out, t, label(t));
    }
    for (double t : ticks(y0, y1)) {
      out.append(
          "<line x1=\"%1$d\" x2=\"%2$d\" y1=\"%3$s\" y2=\"%3$s\" class=\"grid\"/><text x=\"%4$d\" y=\"%5$s\" class=\"tick\" text-anchor=\"end\">%6$s</text>%n"
              .formatted(LEFT, WIDTH - RIGHT, f(py(t)), LEFT - 8, f(py(t) + 5), label(t)));
    }
    out.append(
        "<text x=\"%d\" y=\"%d\" class=\"axis\" text-anchor=\"middle\">%s</text>%n"
            .formatted((LEFT + WIDTH - RIGHT) / 2, height - 12, Report.escape(xLabel)));
    out.append(
        "<text transform=\"translate(16 %d) rotate(-90)\" class=\"axis\" text-anchor=\"middle\">%s</text>%n"
            .formatted((TOP + height - BOTTOM) / 2, Report.escape(yLabel)));
  }

  private void xTick(StringBuilder out, double x, String text) {
    out.append(
        "<line x1=\"%1$s\" x2=\"%1$s\" y1=\"%2$d\" y2=\"%3$d\" class=\"grid\"/><text x=\"%1$s\" y=\"%4$d\" class=\"tick\" text-anchor=\"middle\">%5$s</text>%n"
            .formatted(f(px(x)), TOP, height - BOTTOM, height - BOTTOM + 20, Report.escape(text)));
  }

  private void legend(StringBuilder out) {
    int y = legendBelow ? height - BOTTOM - 20 * legend.size() + 6 : TOP + 14;
    int left = legendLeft;
    for (String[] entry : legend) {
      if (entry[0].equals("line")) {
        out.append(
            "<line x1=\"%d\" x2=\"%d\" y1=\"%3$d\" y2=\"%3$d\" stroke=\"%4$s\" stroke-width=\"2\" stroke-dasharray=\"%5$s\"/>"
                .formatted(left + 12, left + 36, y, entry[1], entry[2]));
      } else if (entry[0].equals("cross")) {
        out.append(
            "<path d=\"M%d %dl10 10m0 -10l-10 10\" stroke=\"%s\" stroke-width=\"2\"/>"
                .formatted(left + 19, y - 5, entry[1]));
      } else {
        out.append(
            "<circle cx=\"%d\" cy=\"%d\" r=\"5\" fill=\"%s\"/>".formatted(left + 24, y, entry[1]));
      }
      out.append(
          "<text x=\"%d\" y=\"%d\" class=\"tick halo\">%s</text>%n"
              .formatted(left + 44, y + 5, Report.escape(entry[3])));
      y += 20;
    }
  }

  private static double[] ticks(double low, double high) {
    double raw = (high - low) / 6;
    double power = Math.pow(10, Math.floor(Math.log10(raw)));
    double step = power;
    for (double m : new double[] {1, 2, 5, 10}) {
      if (m * power >= raw) {
        step = m * power;
        break;
      }
    }
    int first = (int) Math.ceil(low / step - 1e-9);
    int last = (int) Math.floor(high / step + 1e-9);
    double[] out = new double[last - first + 1];
    for (int i = 0; i < out.length; i++) {
      out[i] = (first + i) * step;
    }
    return out;
  }

  private static double[] decades(double low, double high) {
    int first = (int) Math.ceil(Math.log10(low) - 1e-9);
    int last = (int) Math.floor(Math.log10(high) + 1e-9);
    double[] out = new double[Math.max(0, last - first + 1)];
    for (int i = 0; i < out.length; i++) {
      out[i] = Math.pow(10, first + i);
    }
    return out;
  }

  private static String label(double value) {
    String text = String.format(Locale.ROOT, "%.4f", value).replaceAll("\\.?0+$", "");
    return text.equals("-0") || text.isEmpty() ? "0" : text;
  }
}
