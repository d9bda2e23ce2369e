package org.bhn.predict;

import org.bhn.backend.Backend;
import org.bhn.tensor.Tensor;

/**
 * Statistics of many draws, added up on the host in double precision from those of {@link #DRAWS}
 * each. A running mean in single precision loses up to half a unit of its last place with every
 * draw, and of a skewed distribution always to the same side: 2^20 draws would move a probability
 * by a hundredth.
 */
final class BlockTotals {
  /** Draws that are folded on the device before they are added here. */
  static final int DRAWS = 256;

  private final int columns;
  private final double[] mean;
  private final double[] m2;
  private final double[] entropy; // null of real targets
  private final int[] votes; // null of real targets

  /**
   * Nothing was drawn yet.
   *
   * @param classes whether the columns are class probabilities
   */
  BlockTotals(int rows, int columns, boolean classes) {
    this.columns = columns;
    this.mean = new double[rows * columns];
    this.m2 = new double[rows * columns];
    this.entropy = classes ? new double[rows] : null;
    this.votes = classes ? new int[rows * columns] : null;
  }

  /** The draws from {@code seen} on that fit into one block with it. */
  static int rest(int seen) {
    return DRAWS - seen % DRAWS;
  }

  /**
   * Adds means and squared deviations of some rows (Chan, Golub and LeVeque 1983).
   *
   * @param row the first
   * @param before draws that were added before
   * @param count draws behind these
   */
  void add(Backend backend, Tensor means, Tensor squares, int row, int before, int count) {
    double[] newMean = new double[means.size()];
    double[] newM2 = new double[means.size()];
    backend.download(means, newMean);
    backend.download(squares, newM2);
    double share = (double) count / (before + count);
    int base = row * columns;
    for (int i = 0; i < newMean.length; i++) {
      double d = newMean[i] - mean[base + i];
      mean[base + i] += share * d;
      m2[base + i] += newM2[i] + share * before * d * d;
    }
  }

  /** Adds entropies and votes of some rows of class probabilities, as {@link #add}. */
  void addClasses(
      Backend backend, Tensor entropies, Tensor counts, int row, int before, int count) {
    double[] newEntropy = new double[entropies.size()];
    int[] newVotes = new int[counts.size()];
    backend.download(entropies, newEntropy);
    backend.download(counts, newVotes);
    double share = (double) count / (before + count);
    for (int i = 0; i < newEntropy.length; i++) {
      entropy[row + i] += share * (newEntropy[i] - entropy[row + i]);
    }
    for (int i = 0; i < newVotes.length; i++) {
      votes[row * columns + i] += newVotes[i];
    }
  }

  /** {@code [N, columns]}. */
  float[] mean() {
    return HostMoments.floats(mean);
  }

  /** {@code [N, columns]}. */
  float[] m2() {
    return HostMoments.floats(m2);
  }

  /** {@code [N]}. */
  float[] entropy() {
    return HostMoments.floats(entropy);
  }

  /** {@code [N, columns]}. */
  int[] votes() {
    return votes;
  }
}
