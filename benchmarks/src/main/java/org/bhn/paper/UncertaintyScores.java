package org.bhn.paper;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bhn.data.Dataset;
import org.bhn.predict.Predictive;

/** Scores of how unsure a prediction is, by name; higher is less sure. */
final class UncertaintyScores {
  static final String INFORMATION = "mutual information";
  static final String ENTROPY = "entropy";
  static final String CONFIDENCE = "1 − confidence";
  static final String VOTES = "variation ratio";
  static final String STD = "mean std";

  private UncertaintyScores() {}

  /** Those that one set of weights has, or all. */
  static List<String> names(boolean random) {
    return random
        ? List.of(INFORMATION, STD, VOTES, ENTROPY, CONFIDENCE)
        : List.of(ENTROPY, CONFIDENCE);
  }

  /** {@code [N]} each, for those of {@link #names} that the prediction has. */
  static Map<String, double[]> of(Predictive p) {
    Map<String, Function<Predictive, double[]>> all =
        Map.of(
            INFORMATION, Predictive::mutualInformation,
            STD, Predictive::meanStd,
            VOTES, Predictive::variationRatio,
            ENTROPY, Predictive::entropy,
            CONFIDENCE, Predictive::leastConfidence);
    Map<String, double[]> scores = new LinkedHashMap<>();
    names(p.samples() > 1).forEach(name -> scores.put(name, all.get(name).apply(p)));
    return scores;
  }

  /** Whether each row was misread. */
  static boolean[] wrong(Predictive p, Dataset data) {
    int[] said = p.labels();
    boolean[] wrong = new boolean[said.length];
    for (int i = 0; i < wrong.length; i++) {
      wrong[i] = said[i] != data.label(i);
    }
    return wrong;
  }
}
