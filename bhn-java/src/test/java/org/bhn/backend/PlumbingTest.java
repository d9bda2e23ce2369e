package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bhn.backend.BackendsUnderTest.Subject;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Memory, transfers and liveness, on every backend. */
class PlumbingTest {
  private static final String SUBJECTS = "org.bhn.backend.BackendsUnderTest#all";

  private static void refused(String argument, Runnable call) {
    RuntimeException e = assertThrows(IllegalArgumentException.class, call::run);
    assertTrue(e.getMessage().contains(argument), e.getMessage());
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void transfersRoundTrip(Subject subject) {
    try (Backend b = subject.open()) {
      Tensor whole = b.allocate(DType.REAL, 4, 7);
      Tensor view = whole.rows(1, 3).columns(2, 5);
      b.upload(view, new float[] {1, 2, 3, 4, 5, 6.5f});
      double[] doubles = new double[6];
      float[] floats = new float[6];
      b.download(view, doubles);
      b.download(view, floats);
      assertArrayEquals(new double[] {1, 2, 3, 4, 5, 6.5}, doubles);
      assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6.5f}, floats);
      double[] all = new double[28];
      b.download(whole, all);
      double sum = 0;
      for (double x : all) {
        sum += x;
      }
      assertEquals(21.5, sum, "memory is zeroed and only the view is written");
      Tensor ints = b.allocate(DType.INT32, 3);
      b.upload(ints, new int[] {1, Integer.MIN_VALUE, 3});
      int[] back = new int[3];
      b.download(ints, back);
      assertArrayEquals(new int[] {1, Integer.MIN_VALUE, 3}, back);
      Tensor longs = b.allocate(DType.INT64, 3);
      b.upload(longs.view(1, 1), Long.MIN_VALUE);
      assertEquals(0, b.itemLong(longs));
      assertEquals(Long.MIN_VALUE, b.itemLong(longs.view(1, 1)));
      assertEquals(0, b.itemLong(longs.view(2, 1)));
      assertEquals(5, b.item(view.rows(1, 2), 1));
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void wrongTransfersAreRefused(Subject subject) {
    try (Backend b = subject.open();
        Backend other = subject.open()) {
      Tensor reals = b.allocate(DType.REAL, 2, 3);
      Tensor ints = b.allocate(DType.INT32, 2, 3);
      Tensor longs = b.allocate(DType.INT64, 2, 3);
      Tensor foreign = other.allocate(DType.REAL, 2, 3);
      for (Tensor bad : new Tensor[] {null, ints, longs, foreign}) {
        refused("to", () -> b.upload(bad, new float[6]));
        refused("to", () -> b.upload(bad, new double[6]));
        refused("from", () -> b.download(bad, new float[6]));
        refused("from", () -> b.download(bad, new double[6]));
        refused("from", () -> b.item(bad, 0));
      }
      refused("to", () -> b.upload(reals, new int[6]));
      refused("to", () -> b.upload(reals, 6L));
      refused("from", () -> b.download(longs, new int[6]));
      refused("from", () -> b.itemLong(ints));
      refused("to", () -> b.upload(ints.columns(0, 2), new int[4]));
      refused("to", () -> b.upload(longs.columns(0, 2), 4L));
      refused("from", () -> b.item(reals.columns(0, 2), 3));
      for (int n : new int[] {0, 5, 7, 1 << 20}) {
        refused("values", () -> b.upload(reals, new float[n]));
        refused("values", () -> b.upload(reals, new double[n]));
        refused("values", () -> b.upload(ints, new int[n]));
        refused("values", () -> b.download(reals, new float[n]));
        refused("values", () -> b.download(reals, new double[n]));
        refused("values", () -> b.download(ints, new int[n]));
      }
      refused("values", () -> b.upload(reals, (float[]) null));
      refused("values", () -> b.download(ints, (int[]) null));
      for (int i : new int[] {-1, 6, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
        refused("index", () -> b.item(reals, i));
      }
      refused("dtype", () -> b.allocate(null, 1));
      refused("shape", () -> b.allocate(DType.REAL, -1));
      refused("shape", () -> b.allocate(DType.REAL, 1 << 20, 1 << 20));
      refused("tensor", () -> b.release(null));
      refused("tensor", () -> b.release(foreign));
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void gradientsMustLieLikeTheirValues(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor v = t.zeros(3, 4);
      Tensor wide = t.zeros(3, 6).columns(0, 4);
      Tensor r = t.zeros(3);
      refused("dV", () -> b.weightNormBackward(wide, r, v, r));
      refused("dV", () -> b.weightNormBackward(v, r, v, r));
      b.weightNormBackward(t.zeros(1, 6).columns(0, 4), r.view(0, 1), v.rows(0, 1), r.view(0, 1));
      refused(
          "dG",
          () -> b.gainBackward(null, v, null, null, v, v, null, null, null, 3, Activation.RELU, 1));
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void outputsThatAreTheirOwnInputsAreRefused(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor x = t.zeros(3, 3);
      Tensor order = t.ints(0, 1, 2);
      refused("same memory", () -> b.matmul(x, x, t.zeros(3, 3), false, false, 0));
      refused("same memory", () -> b.matmul(x, t.zeros(3, 3), x, false, false, 1));
      refused("same memory", () -> b.permute(x, x, order));
      refused("same memory", () -> b.gather(x, x, order, t.counter(0)));
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void aClosedBackendRefusesEverything(Subject subject) {
    Backend b = subject.open();
    Tensor t = b.allocate(DType.REAL, 2);
    Backend fork = b.fork();
    CallList calls = fork.record();
    fork.fill(t, 1);
    fork.stopRecording();
    fork.close();
    assertThrows(IllegalStateException.class, calls::run);
    assertThrows(IllegalStateException.class, () -> fork.fill(t, 1));
    assertThrows(IllegalStateException.class, () -> fork.allocate(DType.REAL, 1));
    b.close();
    assertThrows(IllegalStateException.class, () -> b.fill(t, 1));
    assertThrows(IllegalStateException.class, () -> b.upload(t, new double[2]));
    assertThrows(IllegalStateException.class, () -> b.download(t, new double[2]));
    assertThrows(IllegalStateException.class, () -> b.item(t, 0));
    assertThrows(IllegalStateException.class, b::sync);
    assertThrows(IllegalStateException.class, b::fork);
    assertThrows(IllegalStateException.class, b::record);
    b.close();
  }
}
