package org.bhn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.train.Fit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docs/FILES.md says of model files, by the program beside it. */
class ReadModelTest {
  private static final Path PROGRAM = Path.of("../docs/read_model.py");
  private static final String PYTHON = System.getProperty("bhn.test.python", "python3");
  private static final int ROWS = 5;
  private static final int SAMPLES = 20;

  @TempDir Path directory;

  @BeforeAll
  static void needsNumpy() throws Exception {
    assumeTrue(Files.exists(PROGRAM), "no " + PROGRAM);
    int status;
    try {
      status = new ProcessBuilder(PYTHON, "-c", "import numpy").start().waitFor();
    } catch (IOException e) {
      status = -1;
    }
    assumeTrue(status == 0, PYTHON + " has no numpy: -Dbhn.test.python=FILE names another");
  }

  private static Dataset data(Likelihood likelihood) {
    Random random = new Random(4);
    float[] x = new float[3 * 60];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (10 + 3 * random.nextGaussian());
    }
    if (likelihood.classes() > 0) {
      return Dataset.classification(x, 3, IntStream.range(0, 60).map(i -> i % 2).toArray(), 2);
    }
    float[] y = new float[likelihood.targets() * 60];
    for (int i = 0; i < y.length; i++) {
      y[i] = likelihood.hasUnits() ? 50 + 5 * x[i] : i % 2;
    }
    return Dataset.regression(x, 3, y, likelihood.targets());
  }

  @Test
  void itPredictsWhatTheModelDoes() throws Exception {
    List<Posterior> posteriors =
        List.of(
            Posterior.weightNorm(Flows.iaf(2).hidden(7)),
            Posterior.weightNorm(Flows.coupling(3).hidden(7)),
            Posterior.weightNorm(Flows.coupling(3).shuffle(true).hidden(7).weightNorm(false)),
            Posterior.full(Flows.iaf(2).hidden(6)),
            Posterior.meanField(),
            Posterior.point());
    List<Likelihood> likelihoods =
        List.of(
            Likelihood.categorical(2),
            Likelihood.gaussianLearned(2, 1),
            Likelihood.heteroscedastic(2),
            Likelihood.bernoulli(2),
            Likelihood.poisson(2),
            Likelihood.studentT(2, 4));
    for (int i = 0; i < 36; i++) {
      agrees(posteriors.get(i % 6), likelihoods.get((i + i / 6) % 6), 6, 5);
    }
    // Of one gain there are no steps, whatever the card says.
    agrees(posteriors.get(0), Likelihood.gaussianLearned(1, 1));
  }

  private void agrees(Posterior posterior, Likelihood likelihood, int... hidden) throws Exception {
    Dataset data = data(likelihood);
    Path file = directory.resolve("model.safetensors");
    Path rows = directory.resolve("rows.txt");
    float[] expected;
    try (Backend backend = Backends.best();
        Bhn model =
            Bhn.of(3, likelihood)
                .hidden(hidden)
                .activation(Activation.TANH)
                .posterior(posterior)
                .standardise(data)
                .seed(123_456_789_012_345L)
                .build(backend)) {
      model.fit(data, Fit.epochs(3).learningRate(1e-2));
      model.save(file);
      float[] x = Arrays.copyOf(data.inputs(), 3 * ROWS);
      expected = model.predict(x, SAMPLES).mean();
      Files.writeString(
          rows,
          IntStream.range(0, ROWS)
              .mapToObj(i -> x[3 * i] + " " + x[3 * i + 1] + " " + x[3 * i + 2] + "\n")
              .collect(Collectors.joining()));
    }
    Process process =
        new ProcessBuilder(PYTHON, PROGRAM.toString(), file.toString(), "" + SAMPLES)
            .redirectInput(rows.toFile())
            .redirectErrorStream(true)
            .start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), printed);
    double[] found =
        Arrays.stream(printed.strip().split("\\s+")).mapToDouble(Double::parseDouble).toArray();
    double[] wide = IntStream.range(0, expected.length).mapToDouble(i -> expected[i]).toArray();
    double largest = Arrays.stream(wide).map(Math::abs).max().orElseThrow();
    assertArrayEquals(wide, found, 2e-6 * largest, posterior + ", " + likelihood);
  }
}
