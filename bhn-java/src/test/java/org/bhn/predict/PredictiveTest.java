package org.bhn.predict;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Statistics near the ends of their ranges, where single precision has no digits left. */
class PredictiveTest {
  private static Predictive of(int samples, float[] mean, float entropyMean) {
    int[] votes = new int[mean.length];
    votes[0] = samples;
    return new Predictive(
        1,
        mean.length,
        samples,
        mean,
        new float[mean.length],
        new float[] {entropyMean},
        votes,
        null,
        false,
        Optional.empty());
  }

  @Test
  void confidenceNearOneIsStillToldApart() {
    assertArrayEquals(new double[] {1.6e-8f}, of(9, new float[] {1, 1.6e-8f}, 0).leastConfidence());
    assertEquals(
        (double) 0.3f + 0.2f, of(9, new float[] {0.3f, 0.5f, 0.2f}, 0).leastConfidence()[0]);
  }

  @Test
  void oneSetOfWeightsHasNoMutualInformation() {
    float[] mean = {0.7f, 0.3f};
    assertEquals(0, of(1, mean, 0.6f).mutualInformation()[0]);
    assertEquals(0.0108643, of(2, mean, 0.6f).mutualInformation()[0], 1e-6);
    assertEquals(0, of(2, mean, 0.7f).mutualInformation()[0], "never negative");
  }
}
