package org.bhn.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class Cifar10Test {
  @TempDir Path dir;

  private Path records(String name, int... labels) throws IOException {
    byte[] bytes = new byte[labels.length * 3073];
    for (int i = 0; i < labels.length; i++) {
      bytes[3073 * i] = (byte) labels[i];
      bytes[3073 * i + 1] = (byte) 255;
      bytes[3073 * i + 3072] = (byte) (51 * labels[i]);
    }
    return Files.write(dir.resolve(name), bytes);
  }

  @Test
  void recordsKeepTheirOrderAcrossFiles() throws IOException {
    Dataset d = Cifar10.read(records("a", 3, 1), records("b", 5));
    assertEquals(3, d.rows());
    assertEquals(3072, d.columns());
    assertEquals(10, d.classes());
    assertEquals("[3, 1, 5]", Arrays.toString(d.labels()));
    float[] x = d.inputs();
    assertEquals(1f, x[0]);
    assertEquals(0f, x[1]);
    assertEquals(0.6f, x[3071]);
    assertEquals(1f, x[3072]);
    assertEquals(1f, x[3 * 3072 - 1]);
    assertEquals("truck", Cifar10.CLASSES.get(9));
  }

  @Test
  void theWholeSetIsSixFiles() throws IOException {
    for (int i = 1; i <= 5; i++) {
      records("data_batch_" + i + ".bin", i, i);
    }
    rejects("test_batch.bin: missing", () -> Cifar10.load(dir));
    records("test_batch.bin", 9);
    Cifar10 c = Cifar10.load(dir);
    assertEquals("[1, 1, 2, 2, 3, 3, 4, 4, 5, 5]", Arrays.toString(c.train().labels()));
    assertEquals(1, c.test().rows());
  }

  @Test
  void damagedFilesAreNamed() throws IOException {
    Path label = records("label", 1, 10);
    rejects("offset 3073: expected a label of 0..9, found 10", () -> Cifar10.read(label));
    Path cut = Files.write(dir.resolve("cut"), new byte[3073 + 5]);
    rejects(
        "offset 3073: expected records of 3073 bytes, found a rest of 5", () -> Cifar10.read(cut));
    Path empty = Files.write(dir.resolve("empty"), new byte[0]);
    rejects("offset 0", () -> Cifar10.read(empty));
  }

  private static void rejects(String expected, Executable call) {
    String message = assertThrows(DataException.class, call).getMessage();
    assertTrue(message.contains(expected), message);
  }
}
