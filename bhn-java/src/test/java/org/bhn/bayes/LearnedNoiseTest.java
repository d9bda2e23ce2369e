package org.bhn.bayes;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.data.Dataset;
import org.bhn.io.SafeTensors;
import org.bhn.posterior.Posterior;
import org.bhn.tape.Param;
import org.bhn.train.Fit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The noise level of a regression that learns it. */
class LearnedNoiseTest {
  @TempDir Path directory;

  private Backend backend;

  @BeforeEach
  void open() {
    backend = Backends.best();
  }

  @AfterEach
  void close() {
    backend.close();
  }

  private Bhn model() {
    return Bhn.regressor(1, 1).posterior(Posterior.point()).seed(2).build(backend);
  }

  /** 1600 steps of 1e-3: a log-variance that Adam moves like all else could not be below -1.6. */
  @Test
  void itFollowsResidualsThatShrink() {
    float[] x = new float[64];
    for (int i = 0; i < x.length; i++) {
      x[i] = i / 32f - 1;
    }
    try (Bhn model = model()) {
      Dataset zeros = Dataset.regression(x, 1, new float[64], 1);
      model.fit(zeros, Fit.epochs(100).batch(4).learningRate(1e-3));
      double std = model.predict(x, 1).predictiveStd()[0];
      assertTrue(std < 0.2, "std " + std);
    }
  }

  /** Files of format 4 hold log σ² where those of format 5 hold a fifth of it. */
  @Test
  void itIsReadFromOlderFiles() {
    Path file = directory.resolve("new.safetensors");
    Path older = directory.resolve("older.safetensors");
    float[] x = {1};
    try (Bhn model = model()) {
      Param noise = model.network().params().getLast();
      assertEquals("likelihood.noise", noise.name());
      noise.set(new double[] {Math.log(0.25) / 5});
      assertArrayEquals(new double[] {0.5}, model.predict(x, 1).predictiveStd(), 1e-6);
      model.save(file);
    }
    try (SafeTensors.File open = SafeTensors.open(file)) {
      String card = open.metadata().get("card");
      assertTrue(card.contains("\"format\": 5"), card);
      TensorFiles.Writer writer =
          new TensorFiles.Writer().metadata("card", card.replace("\"format\": 5", "\"format\": 4"));
      open.tensors()
          .forEach(
              (name, info) -> {
                boolean old = name.equals("likelihood.noise");
                double[] values = doubles(open, info);
                writer.add(
                    old ? "likelihood.log_var" : name,
                    old ? new double[] {5 * values[0]} : values,
                    info.dimensions());
              });
      writer.write(older);
    }
    try (Bhn model = Bhn.load(older, backend)) {
      assertArrayEquals(new double[] {0.5}, model.predict(x, 1).predictiveStd(), 1e-6);
    }
  }

  private static double[] doubles(SafeTensors.File file, SafeTensors.TensorInfo info) {
    if (info.type() == SafeTensors.DType.F64) {
      return file.doubles(info.name());
    }
    float[] floats = file.floats(info.name());
    double[] values = new double[floats.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = floats[i];
    }
    return values;
  }
}
