package org.bhn.active;

import java.util.Arrays;

/** Examples that may be asked about, and what each weight sample says of their labels. */
public interface Candidates {
  /** How many. */
  int size();

  /**
   * Class probabilities of candidates {@code from} to {@code to}; weight sample s is the same for
   * all candidates, however they are cut into pieces.
   *
   * @return {@code [S][to − from][C]}
   */
  float[][][] draws(int from, int to);

  /** Candidates whose draws {@code [S][N][C]} are all there. */
  static Candidates of(float[][][] draws) {
    if (draws == null || draws.length == 0) {
      throw new IllegalArgumentException("draws is empty: pass at least one weight sample");
    }
    for (int s = 0; s < draws.length; s++) {
      if (draws[s] == null) {
        throw new IllegalArgumentException(
            "draws[" + s + "] is null: pass the class probabilities of every candidate");
      }
      if (draws[s].length != draws[0].length) {
        throw new IllegalArgumentException(
            "draws[%d] has %d candidates and draws[0] has %d; pass the same in every sample"
                .formatted(s, draws[s].length, draws[0].length));
      }
    }
    return new Candidates() {
      @Override
      public int size() {
        return draws[0].length;
      }

      @Override
      public float[][][] draws(int from, int to) {
        return Arrays.stream(draws)
            .map(sample -> Arrays.copyOfRange(sample, from, to))
            .toArray(float[][][]::new);
      }
    };
  }
}
