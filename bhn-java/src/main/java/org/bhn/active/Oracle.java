package org.bhn.active;

/** Who knows the labels. */
@FunctionalInterface
public interface Oracle {
  /**
   * Labels of rows of the pool. One whose answers cost should keep them: they are asked for again
   * when a learning is resumed.
   *
   * @return one class a row
   */
  int[] label(int... rows);
}
