package org.bhn.uncertainty;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class ScoresTest {
  /** Two certain samples that disagree; two uncertain samples that agree. */
  private static final double[][][] OPPOSED = {
    {{1, 0}, {0.5, 0.5}},
    {{0, 1}, {0.5, 0.5}}
  };

  private static final double LOG2 = Math.log(2);

  @Test
  void disagreementIsInformationAndAgreementIsNot() {
    assertArrayEquals(new double[] {LOG2, LOG2}, Scores.predictiveEntropy(OPPOSED), 1e-15);
    assertArrayEquals(new double[] {0, LOG2}, Scores.expectedEntropy(OPPOSED), 1e-15);
    assertArrayEquals(new double[] {LOG2, 0}, Scores.mutualInformation(OPPOSED), 1e-15);
    assertArrayEquals(new double[] {0.5, 0}, Scores.variationRatioVotes(OPPOSED));
    assertArrayEquals(new double[] {0.5, 0.5}, Scores.variationRatioMean(OPPOSED));
    assertArrayEquals(new double[] {0.5, 0.5}, Scores.std(OPPOSED)[0], 1e-15);
    assertArrayEquals(new double[] {0, 0}, Scores.std(OPPOSED)[1]);
    assertArrayEquals(new double[] {0.5, 0}, Scores.meanOverClasses(Scores.std(OPPOSED)), 1e-15);
    assertArrayEquals(new double[] {1, 1}, Scores.inBits(Scores.predictiveEntropy(OPPOSED)), 1e-15);
  }

  @Test
  void theTwoVariationRatiosDiffer() {
    double[][][] p = {{{0.6, 0.4, 0}}, {{0.6, 0, 0.4}}, {{0.1, 0.9, 0}}};
    assertEquals(1.0 / 3, Scores.variationRatioVotes(p)[0], 1e-15);
    assertEquals(1 - 1.3 / 3, Scores.variationRatioMean(p)[0], 1e-15);
  }

  @Test
  void aTiedVoteGoesToTheLowestClass() {
    int[][] votes = Scores.moments(new double[][][] {{{0.5, 0.5}}, {{0.2, 0.8}}}).votes();
    assertArrayEquals(new int[] {1, 1}, votes[0]);
  }

  @Test
  void streamedMomentsAgreeWithTheDefinitions() {
    double[][][] p = random(new Random(3), 17, 5, 4);
    Moments m = Scores.moments(p);
    assertEquals(17, m.samples());
    for (int b = 0; b < 5; b++) {
      double expected = 0;
      for (int s = 0; s < 17; s++) {
        expected += Scores.entropy(p[s][b]) / 17;
      }
      assertEquals(expected, m.expectedEntropy()[b], 1e-14);
      for (int c = 0; c < 4; c++) {
        double mean = 0;
        double square = 0;
        for (int s = 0; s < 17; s++) {
          mean += p[s][b][c] / 17;
          square += p[s][b][c] * p[s][b][c] / 17;
        }
        assertEquals(mean, m.mean()[b][c], 1e-14);
        assertEquals(Math.sqrt(square - mean * mean), m.std()[b][c], 1e-12);
        assertEquals(
            m.std()[b][c], Scores.std(new double[][] {m.mean()[b]}, squares(p, b))[0][c], 1e-12);
      }
    }
    assertArrayEquals(
        Scores.mutualInformation(m.mean(), m.expectedEntropy()), Scores.mutualInformation(p));
    assertArrayEquals(Scores.variationRatioVotes(m.votes()), Scores.variationRatioVotes(p));
  }

  @Test
  void informationIsNeverNegativeAndZeroForOneSample() {
    Random random = new Random(4);
    for (int trial = 0; trial < 300; trial++) {
      double[][][] p = random(random, 1 + random.nextInt(6), 3, 1 + random.nextInt(5));
      double[] total = Scores.predictiveEntropy(p);
      double[] information = Scores.mutualInformation(p);
      for (int b = 0; b < 3; b++) {
        assertTrue(information[b] >= 0);
        assertTrue(total[b] <= Math.log(p[0][0].length) + 1e-12);
        assertEquals(total[b], information[b] + Scores.expectedEntropy(p)[b], 1e-12);
      }
      if (p.length == 1) {
        assertArrayEquals(new double[3], information);
      }
    }
  }

  @Test
  void identicalSamplesGiveExactlyZero() {
    double[][] one = random(new Random(5), 1, 50, 7)[0];
    double[][][] p = new double[37][][];
    Arrays.fill(p, one);
    assertArrayEquals(new double[50], Scores.mutualInformation(p));
    assertArrayEquals(new double[50], Scores.meanOverClasses(Scores.std(p)));
  }

  @Test
  void theOrderOfSamplesAndClassesDoesNotMatter() {
    double[][][] p = random(new Random(6), 6, 4, 5);
    double[][][] turned = new double[6][4][5];
    for (int s = 0; s < 6; s++) {
      for (int b = 0; b < 4; b++) {
        for (int c = 0; c < 5; c++) {
          turned[5 - s][b][(c + 2) % 5] = p[s][b][c];
        }
      }
    }
    assertArrayEquals(Scores.predictiveEntropy(p), Scores.predictiveEntropy(turned), 1e-14);
    assertArrayEquals(Scores.mutualInformation(p), Scores.mutualInformation(turned), 1e-14);
    assertArrayEquals(Scores.variationRatioVotes(p), Scores.variationRatioVotes(turned), 1e-14);
    assertArrayEquals(Scores.variationRatioMean(p), Scores.variationRatioMean(turned), 1e-14);
  }

  @Test
  void singlePrecisionAgrees() {
    double[][][] p = random(new Random(7), 4, 3, 6);
    float[][][] f = new float[4][3][6];
    for (int s = 0; s < 4; s++) {
      for (int b = 0; b < 3; b++) {
        for (int c = 0; c < 6; c++) {
          f[s][b][c] = (float) p[s][b][c];
        }
      }
    }
    assertArrayEquals(Scores.predictiveEntropy(p), Scores.predictiveEntropy(f), 1e-6);
    assertArrayEquals(Scores.expectedEntropy(p), Scores.expectedEntropy(f), 1e-6);
    assertArrayEquals(Scores.mutualInformation(p), Scores.mutualInformation(f), 1e-6);
    assertArrayEquals(Scores.variationRatioMean(p), Scores.variationRatioMean(f), 1e-6);
    assertArrayEquals(Scores.variationRatioVotes(p), Scores.variationRatioVotes(f));
    assertArrayEquals(Scores.std(p)[2], Scores.std(f)[2], 1e-6);
  }

  @Test
  void aRejectedSampleLeavesTheMomentsAlone() {
    Moments m = new Moments(2, 2).add(new double[][] {{1, 0}, {0, 1}});
    double[][] bad = {{0, 1}, {Double.NaN, 1}};
    assertThrows(IllegalArgumentException.class, () -> m.add(bad));
    assertEquals(1, m.samples());
    assertArrayEquals(new double[] {1, 0}, m.mean()[0]);
  }

  @Test
  void badInputNamesTheArgument() {
    rejects("samples = 0", () -> Scores.mutualInformation(new double[0][][]));
    rejects("[0][1] = NaN", () -> Scores.predictiveEntropy(new double[][] {{1, Double.NaN}}));
    rejects("samples[1] has length 2", () -> Scores.moments(new double[][][] {{{1}}, {{1}, {1}}}));
    rejects(
        "samples[1] has 1 classes but samples[0] has 2",
        () -> Scores.mutualInformation(new double[][][] {{{1, 0}}, {{1}}}));
    rejects(
        "samples[1] has length 2 but samples[0] has length 1",
        () -> Scores.mutualInformation(new float[][][] {{{1, 0}}, {{1, 0}, {1, 0}}}));
    rejects(
        "probabilities has 1 classes but Moments has 2",
        () -> new Moments(1, 2).add(new double[][] {{1}}));
    rejects("votes[0][0] = -1", () -> Scores.variationRatioVotes(new int[][] {{-1, 2}}));
    rejects("votes[1]", () -> Scores.variationRatioVotes(new int[][] {{1}, {0}}));
    rejects(
        "expectedEntropy has length 2",
        () -> Scores.mutualInformation(new double[][] {{1}}, new double[2]));
    assertThrows(IllegalStateException.class, () -> new Moments(1, 2).mean());
    assertEquals(0, Scores.predictiveEntropy(new double[][][] {{}}).length);
  }

  private static void rejects(String expected, Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.contains(expected), message);
  }

  private static double[][] squares(double[][][] p, int b) {
    double[][] square = new double[1][p[0][b].length];
    for (double[][] sample : p) {
      for (int c = 0; c < square[0].length; c++) {
        square[0][c] += sample[b][c] * sample[b][c] / p.length;
      }
    }
    return square;
  }

  private static double[][][] random(Random random, int samples, int rows, int classes) {
    double[][][] p = new double[samples][rows][classes];
    for (double[][] sample : p) {
      for (double[] row : sample) {
        double sum = 0;
        for (int c = 0; c < classes; c++) {
          row[c] = random.nextInt(4) == 0 && c > 0 ? 0 : -Math.log(1 - random.nextDouble());
          sum += row[c];
        }
        for (int c = 0; c < classes; c++) {
          row[c] /= sum;
        }
      }
    }
    return p;
  }
}
