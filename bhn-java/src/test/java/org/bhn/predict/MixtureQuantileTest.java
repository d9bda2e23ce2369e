package org.bhn.predict;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.bhn.bayes.Likelihood;
import org.bhn.bayes.TargetDistribution;
import org.bhn.uncertainty.StudentTDistribution;
import org.junit.jupiter.api.Test;

class MixtureQuantileTest {
  private static final double Z_90 = 1.2815515655446004;

  private static double[] filled(int size, double value) {
    double[] all = new double[size];
    Arrays.fill(all, value);
    return all;
  }

  /** Sixty draws at −1, forty at 1: the gap between them belongs to no quantile but one. */
  @Test
  void modesFarApartHaveQuantilesOfTheirOwn() {
    double[] means = new double[100];
    Arrays.setAll(means, s -> s < 60 ? -1 : 1);
    MixtureQuantile mixture =
        new MixtureQuantile(TargetDistribution.GAUSSIAN, means, filled(100, 0.01));
    assertEquals(-1, mixture.at(0.3), 1e-9);
    assertEquals(1, mixture.at(0.8), 1e-9);
    assertEquals(-1 + 0.01 * Z_90, mixture.at(0.54), 1e-9);
    assertEquals(1 - 0.01 * Z_90, mixture.at(0.64), 1e-9);
    double gap = mixture.at(0.6);
    assertTrue(gap > -0.95 && gap < 0.95, "in the gap: " + gap);
  }

  /** Half of the draws without noise: steps, where no y has exactly p. */
  @Test
  void drawsWithoutNoiseAreSteps() {
    MixtureQuantile steps =
        new MixtureQuantile(TargetDistribution.GAUSSIAN, new double[] {1, 2, 3, 4}, new double[4]);
    assertEquals(1, steps.at(0.1));
    assertEquals(2, steps.at(0.4));
    assertEquals(4, steps.at(0.9));
  }

  @Test
  void hugeScalesBesideTinyOnesEnd() {
    MixtureQuantile mixture =
        new MixtureQuantile(
            TargetDistribution.GAUSSIAN,
            new double[] {0, 1e-300, 1e30},
            new double[] {1e-30, 1e-3, 1e35});
    double last = Double.NEGATIVE_INFINITY;
    for (double p : new double[] {1e-9, 0.1, 0.3, 0.5, 0.6, 0.9, 1 - 1e-9}) {
      double q = mixture.at(p);
      assertTrue(q >= last, q + " after " + last);
      last = q;
    }
  }

  /** Between the components' own, and where the share is p; a mixture of one place is that one. */
  @Test
  void heavyTailsAreThoseOfTheNoise() {
    TargetDistribution student =
        new Likelihood.StudentT(1, 4, 1, false).distribution().orElseThrow();
    StudentTDistribution t = new StudentTDistribution(4);
    double[] apart = {-10, 0, 0.25, 40};
    MixtureQuantile mixture = new MixtureQuantile(student, apart, filled(4, 0.1));
    MixtureQuantile one = new MixtureQuantile(student, filled(7, -3), filled(7, 0.5));
    for (double p : new double[] {1e-9, 1e-6, 0.025, 0.2, 0.6, 0.95}) {
      double y = mixture.at(p);
      double below = Arrays.stream(apart).map(m -> t.cdf((y - m) / 0.1)).average().orElseThrow();
      assertEquals(p, below, 1e-9 * p);
      assertEquals(-3 + 0.5 * t.quantile(p), one.at(p));
    }
  }

  @Test
  void countsOfAllSizes() {
    double[] none = new double[2];
    for (double rate : new double[] {0, 1e-12, 0.3, 7, 1e3, 1e9, 1e15, 1e20, 1e38}) {
      MixtureQuantile one =
          new MixtureQuantile(TargetDistribution.POISSON, new double[] {rate, rate}, none);
      double spread = 5 * Math.sqrt(rate) + 3;
      assertEquals(rate, one.at(0.5), spread);
      assertTrue(one.at(0.01) <= one.at(0.99));
    }
    MixtureQuantile both =
        new MixtureQuantile(TargetDistribution.POISSON, new double[] {0, 1e6}, none);
    assertEquals(0, both.at(0.4));
    assertEquals(0, both.at(0.5));
    assertEquals(1e6, both.at(0.75), 2);
  }

  /** Exact sums: P(X ≤ 4) of rate 3 is 0.8153, P(X ≤ 5) is 0.9161. */
  @Test
  void theLeastCountThatHoldsTheShare() {
    MixtureQuantile three =
        new MixtureQuantile(TargetDistribution.POISSON, new double[] {3}, new double[1]);
    assertEquals(5, three.at(0.9));
    assertEquals(4, three.at(0.8));
    assertEquals(0, three.at(0.04));
  }
}
