package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** What the plain Java backend promises beyond its ops. */
class JavaBackendTest {
  @Test
  void floatsStayExactlyThoseNumbers() {
    try (Backend b = JavaBackend.open()) {
      Tensor t = b.allocate(DType.REAL, 2);
      b.upload(t, new float[] {0.1f, 1e-40f});
      double[] out = new double[2];
      b.download(t, out);
      assertArrayEquals(new double[] {0.1f, 1e-40f}, out);
      b.upload(t, new double[] {0.1, Math.PI});
      assertEquals(Math.PI, b.item(t, 1));
      float[] rounded = new float[2];
      b.download(t, rounded);
      assertArrayEquals(new float[] {0.1f, (float) Math.PI}, rounded);
    }
  }

  @Test
  void stridedViewsAreCopiedRowByRow() {
    try (Backend b = JavaBackend.open()) {
      Tensor whole = b.allocate(DType.REAL, 3, 5);
      Tensor view = whole.rows(1, 3).columns(2, 4);
      b.upload(view, new double[] {1, 2, 3, 4});
      double[] all = new double[15];
      b.download(whole, all);
      assertArrayEquals(new double[] {0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 3, 4, 0}, all);
      float[] back = new float[4];
      b.download(view, back);
      assertArrayEquals(new float[] {1, 2, 3, 4}, back);
    }
  }

  @Test
  void forksShareMemoryUntilWhoAllocatedItCloses() {
    Backend first = JavaBackend.open();
    Backend fork = first.fork();
    Tensor mine = first.allocate(DType.REAL, 1);
    Tensor theirs = fork.allocate(DType.REAL, 1);
    first.fill(mine, 3);
    fork.copy(theirs, mine);
    assertEquals(3, first.item(theirs, 0));
    fork.close();
    assertTrue(theirs.isStale());
    assertEquals(3, first.item(mine, 0));
    Backend second = first.fork();
    Tensor last = second.allocate(DType.REAL, 1);
    first.close();
    assertTrue(mine.isStale() && last.isStale());
    assertThrows(IllegalStateException.class, () -> second.fill(last, 1));
    assertThrows(IllegalStateException.class, () -> first.fill(mine, 1));
    assertThrows(IllegalStateException.class, first::fork);
    first.close();
  }

  @Test
  void releasedMemoryIsRefused() {
    try (Backend b = JavaBackend.open()) {
      Tensor t = b.allocate(DType.REAL, 4);
      Tensor view = t.view(1, 2);
      b.release(t);
      assertThrows(IllegalStateException.class, () -> b.fill(view, 1));
      assertThrows(IllegalStateException.class, () -> b.release(t));
      Tensor step = b.pool().take(3);
      b.fill(step, 1);
      b.pool().reset();
      assertThrows(IllegalStateException.class, () -> b.fill(step, 1));
    }
  }

  @Test
  void memoryThatTheHeapCannotHoldIsAnException() {
    try (Backend b = JavaBackend.open()) {
      RuntimeException e =
          assertThrows(
              IllegalStateException.class, () -> b.allocate(DType.REAL, Integer.MAX_VALUE));
      assertTrue(e.getMessage().contains("-Xmx"), e.getMessage());
    }
  }

  @Test
  void thePoolGivesTheSameMemoryAfterAReset() {
    try (Backend b = JavaBackend.open()) {
      List<Long> first = offsets(b);
      b.pool().reset();
      assertEquals(first, offsets(b));
    }
  }

  private static List<Long> offsets(Backend b) {
    List<Long> offsets = new ArrayList<>();
    for (int n = 1; n < 2000; n += 37) {
      Tensor t = b.pool().take(n);
      offsets.add(t.offset() + System.identityHashCode(t.buffer()) * 1_000_000_007L);
    }
    return offsets;
  }

  @Test
  void transfersAreNotRecorded() {
    try (Backend b = JavaBackend.open()) {
      Tensor t = b.allocate(DType.REAL, 1);
      CallList calls = b.record();
      b.fill(t, 1);
      b.upload(t, new double[] {2});
      assertEquals(2, b.item(t, 0));
      b.axpy(t, t, 1);
      b.stopRecording();
      assertEquals(2, calls.size());
      calls.run();
      assertEquals(2, b.item(t, 0));
    }
  }

  @Test
  void aSecondThreadInsideIsRefused() throws InterruptedException {
    try (Backend b = JavaBackend.open()) {
      Tensor t = b.allocate(DType.REAL, 600, 600);
      List<RuntimeException> refused = new ArrayList<>();
      Thread other =
          new Thread(
              () -> {
                for (int i = 0; i < 20_000 && refused.isEmpty(); i++) {
                  try {
                    b.fill(t, 1);
                  } catch (IllegalStateException e) {
                    refused.add(e);
                  }
                }
              });
      Tensor c = b.allocate(DType.REAL, 600, 600);
      other.start();
      while (other.isAlive()) {
        try {
          b.matmul(c, t, t, false, false, 0);
        } catch (IllegalStateException e) {
          assertTrue(e.getMessage().contains("fork()"), e.getMessage());
        }
      }
      other.join();
      assertTrue(!refused.isEmpty(), "20000 calls never met the other thread's");
    }
  }

  @Test
  void replaysAllocateNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long me = Thread.currentThread().threadId();
    try (Backend b = JavaBackend.open()) {
      for (OpCase op : OpCases.all()) {
        OpCase.Size size = op.sizes().get(Math.max(0, op.sizes().size() - 2));
        OpCall call = new OpCall(b, op, size, false);
        call.load(OpData.random(op, size, 1));
        CallList calls = b.record();
        call.run();
        b.stopRecording();
        long least = Long.MAX_VALUE;
        // The JVM itself allocates now and then, when it compiles or links: look three times.
        for (int round = 0; round < 3; round++) {
          long before = threads.getThreadAllocatedBytes(me);
          calls.run();
          least = Math.min(least, threads.getThreadAllocatedBytes(me) - before);
        }
        assertEquals(0, least, op + " allocates in a replay");
        call.close();
      }
    }
  }
}
