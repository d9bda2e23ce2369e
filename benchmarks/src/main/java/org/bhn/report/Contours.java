package org.bhn.report;

import java.util.ArrayList;
import java.util.List;

/** Lines of equal height of a field on a grid, by marching squares. */
final class Contours {
  private Contours() {}

  /**
   * Segments {@code {x, y, x', y'}} of one level, in units of cells. A saddle is cut as two
   * corners.
   *
   * @param field {@code [i][j]}, the value at x = i, y = j
   */
  static List<double[]> segments(double[][] field, double level) {
    List<double[]> out = new ArrayList<>();
    for (int i = 0; i + 1 < field.length; i++) {
      for (int j = 0; j + 1 < field[i].length; j++) {
        double[] corner = {field[i][j], field[i + 1][j], field[i + 1][j + 1], field[i][j + 1]};
        double[][] cuts = new double[4][];
        int count = 0;
        for (int side = 0; side < 4; side++) {
          double from = corner[side];
          double to = corner[(side + 1) % 4];
          if ((from < level) != (to < level)) {
            double t = (level - from) / (to - from);
            cuts[count++] = point(i, j, side, t);
          }
        }
        for (int c = 0; c + 1 < count; c += 2) {
          out.add(new double[] {cuts[c][0], cuts[c][1], cuts[c + 1][0], cuts[c + 1][1]});
        }
      }
    }
    return out;
  }

  /** The point at share t of a side; sides run round the cell from (i, j). */
  private static double[] point(int i, int j, int side, double t) {
    return switch (side) {
      case 0 -> new double[] {i + t, j};
      case 1 -> new double[] {i + 1, j + t};
      case 2 -> new double[] {i + 1 - t, j + 1};
      default -> new double[] {i, j + 1 - t};
    };
  }
}
