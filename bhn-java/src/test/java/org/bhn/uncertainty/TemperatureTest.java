package org.bhn.uncertainty;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class TemperatureTest {
  @Test
  void twoClassesHaveAClosedForm() {
    // As sure as 0.9, right four times in five: odds of 9 must become odds of 4.
    double[][] p = new double[5][];
    Arrays.fill(p, new double[] {0.9, 0.1});
    Temperature t = Temperature.fit(p, new int[] {0, 0, 1, 0, 0});
    assertEquals(Math.log(9) / Math.log(4), t.value(), 1e-9);
    assertArrayEquals(new double[] {0.8, 0.2}, t.apply(p)[0], 1e-9);
  }

  @Test
  void theFitHasTheLeastNegativeLogLikelihood() {
    Random random = new Random(3);
    double[][] p = new double[60][];
    int[] labels = new int[60];
    for (int i = 0; i < p.length; i++) {
      double[] raw = random.doubles(4, 0.001, 1).map(x -> x * x * x).toArray();
      double sum = Arrays.stream(raw).sum();
      p[i] = Arrays.stream(raw).map(x -> x / sum).toArray();
      labels[i] = random.nextInt(3) == 0 ? random.nextInt(4) : Check.argmax(p[i]);
    }
    double t = Temperature.fit(p, labels).value();
    assertTrue(t > 0.02 && t < 50, "T = " + t);
    double least = Classification.nll(new Temperature(t).apply(p), labels);
    for (double factor : new double[] {0.5, 0.9, 0.999, 1.001, 1.1, 2}) {
      assertTrue(least < Classification.nll(new Temperature(t * factor).apply(p), labels));
    }
    // What has been scaled needs no scaling, and temperatures multiply.
    assertEquals(1, Temperature.fit(new Temperature(t).apply(p), labels).value(), 1e-9);
    assertEquals(t / 3, Temperature.fit(new Temperature(3).apply(p), labels).value(), 1e-8);
  }

  @Test
  void theMostProbableClassStaysAndOneIsTheIdentity() {
    double[][] p = {{0.2, 0.5, 0.3}, {0, 1, 0}};
    assertArrayEquals(p[0], new Temperature(1).apply(p)[0], 1e-15);
    assertArrayEquals(p[1], new Temperature(5).apply(p)[1]);
    assertArrayEquals(new double[] {0, 1, 0}, new Temperature(1e-3).apply(p)[0], 1e-12);
    assertArrayEquals(
        new double[] {1 / 3.0, 1 / 3.0, 1 / 3.0}, new Temperature(1e9).apply(p)[0], 1e-8);
  }

  @Test
  void whatNoTemperatureCanImproveStopsAtTheEnds() {
    double[][] p = {{0.7, 0.3}, {0.4, 0.6}};
    assertEquals(0.01, Temperature.fit(p, new int[] {0, 1}).value(), 1e-12);
    assertEquals(100, Temperature.fit(p, new int[] {1, 0}).value());
    assertEquals(1, Temperature.fit(new double[][] {{0.5, 0.5}}, new int[] {0}).value());
    double[][] sure = {{1, 0}, {1e-12, 1 - 1e-12}, {0.5, 0.5}};
    assertEquals(0.01, Temperature.fit(sure, new int[] {0, 1, 1}).value(), "the slope underflows");
  }

  @Test
  void singlePrecisionIsTheSame() {
    double[][] p = {{0.75, 0.25}, {0.75, 0.25}, {0.75, 0.25}, {0.5, 0.5}};
    float[][] single = {{0.75f, 0.25f}, {0.75f, 0.25f}, {0.75f, 0.25f}, {0.5f, 0.5f}};
    int[] labels = {0, 1, 0, 1};
    assertEquals(Temperature.fit(p, labels), Temperature.fit(single, labels));
    assertArrayEquals(new Temperature(2).apply(p), new Temperature(2).apply(single));
  }

  @Test
  void badInputIsNamed() {
    double[][] p = {{1, 0}};
    rejects("value = 0.0", () -> new Temperature(0));
    rejects("value = NaN", () -> new Temperature(Double.NaN));
    rejects("the number of examples = 0", () -> Temperature.fit(new double[0][], new int[0]));
    rejects("probabilities[0][1] = 0 at the label", () -> Temperature.fit(p, new int[] {1}));
    rejects("labels[0] = 2", () -> Temperature.fit(p, new int[] {2}));
    rejects("labels has length 2", () -> Temperature.fit(p, new int[] {0, 0}));
    rejects("is not a probability", () -> new Temperature(1).apply(new double[][] {{2, -1}}));
  }

  private static void rejects(String words, Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.contains(words), message);
  }
}
