package org.bhn.active;

import java.util.Arrays;
import java.util.Comparator;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.bhn.uncertainty.Moments;
import org.bhn.uncertainty.Scores;

/**
 * Candidates by falling score, in random order where scores are equal or there is none.
 *
 * @param name for logs
 * @param score of moments, or null
 */
record Ranked(String name, Function<Moments, double[]> score) implements Acquisition {
  /** Candidates whose draws are held at once. */
  private static final int PIECE = 1024;

  @Override
  public int[] choose(Candidates candidates, int count, RandomGenerator random) {
    check(candidates, count, random);
    Integer[] order = shuffled(candidates.size(), random);
    if (score != null) {
      double[] scores = scores(candidates);
      // The sort is stable: what is equal stays shuffled.
      Arrays.sort(order, Comparator.comparingDouble(i -> -scores[i]));
    }
    return Arrays.stream(order).limit(count).mapToInt(i -> i).toArray();
  }

  private double[] scores(Candidates candidates) {
    double[] all = new double[candidates.size()];
    for (int from = 0; from < all.length; from += PIECE) {
      int to = Math.min(all.length, from + PIECE);
      double[] some = score.apply(Scores.moments(candidates.draws(from, to)));
      if (some == null) {
        throw new IllegalArgumentException(
            "score gave null for %d candidates; return one value for each".formatted(to - from));
      }
      if (some.length != to - from) {
        throw new IllegalArgumentException(
            "score gave %d values for %d candidates; return one for each"
                .formatted(some.length, to - from));
      }
      for (int i = from; i < to; i++) {
        if (Double.isNaN(some[i - from])) {
          throw new IllegalArgumentException(
              "score of candidate %d is NaN; guard logarithms of 0".formatted(i));
        }
        all[i] = some[i - from] + 0.0; // −0 and 0 are equal
      }
    }
    return all;
  }

  static Integer[] shuffled(int n, RandomGenerator random) {
    Integer[] order = new Integer[n];
    for (int i = 0; i < n; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  static void check(Candidates candidates, int count, RandomGenerator random) {
    if (candidates == null || random == null) {
      throw new IllegalArgumentException(
          candidates == null
              ? "candidates is null: pass what to choose from"
              : "random is null: pass for example new SplittableRandom(1)");
    }
    if (count < 0 || count > candidates.size()) {
      throw new IllegalArgumentException(
          "count = %d must be in [0, %d], the number of candidates"
              .formatted(count, candidates.size()));
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
