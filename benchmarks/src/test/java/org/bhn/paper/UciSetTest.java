package org.bhn.paper;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.bhn.data.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A set of four rows, packed here, read back split by split. */
class UciSetTest {
  @TempDir Path directory;

  private static void entry(ByteArrayOutputStream tar, String name, String content) {
    byte[] header = new byte[512];
    byte[] bytes = content.getBytes(StandardCharsets.US_ASCII);
    put(header, 0, "toy/" + name);
    put(header, 124, "%011o".formatted(bytes.length));
    header[156] = '0';
    tar.writeBytes(header);
    tar.writeBytes(Arrays.copyOf(bytes, (bytes.length + 511) / 512 * 512));
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }

  private static byte[] archive() {
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    entry(tar, "data.txt", "1 10  2\n3 30 4\n 5 50 6\n\n7 70 8\n");
    entry(tar, "index_features.txt", "0\n2\n");
    entry(tar, "index_target.txt", "1\n");
    entry(tar, "index_train_0.txt", "2\n0\n3\n");
    entry(tar, "index_test_0.txt", "1\n");
    tar.writeBytes(new byte[1024]);
    return tar.toByteArray();
  }

  private void write(byte[] tar) throws IOException {
    Files.createDirectories(directory.resolve("uci"));
    try (OutputStream out =
        new GZIPOutputStream(Files.newOutputStream(directory.resolve("uci/toy.tar.gz")))) {
      out.write(tar);
    }
  }

  @Test
  void featuresTargetAndRowsAreThoseOfTheIndexFiles() throws IOException {
    write(archive());
    UciSet.Split split = UciSet.read(directory, "toy").split(0);
    assertArrayEquals(new float[] {5, 6, 1, 2, 7, 8}, split.train().inputs());
    assertArrayEquals(new float[] {50, 10, 70}, split.train().targets());
    assertArrayEquals(new float[] {3, 4}, split.test().inputs());
    assertArrayEquals(new float[] {30}, split.test().targets());
    UciSet.Split again = UciSet.read(directory.resolve("uci"), "toy").split(0);
    assertEquals(3, again.train().rows());
  }

  @Test
  void whatIsMissingOrDamagedIsNamed() throws IOException {
    assertMessage("uci/toy.tar.gz", () -> UciSet.read(directory, "toy"));
    write(archive());
    UciSet set = UciSet.read(directory, "toy");
    assertMessage("index_train_1.txt", () -> set.split(1));
    write(Arrays.copyOf(archive(), 530));
    assertMessage("ends inside", () -> UciSet.read(directory, "toy"));
    byte[] noTar = archive();
    put(noTar, 124, "hello");
    write(noTar);
    assertMessage("is it a tar", () -> UciSet.read(directory, "toy"));
  }

  private interface Wrong {
    void run() throws IOException;
  }

  private static void assertMessage(String part, Wrong wrong) {
    String message = assertThrows(DataException.class, wrong::run).getMessage();
    assertTrue(message.contains(part), message);
  }

  @Test
  void everyPublishedRowCoversEverySetItNames() {
    for (UciPublished.Row row : UciPublished.ROWS) {
      assertEquals(9, row.logLikelihood().size(), row.method());
      assertTrue(row.rmse().isEmpty() || row.rmse().size() == 9, row.method());
    }
    double[] energy = UciPublished.logLikelihoods("energy");
    assertEquals(-0.75, Arrays.stream(energy).max().orElseThrow());
    assertEquals(-2.04, Arrays.stream(energy).min().orElseThrow());
  }
}
