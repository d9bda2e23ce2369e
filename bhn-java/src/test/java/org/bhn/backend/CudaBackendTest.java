package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.bhn.nativelib.NativeException;
import org.bhn.nativelib.Status;
import org.bhn.nativelib.gen.bhn.BhnC;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** What only a CUDA device has: memory of its own, late errors, graphs, streams. */
class CudaBackendTest {
  private CudaBackend backend;

  @BeforeEach
  void open() {
    Assumptions.assumeTrue(
        BackendsUnderTest.twins().stream().anyMatch(s -> s.name().equals("cuda")),
        BackendsUnderTest.missing());
    backend = CudaBackend.open();
  }

  @AfterEach
  void close() {
    if (backend != null) {
      backend.close();
    }
  }

  private Tensor zeros(int... shape) {
    return backend.allocate(DType.REAL, shape);
  }

  private Tensor real(double... values) {
    return new TestTensors(backend).real(values);
  }

  private double[] read(Backend from, Tensor t) {
    return new TestTensors(from).read(t);
  }

  /** Records {@code x += 1}. */
  private CudaCallList increment(Backend on, Tensor x, Tensor one) {
    CallList calls = on.record();
    try {
      on.axpy(x, one, 1);
    } finally {
      on.stopRecording();
    }
    return (CudaCallList) calls;
  }

  // ---- memory ----

  @Test
  void javaCannotReadTheDevicesMemory() {
    Tensor t = zeros(3);
    NativeBuffer buffer = (NativeBuffer) t.buffer();
    assertEquals(0, NativeBuffer.address(t).byteSize());
    assertEquals(0, NativeBuffer.address(t.view(2, 1)).byteSize());
    assertThrows(IllegalStateException.class, () -> buffer.real(0));
    assertThrows(IllegalStateException.class, () -> buffer.integer(0));
  }

  @Test
  void transfersAreCutIntoPieces() {
    int columns = 300_001; // several pieces, the last one short
    float[] values = new float[2 * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    for (int ld : new int[] {columns, columns + 3}) {
      Tensor view = zeros(2, ld).columns(0, columns);
      backend.upload(view, values);
      float[] back = new float[values.length];
      backend.download(view, back);
      assertArrayEquals(values, back);
    }
  }

  @Test
  void memoryThatIsNotThereIsNamedAndTheContextGoesOn() {
    List<Tensor> held = new ArrayList<>();
    NativeException e =
        assertThrows(
            NativeException.class,
            () -> {
              while (held.size() < 64) { // half a terabyte
                held.add(zeros(Integer.MAX_VALUE));
              }
            });
    assertEquals(Status.OUT_OF_MEMORY, e.status());
    String asked = Long.toString(4L * Integer.MAX_VALUE);
    assertTrue(e.getMessage().contains("bytes = " + asked), e.getMessage());
    assertTrue(e.getMessage().contains("free of"), e.getMessage());
    held.forEach(backend::release);
    assertArrayEquals(new double[] {1, 2}, read(backend, real(1, 2)));
  }

  // ---- late errors ----

  @Test
  void aBadIndexIsReportedAtTheNextWaitAndThenForgotten() {
    TestTensors t = new TestTensors(backend);
    Tensor y = zeros(2, 1);
    backend.gather(y, zeros(3, 1), t.ints(0, 3), t.counter(0));
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> read(backend, y));
    assertTrue(e.getMessage().contains("order[cursor + 1] = 3"), e.getMessage());
    backend.sync();
    assertArrayEquals(new double[] {5}, read(backend, real(5)));
  }

  // ---- products ----

  /** (1 + 2^-12)^2 needs 24 bits; TF32 has 10. */
  @Test
  void strictProductsKeepEveryBitBeforeAndAfterFastOnes() {
    double x = 1 + 0x1p-12;
    double exact = (float) (x * x);
    Tensor a = zeros(1, 1);
    backend.upload(a, new double[] {x});
    Tensor y = zeros(1, 1);
    try (PackedMatrix strict = backend.pack(a, Precision.STRICT);
        PackedMatrix fast = backend.pack(a, Precision.FAST)) {
      strict.product(y, a);
      assertEquals(exact, backend.item(y, 0));
      fast.product(y, a);
      assertEquals(exact, backend.item(y, 0), 0x1p-10);
      if (Boolean.getBoolean("bhn.test.emulated")) {
        assertEquals(1, backend.item(y, 0));
      }
      strict.product(y, a);
      assertEquals(exact, backend.item(y, 0));
      backend.matmul(y, a, a, false, true, 0);
      assertEquals(exact, backend.item(y, 0));
    }
  }

  // ---- graphs ----

  @Test
  void aRecordingBecomesAGraph() {
    Tensor x = zeros(3);
    CudaCallList calls = increment(backend, x, real(1, 2, 3));
    assertFalse(calls.isGraph());
    for (int i = 0; i < 10; i++) {
      calls.run();
      assertTrue(calls.isGraph());
    }
    assertArrayEquals(new double[] {11, 22, 33}, read(backend, x));
  }

  @Test
  void aProductIsPartOfAGraph() {
    Tensor a = real(1, 2, 3, 4).reshape(2, 2);
    Tensor c = zeros(2, 2);
    CudaCallList calls = (CudaCallList) backend.record();
    backend.matmul(c, a, a, false, false, 1);
    backend.stopRecording();
    calls.run();
    calls.run();
    assertTrue(calls.isGraph());
    assertArrayEquals(new double[] {21, 30, 45, 66}, read(backend, c));
  }

  @Test
  void aGraphRefusesMemoryThatWasFreedAndSurvivesTheFreeingOfOther() {
    Tensor x = zeros(1);
    Tensor one = real(1);
    Tensor other = zeros(1);
    CudaCallList calls = increment(backend, x, one);
    calls.run();
    backend.release(other);
    calls.run();
    assertTrue(calls.isGraph());
    assertArrayEquals(new double[] {3}, read(backend, x));
    backend.release(one);
    assertThrows(IllegalStateException.class, calls::run);
    assertThrows(IllegalStateException.class, calls::run);
    assertArrayEquals(new double[] {3}, read(backend, x));
  }

  @Test
  void whatCannotBeCapturedRunsOneByOne() {
    Tensor x = zeros(1);
    Tensor one = real(1);
    CudaCallList calls = (CudaCallList) backend.record();
    backend.axpy(x, one, 1);
    backend.submit("wait", () -> NativeContext.check(BhnC.bhn_context_sync(backend.context)));
    backend.stopRecording();
    for (int i = 0; i < 3; i++) {
      calls.run();
      assertFalse(calls.isGraph());
    }
    assertArrayEquals(new double[] {4}, read(backend, x));
    CudaCallList next = increment(backend, x, one);
    next.run();
    assertTrue(next.isGraph());
    assertArrayEquals(new double[] {6}, read(backend, x));
  }

  /** To open or close cuBLAS is to wait for the device, which no capture bears. */
  @Test
  void anotherThreadsBackendsLeaveACaptureAlone() throws Exception {
    Tensor x = zeros(1);
    Tensor one = real(1);
    List<Throwable> problems = Collections.synchronizedList(new ArrayList<>());
    List<Thread> threads = new ArrayList<>();
    CudaCallList calls = (CudaCallList) backend.record();
    backend.axpy(x, one, 1);
    backend.submit(
        "meanwhile",
        () -> {
          Thread other = new Thread(() -> CudaBackend.open().close());
          other.setUncaughtExceptionHandler((thread, e) -> problems.add(e));
          other.start();
          threads.add(other);
          try {
            other.join(300); // it cannot end before a capture has
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        });
    backend.stopRecording();
    calls.run();
    assertTrue(calls.isGraph());
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(List.of(), problems);
    assertArrayEquals(new double[] {2}, read(backend, x));
  }

  /** A virtual thread may go on in another thread of the system wherever it waits. */
  @Test
  void aVirtualThreadCaptures() throws Exception {
    Tensor x = zeros(1);
    Tensor one = real(1);
    for (int i = 0; i < 10; i++) {
      CudaCallList calls = (CudaCallList) backend.record();
      backend.axpy(x, one, 1);
      backend.submit(
          "wait",
          () -> {
            Thread.startVirtualThread(CudaBackendTest::busy); // takes what this one leaves
            LockSupport.parkNanos(2_000_000);
          });
      backend.stopRecording();
      Thread.ofVirtual().start(calls::run).join();
      assertTrue(calls.isGraph());
      calls.close();
    }
    assertArrayEquals(new double[] {20}, read(backend, x));
  }

  private static void busy() {
    long start = System.nanoTime();
    while (System.nanoTime() - start < 20_000_000) {
      Thread.onSpinWait();
    }
  }

  @Test
  @EnabledIfSystemProperty(
      named = "bhn.test.emulated",
      matches = "true",
      disabledReason = "fills the device's memory")
  void aGraphThatFindsNoRoomRunsOneByOne() {
    Tensor x = zeros(1);
    Tensor one = real(1);
    CudaCallList calls = increment(backend, x, one);
    Tensor rest = backend.allocate(DType.REAL, (int) (backend.freeMemory() / Float.BYTES));
    for (int i = 0; i < 3; i++) {
      calls.run();
      assertFalse(calls.isGraph());
    }
    backend.release(rest);
    assertArrayEquals(new double[] {4}, read(backend, x));
    CudaCallList next = increment(backend, x, one);
    next.run();
    assertTrue(next.isGraph());
  }

  @Test
  void aClosedRecordingIsRefusedAndItsGraphIsGone() {
    Tensor x = zeros(1);
    CudaCallList calls = increment(backend, x, real(1));
    calls.run();
    calls.close();
    assertFalse(calls.isGraph());
    assertThrows(IllegalStateException.class, calls::run);
    calls.close();
    assertArrayEquals(new double[] {2}, read(backend, x));
  }

  @Test
  void graphsEndWithTheirBackend() {
    Backend fork = backend.fork();
    CudaCallList calls = increment(fork, zeros(1), real(1));
    calls.run();
    fork.close();
    assertFalse(calls.isGraph());
    assertThrows(IllegalStateException.class, calls::run);
    calls.close();
  }

  // ---- forks ----

  @Test
  void aForkSeesWhatWasWrittenBeforeItAndLaterWhatWasWaitedFor() {
    Tensor x = zeros(1);
    backend.fill(x, 1);
    try (Backend fork = backend.fork()) {
      assertArrayEquals(new double[] {1}, read(fork, x));
      backend.fill(x, 2);
      backend.sync();
      assertArrayEquals(new double[] {2}, read(fork, x));
      fork.fill(x, 3);
      fork.sync();
      assertArrayEquals(new double[] {3}, read(backend, x));
    }
    assertArrayEquals(new double[] {3}, read(backend, x));
  }
}
