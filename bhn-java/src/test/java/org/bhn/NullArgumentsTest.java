package org.bhn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.bhn.active.Acquisition;
import org.bhn.active.ActiveLearning;
import org.bhn.data.Csv;
import org.bhn.data.Dataset;
import org.bhn.data.Idx;
import org.bhn.data.Scaling;
import org.bhn.data.Standardizer;
import org.bhn.mcmc.Nuts;
import org.bhn.uncertainty.Classification;
import org.bhn.uncertainty.Conformal;
import org.bhn.uncertainty.Detection;
import org.bhn.uncertainty.Moments;
import org.bhn.uncertainty.Regression;
import org.bhn.uncertainty.Reliability;
import org.bhn.uncertainty.Scores;
import org.bhn.uncertainty.Temperature;
import org.junit.jupiter.api.Test;

/** A null is refused by the name of the argument, with what to pass instead. */
class NullArgumentsTest {
  private static final double[][] EVEN = {{0.5, 0.5}, {0.5, 0.5}};
  private static final float[][] EVEN_FLOATS = {{0.5f, 0.5f}, {0.5f, 0.5f}};

  /** Arguments that no method of the package finds fault with before it meets the null. */
  private static final Map<Class<?>, Object> VALID =
      Map.ofEntries(
          Map.entry(double.class, 0.5),
          Map.entry(int.class, 2),
          Map.entry(int[].class, new int[] {0, 1}),
          Map.entry(int[][].class, new int[][] {{1, 1}, {1, 1}}),
          Map.entry(boolean[].class, new boolean[] {true, false}),
          Map.entry(boolean[][].class, new boolean[][] {{true, false}, {true, true}}),
          Map.entry(double[].class, EVEN[0]),
          Map.entry(double[][].class, EVEN),
          Map.entry(double[][][].class, new double[][][] {EVEN}),
          Map.entry(float[][].class, EVEN_FLOATS),
          Map.entry(float[][][].class, new float[][][] {EVEN_FLOATS}),
          Map.entry(RandomGenerator.class, new SplittableRandom(1)));

  @Test
  void everyMetricRefusesEveryNull() throws IllegalAccessException {
    int calls = 0;
    for (Class<?> c :
        List.of(
            Classification.class,
            Conformal.class,
            Detection.class,
            Regression.class,
            Reliability.class,
            Scores.class,
            Temperature.class,
            Moments.class)) {
      for (Method method : c.getDeclaredMethods()) {
        calls += refusesNulls(method);
      }
    }
    assertTrue(calls > 80, calls + " calls");
  }

  private static int refusesNulls(Method method) throws IllegalAccessException {
    Class<?>[] types = method.getParameterTypes();
    if (!Modifier.isPublic(method.getModifiers()) || method.getName().equals("equals")) {
      return 0;
    }
    Object self =
        method.getDeclaringClass() == Moments.class ? new Moments(2, 2) : new Temperature(1);
    int calls = 0;
    for (int i = 0; i < types.length; i++) {
      if (types[i].isPrimitive()) {
        continue;
      }
      Object[] arguments = new Object[types.length];
      for (int j = 0; j < types.length; j++) {
        arguments[j] = j == i ? null : VALID.get(types[j]);
      }
      InvocationTargetException e =
          assertThrows(
              InvocationTargetException.class, () -> method.invoke(self, arguments), "" + method);
      assertInstanceOf(IllegalArgumentException.class, e.getCause(), "" + method);
      String message = e.getCause().getMessage();
      assertTrue(message.matches("\\w+ is null; pass .*"), method + ": " + message);
      calls++;
    }
    return calls;
  }

  private static void refused(String start, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.startsWith(start) && message.matches(".*[;:] .+"), message);
  }

  @Test
  void rowsInsideArraysToo() {
    refused("samples[1] is null", () -> Scores.moments(new double[][][] {EVEN, null}));
    refused("samples[0] is null", () -> Scores.moments(new float[][][] {null}));
    refused("samples[0][0] is null", () -> Scores.moments(new float[][][] {{null}}));
    refused("probabilities[1]", () -> Classification.nll(new double[][] {EVEN[0], null}, labels()));
    refused("sets[0] is null", () -> Conformal.coverage(new boolean[2][], labels()));
    refused("logDensities[0] is null", () -> Regression.mixtureLogLikelihood(new double[1][]));
  }

  private static int[] labels() {
    return new int[] {0, 1};
  }

  @Test
  void data() {
    Dataset data = Dataset.regression(new float[] {1, 2}, 1, new float[] {3, 4}, 1);
    Standardizer scaler = new Standardizer(new double[1], new double[] {1});
    refused("inputs is null", () -> Dataset.classification(null, 2, labels(), 2));
    refused("labels is null", () -> Dataset.classification(new float[2], 2, null, 2));
    refused("inputs is null", () -> Dataset.regression(null, 2, new float[2], 2));
    refused("targets is null", () -> Dataset.regression(new float[2], 2, null, 2));
    refused("indices is null", () -> data.select((int[]) null));
    refused("inputs is null", () -> new Scaling(null, Optional.empty()));
    refused("targets is null", () -> new Scaling(Optional.of(scaler), null));
    refused("data is null", () -> Scaling.of(null));
    refused("data is null", () -> Scaling.NONE.apply(null));
    refused("mean is null", () -> new Standardizer(null, new double[1]));
    refused("std is null", () -> new Standardizer(new double[1], null));
    refused("values is null", () -> Standardizer.fit(null, 1));
    refused("values is null", () -> scaler.apply(null));
    refused("values is null", () -> scaler.invert((float[]) null));
    refused("file is null", () -> Csv.read(null));
    refused("file is null", () -> Csv.read((Path) null, ';'));
    refused("file is null", () -> Idx.read(null));
  }

  @Test
  void activeLearning() {
    float[] inputs = new float[4];
    ActiveLearning silent =
        ActiveLearning.on(inputs, 1, 2, rows -> null, Acquisition.random()).batch(1);
    refused("rows is null", () -> silent.acquire((int[]) null));
    refused("the oracle gave null for 2 rows", () -> silent.acquire(0, 1));
    assertEquals(4, silent.remaining(), "nothing is acquired");
    for (Acquisition acquisition : List.of(Acquisition.random(), Acquisition.batchBald())) {
      refused("candidates is null", () -> acquisition.choose(null, 1, new SplittableRandom(1)));
    }
  }

  @Test
  void sampler() {
    refused("density is null", () -> Nuts.sample(null, new double[1], 20, 1, 1));
    refused("start is null", () -> Nuts.sample((q, g) -> 0, null, 20, 1, 1));
  }
}
