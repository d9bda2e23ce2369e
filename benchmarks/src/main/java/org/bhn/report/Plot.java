package org.bhn.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A small SVG plot: bands, lines, points and cells on labelled axes. Text only, so that the demo
 * needs neither fonts nor a graphics toolkit on the machine that runs it.
 */
public final class Plot {
  public static final String INK = "#1f2933";
  public static final String BLUE = "#1d4e89";
  public static final String RED = "#b03a2e";
  public static final String GREY = "#7b8794";

  private static final int WIDTH = 640;
  private static final int HEIGHT = 400;
  private static final int LEFT = 64;
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
  private boolean barsDrawn; // mass piles up at the left of a histogram: its legend stands right

  /** Axes with their labels and ranges. */
  public Plot(String xLabel, double x0, double x1, String yLabel, double y0, double y1) {
    this.xLabel = xLabel;
    this.yLabel = yLabel;
    this.x0 = x0;
    this.x1 = x1;
    this.y0 = y0;
    this.y1 = y1;
  }

  private double px(double x) {
    return LEFT + (x - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT);
  }

  private double py(double y) {
    return TOP + (y1 - y) / (y1 - y0) * (HEIGHT - TOP - BOTTOM);
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
    double h = (double) (HEIGHT - TOP - BOTTOM) / n;
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

  /** Bars from the bottom axis. */
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
    barsDrawn = true;
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
    String clip = "clip" + Integer.toHexString(title.hashCode());
    out.append(
        "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\" class=\"plot\">%n"
            .formatted(WIDTH, HEIGHT, Report.escape(title)));
    out.append(
        "<defs><clipPath id=\"%s\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/></clipPath></defs>%n"
            .formatted(clip, LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM));
    axes(out);
    out.append("<g clip-path=\"url(#%s)\">%n".formatted(clip));
    out.append(body).append("</g>\n");
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
    for (double t : ticks(x0, x1)) {
      out.append(
          "<line x1=\"%1$s\" x2=\"%1$s\" y1=\"%2$d\" y2=\"%3$d\" class=\"grid\"/><text x=\"%1$s\" y=\"%4$d\" class=\"tick\" text-anchor=\"middle\">%5$s</text>%n"
              .formatted(f(px(t)), TOP, HEIGHT - BOTTOM, HEIGHT - BOTTOM + 20, label(t)));
    }
    for (double t : ticks(y0, y1)) {
      out.append(
          "<line x1=\"%1$d\" x2=\"%2$d\" y1=\"%3$s\" y2=\"%3$s\" class=\"grid\"/><text x=\"%4$d\" y=\"%5$s\" class=\"tick\" text-anchor=\"end\">%6$s</text>%n"
              .formatted(LEFT, WIDTH - RIGHT, f(py(t)), LEFT - 8, f(py(t) + 5), label(t)));
    }
    out.append(
        "<text x=\"%d\" y=\"%d\" class=\"axis\" text-anchor=\"middle\">%s</text>%n"
            .formatted((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, Report.escape(xLabel)));
    out.append(
        "<text transform=\"translate(16 %d) rotate(-90)\" class=\"axis\" text-anchor=\"middle\">%s</text>%n"
            .formatted((TOP + HEIGHT - BOTTOM) / 2, Report.escape(yLabel)));
  }

  private void legend(StringBuilder out) {
    int y = TOP + 14;
    int left = barsDrawn ? WIDTH - RIGHT - 160 : LEFT;
    for (String[] entry : legend) {
      if (entry[0].equals("line")) {
        out.append(
            "<line x1=\"%d\" x2=\"%d\" y1=\"%3$d\" y2=\"%3$d\" stroke=\"%4$s\" stroke-width=\"2\" stroke-dasharray=\"%5$s\"/>"
                .formatted(left + 12, left + 36, y, entry[1], entry[2]));
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

  private static String label(double value) {
    String text = String.format(Locale.ROOT, "%.3f", value).replaceAll("\\.?0+$", "");
    return text.equals("-0") || text.isEmpty() ? "0" : text;
  }
}
