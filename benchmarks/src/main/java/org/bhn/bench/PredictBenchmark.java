package org.bhn.bench;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Precision;
import org.bhn.predict.Predictive;
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

/** Posterior prediction: 10,000 images, 100 draws of the weights, all statistics. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 1)
@Measurement(iterations = 5)
@Fork(1)
public class PredictBenchmark {
  /** Images. */
  @Param("10000")
  public int rows;

  /** Draws of the weights. */
  @Param("100")
  public int samples;

  /** How products are computed. */
  @Param({"STRICT", "FAST"})
  public Precision precision;

  private Backend backend;
  private Bhn model;
  private float[] images;

  /** Builds the model and draws the images. */
  @Setup(Level.Trial)
  public void open() {
    backend = Backends.best();
    model = Work.model(backend, Work.FLOW_STEPS).precision(precision);
    SplittableRandom random = new SplittableRandom(1);
    images = new float[rows * Work.PIXELS];
    for (int i = 0; i < images.length; i++) {
      images[i] = (float) random.nextDouble();
    }
  }

  /** Frees them. */
  @TearDown(Level.Trial)
  public void close() {
    model.close();
    backend.close();
  }

  /** The prediction. */
  @Benchmark
  public Predictive predict() {
    return model.predict(images, samples);
  }
}
