package org.bhn.bench;

import java.util.concurrent.TimeUnit;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One op at the sizes it has in {@link Work}, over and over on the same memory. An asynchronous
 * device is waited for once in 20 calls.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class OpBenchmark {
  private static final int CALLS = 20;

  /** A name of {@link OpWork}. */
  @Param("copy (roof)")
  public String op;

  private Backend backend;
  private Runnable call;

  /** Makes the op's tensors. */
  @Setup(Level.Trial)
  public void open() {
    backend = Backends.best();
    call = OpWork.of(backend, op).call();
  }

  /** Frees them. */
  @TearDown(Level.Trial)
  public void close() {
    backend.close();
  }

  /** The op. */
  @Benchmark
  @OperationsPerInvocation(CALLS)
  public void run() {
    for (int i = 0; i < CALLS; i++) {
      call.run();
      backend.pool().reset(); // some ops take work memory, as in a step
    }
    backend.sync();
  }
}
