package org.bhn.paper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Test;

/** Mode counts and correlations of draws whose structure is known. */
class StructureTest {
  private final SplittableRandom random = new SplittableRandom(1);

  private double[] draws(int n, DoubleSupplier one) {
    double[] out = new double[n];
    for (int i = 0; i < n; i++) {
      out[i] = one.getAsDouble();
    }
    return out;
  }

  private double side(double apart) {
    return (random.nextBoolean() ? apart : -apart) + random.nextGaussian();
  }

  @Test
  void modesOfMixturesAreCounted() {
    for (int trial = 0; trial < 20; trial++) {
      assertEquals(1, Kde.modes(draws(2000, random::nextGaussian)));
      // Two Gaussians a deviation either side of the middle have one mode, four away two.
      assertEquals(1, Kde.modes(draws(2000, () -> side(0.8))));
      assertEquals(2, Kde.modes(draws(2000, () -> side(2.5))));
      assertEquals(3, Kde.modes(draws(3000, () -> 6 * random.nextInt(3) + random.nextGaussian())));
    }
  }

  @Test
  void theDensityIntegratesToOneAndMatchesANormal() {
    double[] density = Kde.density(new double[] {0, 0, 0, 0, 1, 1, 1, 1});
    // Bandwidth 1.06 · ½ · 8^−0.2, over the range [0, 1] and three bandwidths on either side.
    double h = 1.06 * 0.5 * Math.pow(8, -0.2);
    double step = (1 + 6 * h) / (density.length - 1);
    double sum = 0;
    for (double d : density) {
      sum += d * step;
    }
    assertEquals(1, sum, 2e-3);
    double edge = Math.exp(-4.5) / (h * Math.sqrt(2 * Math.PI)) / 2;
    assertEquals(edge, density[0], 0.01 * edge);
  }

  @Test
  void independentGainsShowNoMoreThanChanceAndCorrelatedOnesShow() {
    double[][] gains = new double[40][];
    for (int i = 0; i < gains.length; i++) {
      gains[i] = draws(2000, random::nextGaussian);
    }
    Map<String, Object> chance = PosteriorStructure.structure(gains).toMap();
    double share = (Double) chance.get("correlated");
    // 780 pairs, nearly independent: 5 % with a standard error of 0.8 %.
    assertEquals(0.05, share, 0.03);
    assertEquals(0.0, chance.get("surely_correlated"));
    assertEquals(0.0, chance.get("multimodal"));
    assertEquals(Math.sqrt(2 / Math.PI / 2000), (Double) chance.get("mean_abs_r"), 0.002);

    for (int s = 0; s < 2000; s++) {
      gains[1][s] = 0.6 * gains[0][s] + 0.8 * gains[1][s];
      gains[2][s] += s % 2 == 0 ? 4 : -4;
    }
    Map<String, Object> found = PosteriorStructure.structure(gains).toMap();
    assertEquals(1 / 780.0, (Double) found.get("surely_correlated"), 1e-6);
    assertEquals(0.6, (Double) found.get("max_abs_r"), 0.06);
    assertEquals(1.0, found.get("multimodal"));
    assertTrue(found.get("shown").toString().contains("0.0, 1.0"), found.get("shown").toString());
  }
}
