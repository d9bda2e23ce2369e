package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Packed products against sums in double. */
class PackedMatrixTest {
  /** Half a unit in the last place of bf16's 8 bits, for each of two factors. */
  private static final double BF16 = 2 * 0x1p-9;

  private Backend backend;

  @BeforeEach
  void open() {
    backend = Backends.best();
  }

  @AfterEach
  void close() {
    backend.close();
  }

  private static float[] random(int size, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) (2 * random.nextDouble() - 1);
    }
    return values;
  }

  private Tensor tensor(float[] values, int rows, int columns) {
    Tensor t = backend.allocate(DType.REAL, rows, columns);
    backend.upload(t, values);
    return t;
  }

  private float[] product(PackedMatrix packed, float[] x, int rows, int inputs, int outputs) {
    Tensor y = backend.allocate(DType.REAL, rows, outputs);
    packed.product(y, tensor(x, rows, inputs));
    float[] out = new float[rows * outputs];
    backend.download(y, out);
    return out;
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "3, 7, 5", "1, 17, 33", "40, 10, 800", "257, 65, 31", "64, 64, 64"})
  void bothPrecisionsAreWithinTheirRounding(int rows, int outputs, int inputs) {
    float[] x = random(rows * inputs, 1);
    float[] v = random(outputs * inputs, 2);
    for (Precision precision : Precision.values()) {
      double unit = precision == Precision.STRICT ? inputs * 0x1p-24 : BF16 + inputs * 0x1p-24;
      float[] y;
      try (PackedMatrix packed = backend.pack(tensor(v, outputs, inputs), precision)) {
        y = product(packed, x, rows, inputs, outputs);
      }
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < outputs; j++) {
          double sum = 0;
          double size = 0;
          for (int k = 0; k < inputs; k++) {
            double term = (double) x[i * inputs + k] * v[j * inputs + k];
            sum += term;
            size += Math.abs(term);
          }
          assertEquals(sum, y[i * outputs + j], 2 * unit * size + 1e-30, precision + " " + i);
        }
      }
    }
  }

  @Test
  void aRowsProductDoesNotDependOnTheRowsBesideIt() {
    int inputs = 100;
    int outputs = 50;
    float[] x = random(70 * inputs, 3);
    for (Precision precision : Precision.values()) {
      Tensor v = tensor(random(outputs * inputs, 4), outputs, inputs);
      try (PackedMatrix packed = backend.pack(v, precision)) {
        float[] all = product(packed, x, 70, inputs, outputs);
        for (int rows : new int[] {1, 2, 33}) {
          float[] some = product(packed, Arrays.copyOf(x, rows * inputs), rows, inputs, outputs);
          float[] expected = Arrays.copyOf(all, rows * outputs);
          if (backend.device() == Device.CUDA) {
            // By the sizes cuBLAS chooses the order of sums, and whether TF32 is worth it.
            float each = precision == Precision.FAST ? 0x1p-12f : 0x1p-20f;
            assertArrayEquals(expected, some, inputs * each, precision + " " + rows);
          } else {
            assertArrayEquals(expected, some, precision + " " + rows);
          }
        }
      }
    }
  }

  @Test
  void thePackedValuesStayWhenTheMatrixChanges() {
    Tensor v = tensor(new float[] {1, 2, 3, 4}, 2, 2);
    try (PackedMatrix packed = backend.pack(v, Precision.STRICT)) {
      if (backend.device() == Device.JAVA) {
        return; // plain Java multiplies by the matrix itself
      }
      backend.fill(v, 0);
      assertArrayEquals(new float[] {5, 11}, product(packed, new float[] {1, 2}, 1, 2, 2));
    }
  }

  @Test
  void whatIsClosedServesAnotherAndIsRefused() {
    float[] x = {1, 2};
    Tensor first = tensor(new float[] {1, 2, 3, 4}, 2, 2);
    Tensor second = tensor(new float[] {5, 6, 7, 8}, 2, 2);
    Tensor wide = tensor(new float[] {1, 2, 0, 3, 4, 0}, 2, 3).columns(0, 2);
    for (Precision precision : Precision.values()) {
      for (int again = 0; again < 3; again++) {
        PackedMatrix closed = backend.pack(first, precision);
        try (PackedMatrix open = backend.pack(second, precision)) {
          assertArrayEquals(new float[] {5, 11}, product(closed, x, 1, 2, 2));
          closed.close();
          closed.close();
          try (PackedMatrix other = backend.pack(wide, precision)) {
            assertArrayEquals(new float[] {5, 11}, product(other, x, 1, 2, 2));
            assertArrayEquals(new float[] {17, 23}, product(open, x, 1, 2, 2));
            if (backend.device() == Device.CPU) {
              assertThrows(IllegalStateException.class, () -> product(closed, x, 1, 2, 2));
            }
          }
        }
      }
    }
  }

  @Test
  void manyNumbersOfRowsAndSizesAreServed() {
    for (int size = 1; size <= 20; size++) {
      Tensor v = tensor(random(size * 3, size), size, 3);
      for (int again = 0; again < 2; again++) {
        try (PackedMatrix packed = backend.pack(v, Precision.STRICT)) {
          float[] x = random(40 * 3, 7);
          float[] all = product(packed, x, 40, 3, size);
          for (int rows = 1; rows <= 40; rows++) {
            float[] some = product(packed, Arrays.copyOf(x, rows * 3), rows, 3, size);
            assertArrayEquals(Arrays.copyOf(all, rows * size), some, 1e-5f, size + " " + rows);
          }
        }
      }
    }
  }

  @Test
  void wrongShapesAreNamed() {
    try (PackedMatrix packed = backend.pack(tensor(random(12, 5), 3, 4), Precision.STRICT)) {
      Tensor y = backend.allocate(DType.REAL, 2, 3);
      Tensor x = backend.allocate(DType.REAL, 2, 5);
      Exception e = assertThrows(IllegalArgumentException.class, () -> packed.product(y, x));
      assertTrue(e.getMessage().contains("5"), e.getMessage());
    }
  }

  /** What a call uses cannot be closed by another thread while it runs. */
  @Test
  void itStaysWhileAnotherThreadIsInItsBackend() throws Exception {
    AbstractBackend own = (AbstractBackend) backend;
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    PackedMatrix packed = backend.pack(tensor(random(12, 1), 3, 4), Precision.STRICT);
    assumeTrue(packed instanceof LentMatrix, "others hold nothing that a call prepares");
    Thread other =
        Thread.ofPlatform()
            .start(
                () ->
                    own.immediate(
                        () -> {
                          inside.countDown();
                          try {
                            leave.await();
                          } catch (InterruptedException e) {
                            throw new AssertionError(e);
                          }
                        }));
    inside.await();
    try {
      String message = assertThrows(IllegalStateException.class, packed::close).getMessage();
      assertTrue(message.contains("in use by thread"), message);
    } finally {
      leave.countDown();
      other.join();
    }
    packed.close();
  }
}
