package org.bhn.bench;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.data.Dataset;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A training as a user's {@code fit} runs it, start included: {@link #epochs} epochs of {@link
 * #STEPS} steps.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2)
@Measurement(iterations = 7)
@Fork(1)
public class TrainStepBenchmark {
  static final int STEPS = 100;

  /** Examples a step. */
  @Param({"32", "128"})
  public int batch;

  /** Steps of IAF. */
  @Param({"8", "0"})
  public int flowSteps;

  /** Weight samples a step. */
  @Param("1")
  public int samples;

  /** Passes over the data. */
  @Param("3")
  public int epochs;

  private Backend backend;
  private Bhn model;
  private Dataset data;

  /** Builds the model and draws the data. */
  @Setup(Level.Trial)
  public void open() {
    backend = Backends.best();
    model = Work.model(backend, flowSteps);
    int rows = STEPS * batch;
    SplittableRandom random = new SplittableRandom(1);
    float[] x = new float[rows * Work.PIXELS];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextDouble();
    }
    int[] labels = random.ints(rows, 0, Work.CLASSES).toArray();
    data = Dataset.classification(x, Work.PIXELS, labels, Work.CLASSES);
  }

  /** Frees them. */
  @TearDown(Level.Trial)
  public void close() {
    model.close();
    backend.close();
  }

  /** A training. */
  @Benchmark
  public void fit() {
    model.fit(data, Work.fit(epochs, batch, samples));
  }
}
