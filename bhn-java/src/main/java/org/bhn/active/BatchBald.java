package org.bhn.active;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.bhn.uncertainty.Scores;

/**
 * BatchBALD (Kirsch et al. 2019): the batch with the largest mutual information of all its labels
 * and the weights, chosen greedily, which comes within 1 − 1/e of the best. Unlike the top of a
 * ranking by BALD, it does not ask the same question ten times.
 *
 * <p>By the chain rule a candidate x adds I(y; θ | y_batch) = Σ_k w_k H(Σ_s π_ks p_s(y|x)) − E_s
 * H(p_s(y|x)), where k runs over the answers that the batch so far may get, w_k is their
 * probability and π_k the posterior over weight samples that they lead to. All C^n answers are
 * tried while they are no more than the limit; beyond, so many are drawn. A choice costs limit·S·C
 * multiplications for each candidate.
 *
 * @param configurations the limit
 */
public record BatchBald(int configurations) implements Acquisition {
  /** Checks the range. */
  public BatchBald {
    if (configurations < 1 || configurations > 1 << 20) {
      throw new IllegalArgumentException(
          "configurations = " + configurations + " must be in [1, 2^20]");
    }
  }

  @Override
  public int[] choose(Candidates candidates, int count, RandomGenerator random) {
    Ranked.check(candidates, count, random);
    int[] chosen = new int[count];
    if (count == 0) {
      return chosen;
    }
    SampledLabels labels = new SampledLabels(candidates.draws(0, candidates.size()));
    Answers answers = new Answers(labels.samples());
    Integer[] order = Ranked.shuffled(candidates.size(), random);
    boolean[] taken = new boolean[candidates.size()];
    for (int n = 0; n < count; n++) {
      double[] gains = gains(labels, answers, taken);
      int best = -1;
      for (int i : order) {
        if (!taken[i] && (best < 0 || gains[i] > gains[best])) {
          best = i;
        }
      }
      chosen[n] = best;
      taken[best] = true;
      if (n + 1 < count) {
        answers = answers.and(labels, best, configurations, random);
      }
    }
    return chosen;
  }

  private static double[] gains(SampledLabels labels, Answers answers, boolean[] taken) {
    double[] gains = new double[taken.length];
    IntStream.range(0, taken.length)
        .parallel()
        .filter(i -> !taken[i])
        .forEach(i -> gains[i] = answers.information(labels, i));
    return gains;
  }

  /** The draws {@code [S][N][C]}, with the samples of one candidate side by side. */
  static final class SampledLabels {
    private final int samples;
    private final int classes;
    private final float[][] p; // [N], each [C][S]
    private final double[] expectedEntropy;

    SampledLabels(float[][][] draws) {
      this.expectedEntropy = Scores.expectedEntropy(draws);
      this.samples = draws.length;
      this.classes = draws[0][0].length;
      this.p = new float[draws[0].length][classes * samples];
      for (int i = 0; i < p.length; i++) {
        for (int j = 0; j < p[i].length; j++) {
          p[i][j] = draws[j % samples][i][j / samples];
        }
      }
    }

    int samples() {
      return samples;
    }
  }

  /**
   * What a batch may be answered.
   *
   * @param weight {@code [K]} probability of each answer; adds up to 1
   * @param posterior {@code [S][K]} of the weight samples given the answer; columns add up to 1
   */
  record Answers(double[] weight, double[][] posterior) {
    /** Nothing was asked yet. */
    Answers(int samples) {
      this(new double[] {1}, new double[samples][]);
      Arrays.setAll(posterior, s -> new double[] {1.0 / samples});
    }

    /** I(y_i; θ | answers), at least 0. */
    double information(SampledLabels labels, int i) {
      double[] conditional = new double[weight.length];
      double sum = 0;
      for (int c = 0; c < labels.classes; c++) {
        predict(conditional, labels, i, c);
        for (int k = 0; k < conditional.length; k++) {
          double r = conditional[k];
          sum -= r > 0 ? weight[k] * r * Math.log(r) : 0;
        }
      }
      return Math.max(0, sum - labels.expectedEntropy[i]);
    }

    /** {@code [K]} probability of class c for candidate i given each answer. */
    private void predict(double[] out, SampledLabels labels, int i, int c) {
      Arrays.fill(out, 0);
      for (int s = 0; s < labels.samples; s++) {
        double p = labels.p[i][c * labels.samples + s];
        double[] pi = posterior[s];
        for (int k = 0; k < out.length; k++) {
          out[k] += p * pi[k];
        }
      }
    }

    /** These answers together with that of candidate i; drawn if there are more than the limit. */
    Answers and(SampledLabels labels, int i, int limit, RandomGenerator random) {
      int now = weight.length;
      double[] joint = new double[now * labels.classes];
      double[] conditional = new double[now];
      for (int c = 0; c < labels.classes; c++) {
        predict(conditional, labels, i, c);
        for (int k = 0; k < now; k++) {
          joint[c * now + k] = weight[k] * conditional[k];
        }
      }
      int[] kept = joint.length <= limit ? possible(joint) : drawn(joint, limit, random);
      double[] weights = new double[kept.length];
      double[][] posteriors = new double[labels.samples][kept.length];
      for (int j = 0; j < kept.length; j++) {
        int k = kept[j] % now;
        int c = kept[j] / now;
        weights[j] = joint.length <= limit ? joint[kept[j]] : 1.0 / limit;
        double evidence = joint[kept[j]] / weight[k];
        for (int s = 0; s < labels.samples; s++) {
          double p = labels.p[i][c * labels.samples + s];
          posteriors[s][j] = posterior[s][k] * p / evidence;
        }
      }
      return new Answers(weights, posteriors);
    }

    private static int[] possible(double[] joint) {
      return IntStream.range(0, joint.length).filter(j -> joint[j] > 0).toArray();
    }

    /** Systematic resampling: each index about {@code limit} times its probability. */
    private static int[] drawn(double[] joint, int limit, RandomGenerator random) {
      double total = Arrays.stream(joint).sum();
      double step = total / limit;
      double at = random.nextDouble() * step;
      int[] drawn = new int[limit];
      int j = 0;
      double below = joint[0];
      for (int n = 0; n < limit; n++, at += step) {
        while (below <= at && j + 1 < joint.length) {
          j++;
          below += joint[j];
        }
        drawn[n] = j;
      }
      return drawn;
    }
  }
}
