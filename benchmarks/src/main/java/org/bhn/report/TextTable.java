package org.bhn.report;

import java.util.List;

/** A table for a terminal: the first column to the left, the others to the right. */
public final class TextTable {
  private TextTable() {}

  /** The rows as indented lines, each ended; the first row is the head. */
  public static String of(List<String[]> rows) {
    int[] width = new int[rows.getFirst().length];
    for (String[] row : rows) {
      for (int i = 0; i < row.length; i++) {
        width[i] = Math.max(width[i], row[i].length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (String[] row : rows) {
      StringBuilder line = new StringBuilder("  ");
      for (int i = 0; i < row.length; i++) {
        String gap = " ".repeat(width[i] - row[i].length());
        line.append(i == 0 ? row[i] + gap : gap + row[i]).append("   ");
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }
}
