package org.bhn.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Where marks land, in the units of the drawing: 84 to 624 across, 344 to 16 up. */
class PlotTest {
  private static double attribute(String svg, String pattern) {
    Matcher m = Pattern.compile(pattern).matcher(svg);
    assertTrue(m.find(), svg);
    return Double.parseDouble(m.group(1));
  }

  @Test
  void aContourOfACircleLiesOnIt() {
    int n = 60;
    double[][] field = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        field[i][j] = Math.hypot(i - 30, j - 28);
      }
    }
    List<double[]> segments = Contours.segments(field, 20);
    double length = 0;
    for (double[] s : segments) {
      assertEquals(20, Math.hypot(s[0] - 30, s[1] - 28), 0.02);
      length += Math.hypot(s[2] - s[0], s[3] - s[1]);
    }
    assertEquals(2 * Math.PI * 20, length, 0.2);
    assertTrue(Contours.segments(field, 1000).isEmpty());
  }

  @Test
  void aLogarithmicAxisPutsDecadesAtEqualDistances() {
    String svg =
        new Plot("x", 0.01, 1, "y", 0, 1)
            .logX()
            .points(new double[] {0.1}, new double[] {0.5}, 2, Plot.BLUE, 1, "")
            .svg("t");
    assertEquals(354, attribute(svg, "cx=\"([0-9.]+)\""), 0.11);
    for (String label : List.of(">0.01<", ">0.1<", ">1<")) {
      assertTrue(svg.contains(label), label);
    }
    assertThrows(IllegalArgumentException.class, () -> new Plot("x", 0, 1, "y", 0, 1).logX());
  }

  @Test
  void aBoxSpansTheQuartilesAndItsWhiskersTheRest() {
    String svg =
        new Plot("x", -1, 1, "y", 0, 8)
            .categories(List.of())
            .box(0, new double[] {0, 8, 2, 4, 6}, Plot.INK)
            .svg("t");
    double unit = (344 - 16) / 8.0;
    assertEquals(
        344 - 6 * unit, attribute(svg, "<rect x=\"[0-9.]+\" y=\"([0-9.]+)\" width=\"52"), 0.11);
    assertEquals(4 * unit, attribute(svg, "width=\"52.0\" height=\"([0-9.]+)\""), 0.11);
    assertTrue(svg.contains("M354.0 344.0V"), svg);
  }

  @Test
  void anEmptyAxisIsRefusedByItsRange() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> new Plot("x", 1, 1, "y", 0, 1))
            .getMessage();
    assertTrue(message.contains("x in [1.0, 1.0]"), message);
  }

  @Test
  void pairsShowEveryCorrelation() {
    double[] a = {1, 2, 3, 4};
    double[] b = {2, 4, 6, 8};
    double[] c = {1, -1, -1, 1};
    String svg = new PairsPlot(List.of("a", "b", "c"), new double[][] {a, b, c}).svg("t");
    assertEquals(1, svg.split("r = 1.00", -1).length - 1);
    assertEquals(2, svg.split("r = -?0.00", -1).length - 1);
    assertEquals(12, svg.split("<circle", -1).length - 1);
    assertThrows(
        IllegalArgumentException.class, () -> new PairsPlot(List.of("a"), new double[][] {a, b}));
  }
}
