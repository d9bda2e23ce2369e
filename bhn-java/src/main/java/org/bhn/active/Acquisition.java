package org.bhn.active;

import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.bhn.uncertainty.Moments;
import org.bhn.uncertainty.Scores;

/** What to ask about next. */
@FunctionalInterface
public interface Acquisition {
  /**
   * Chooses candidates.
   *
   * @param count how many, at most the number of candidates
   * @param random breaks ties, so that the same seed chooses the same
   * @return {@code count} different candidates, the most wanted first
   */
  int[] choose(Candidates candidates, int count, RandomGenerator random);

  /** Any, all alike: the baseline. Asks the model nothing. */
  static Acquisition random() {
    return new Ranked("random", null);
  }

  /**
   * Largest mutual information of label and weights, H[E_s p_s] − E_s H[p_s] (Houlsby et al. 2011).
   * It is 0 everywhere for one set of weights, and the choice then a random one.
   */
  static Acquisition bald() {
    return byScore("bald", m -> Scores.mutualInformation(m.mean(), m.expectedEntropy()));
  }

  /** Largest entropy of the mean probabilities. */
  static Acquisition maxEntropy() {
    return byScore("max-entropy", m -> Scores.predictiveEntropy(m.mean()));
  }

  /** Smallest share of weight samples that vote for the most voted class (Freeman 1965). */
  static Acquisition variationRatio() {
    return byScore("variation-ratio", m -> Scores.variationRatioVotes(m.votes()));
  }

  /** Largest standard deviation over weight samples, averaged over classes (Kampffmeyer 2016). */
  static Acquisition meanStd() {
    return byScore("mean-std", m -> Scores.meanOverClasses(m.std()));
  }

  /** {@link BatchBald} with 1,000 configurations of labels, exact while there are no more. */
  static Acquisition batchBald() {
    return new BatchBald(1000);
  }

  /**
   * Largest score, each candidate on its own.
   *
   * @param name for logs
   * @param score {@code [N]} from the moments of N candidates; not NaN
   */
  static Acquisition byScore(String name, Function<Moments, double[]> score) {
    if (name == null || score == null) {
      throw new IllegalArgumentException("name and score must not be null");
    }
    return new Ranked(name, score);
  }
}
