package org.bhn.adversary;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.bhn.Bhn;
import org.bhn.TestData;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.train.Fit;
import org.junit.jupiter.api.Test;

class AttackTest {
  /** log p̄ grows along (1, −1) everywhere, and does not depend on the third input. */
  private static final Gradients SLOPE =
      (x, y, s, seed) -> {
        double[] g = new double[x.length];
        for (int i = 0; i < g.length; i++) {
          g[i] = i % 3 == 0 ? 0.1 : i % 3 == 1 ? -7 : 0;
        }
        return g;
      };

  private static float[] inputs(int n) {
    SplittableRandom random = new SplittableRandom(4);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextDouble();
    }
    return x;
  }

  @Test
  void oneStepMovesBySignsAgainstTheGradient() {
    float[] x = {0.5f, 0.5f, 0.5f};
    assertArrayEquals(new float[] {0.25f, 0.75f, 0.5f}, Attack.fgs(0.25).run(SLOPE, x, new int[1]));
    assertArrayEquals(
        new float[] {0.375f, 0.625f, 0.5f},
        Attack.fgs(0.25).clip(0.375, 0.625).run(SLOPE, x, new int[1]));
    assertArrayEquals(new float[] {0.5f, 0.5f, 0.5f}, x, "the input was changed");
  }

  @Test
  void stepsAddUpToTheBall() {
    float[] x = {0.5f, 0.5f, 0.5f};
    int[] y = new int[1];
    assertArrayEquals(new float[] {0.25f, 0.75f, 0.5f}, Attack.bim(0.5, 0.125, 2).run(SLOPE, x, y));
    assertArrayEquals(new float[] {0, 1, 0.5f}, Attack.bim(0.5, 0.125, 9).run(SLOPE, x, y));
    // Two radii cross the ball from wherever the start was; the third input stays there.
    float[] moved = Attack.pgd(0.5, 0.5, 2).run(SLOPE, x, y);
    assertEquals(0, moved[0]);
    assertEquals(1, moved[1]);
    assertNotEquals(0.5f, moved[2]);
  }

  @Test
  void noAttackLeavesTheBallOrTheRange() {
    float[] x = inputs(3000);
    int[] y = new int[1000];
    SplittableRandom random = new SplittableRandom(9);
    Gradients any = (in, labels, s, seed) -> random.doubles(in.length, -1, 1).toArray();
    for (double epsilon : new double[] {0, 1e-9, 0.001, 0.1, 0.3, 2}) {
      for (Attack attack :
          List.of(
              Attack.fgs(epsilon),
              Attack.bim(epsilon, epsilon / 3, 7),
              Attack.pgd(epsilon, epsilon / 3, 7))) {
        for (Attack a : List.of(attack, attack.clip(0, 1))) {
          float[] moved = a.run(any, x, y);
          for (int i = 0; i < x.length; i++) {
            double distance = Math.abs((double) moved[i] - x[i]);
            assertTrue(distance <= epsilon, i + ": " + distance + " by " + a);
            assertTrue(moved[i] >= a.low() && moved[i] <= a.high(), moved[i] + " by " + a);
          }
        }
      }
    }
    assertArrayEquals(x, Attack.fgs(0).run(any, x, y), "no radius, no change");
  }

  @Test
  void everyStepAsksWithItsOwnSeedAndTheSameOnesAgain() {
    List<Long> seeds = new ArrayList<>();
    Gradients watched =
        (x, y, s, seed) -> {
          assertEquals(32, s);
          seeds.add(seed);
          return new double[x.length];
        };
    Attack attack = Attack.pgd(0.1, 0.05, 3).seed(8);
    float[] first = attack.run(watched, inputs(9), new int[3]);
    float[] second = attack.run(watched, inputs(9), new int[3]);
    assertEquals(6, seeds.size());
    assertEquals(3, seeds.stream().distinct().count());
    assertEquals(seeds.subList(0, 3), seeds.subList(3, 6));
    assertArrayEquals(first, second);
    assertNotEquals(first[0], attack.seed(9).run(watched, inputs(9), new int[3])[0]);
  }

  @Test
  void strongerAttacksHurtMore() {
    Dataset train = TestData.blobs(300, 3, 1);
    Dataset test = TestData.blobs(150, 3, 2);
    for (Posterior posterior :
        List.of(
            Posterior.weightNorm(Flows.iaf(2).hidden(16)),
            Posterior.dropout(0.2),
            Posterior.point())) {
      try (Backend backend = Backends.best();
          Bhn model = Bhn.classifier(2, 3).hidden(16).posterior(posterior).seed(3).build(backend)) {
        model.fit(train, Fit.epochs(40).learningRate(5e-3));
        double clean = logLik(model, test.inputs(), test);
        double small =
            logLik(model, Attack.fgs(0.1).run(model, test.inputs(), test.labels()), test);
        double large =
            logLik(model, Attack.fgs(0.6).run(model, test.inputs(), test.labels()), test);
        double many =
            logLik(model, Attack.pgd(0.6, 0.15, 10).run(model, test.inputs(), test.labels()), test);
        assertTrue(clean > small && small > large, clean + ", " + small + ", " + large);
        // Straight on is nearly optimal between three blobs; a random start must not spoil it.
        assertTrue(many < large + 0.05, many + " after many steps, " + large + " after one");
      }
    }
  }

  private static double logLik(Bhn model, float[] inputs, Dataset data) {
    double sum = 0;
    Dataset moved = Dataset.classification(inputs, 2, data.labels(), 3);
    for (float ll : model.evaluate(moved, 50).logPredictive()) {
      sum += ll;
    }
    return sum / data.rows();
  }

  @Test
  void wrongUseIsExplained() {
    explains("epsilon = -0.1", () -> Attack.fgs(-0.1));
    explains("epsilon = NaN", () -> Attack.fgs(Double.NaN));
    explains("step = 0.3", () -> Attack.bim(0.1, 0.3, 5));
    explains("steps = 0", () -> Attack.pgd(0.1, 0.1, 0));
    explains("samples = 0", () -> Attack.fgs(0.1).samples(0));
    explains("low = 1.0", () -> Attack.fgs(0.1).clip(1, 0));
    Attack attack = Attack.fgs(0.1).clip(0, 1);
    explains("inputs[1] = 1.5", () -> attack.run(SLOPE, new float[] {0, 1.5f, 0}, new int[1]));
    explains("null", () -> attack.run(SLOPE, null, new int[1]));
    explains("model", () -> attack.run((Bhn) null, new float[3], new int[1]));
    Gradients shortOnes = (x, y, s, seed) -> new double[1];
    explains("1 values for 3", () -> attack.run(shortOnes, new float[3], new int[1]));
    Gradients none = (x, y, s, seed) -> new double[] {0, 0, Double.NaN};
    explains("gradient[2]", () -> attack.run(none, new float[3], new int[1]));
    try (Backend backend = Backends.best();
        Bhn model = Bhn.classifier(2, 3).seed(1).build(backend);
        Bhn real = Bhn.of(2, Likelihood.gaussian(1, 1)).build(backend)) {
      explains("labels[0] = 3", () -> attack.run(model, new float[2], new int[] {3}));
      explains("labels has 2", () -> attack.run(model, new float[2], new int[2]));
      explains("labels is null", () -> model.inputGradient(new float[2], null, 1, 1));
      assertThrows(
          UnsupportedOperationException.class,
          () -> real.inputGradient(new float[2], new int[1], 1, 1));
      assertThrows(
          UnsupportedOperationException.class, () -> real.sampleProbabilities(new float[2], 1, 1));
    }
  }

  private static void explains(String word, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(word), message);
  }
}
