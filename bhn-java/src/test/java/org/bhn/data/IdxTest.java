package org.bhn.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxTest {
  @TempDir Path dir;

  private static byte[] idx(int type, int[] shape, byte... values) {
    ByteBuffer buffer = ByteBuffer.allocate(4 + 4 * shape.length + values.length);
    buffer.put((byte) 0).put((byte) 0).put((byte) type).put((byte) shape.length);
    for (int dimension : shape) {
      buffer.putInt(dimension);
    }
    return buffer.put(values).array();
  }

  private static byte[] zip(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  private Path file(byte[] bytes) throws IOException {
    return Files.write(dir.resolve("x.idx"), bytes);
  }

  private void rejects(String expected, byte[] bytes) throws IOException {
    Path file = file(bytes);
    String message = assertThrows(DataException.class, () -> Idx.read(file)).getMessage();
    assertTrue(message.startsWith(file.toString()) && message.contains(expected), message);
  }

  @Test
  void bytesAndShortsPlainAndZipped() throws IOException {
    byte[] bytes =
        idx(8, new int[] {2, 3}, (byte) 0, (byte) 1, (byte) 127, (byte) -128, (byte) -1, (byte) 51);
    for (byte[] content : new byte[][] {bytes, zip(bytes)}) {
      Idx idx = Idx.read(file(content));
      assertArrayEquals(new int[] {2, 3}, idx.shape());
      assertEquals(6, idx.size());
      assertArrayEquals(new int[] {0, 1, 127, 128, 255, 51}, idx.toInts());
      assertEquals(1f, idx.toFloats(255)[4]);
      assertEquals(0.2f, idx.toFloats(255)[5]);
    }
    byte[] shorts = idx(11, new int[] {3}, new byte[] {1, 2, -1, -1, -128, 0});
    for (byte[] content : new byte[][] {shorts, zip(shorts)}) {
      assertArrayEquals(new int[] {258, -1, -32768}, Idx.read(file(content)).toInts());
    }
    assertThrows(IndexOutOfBoundsException.class, () -> Idx.read(file(shorts)).get(3));
    assertThrows(UncheckedIOException.class, () -> Idx.read(dir.resolve("absent")));
    UncheckedIOException e = assertThrows(UncheckedIOException.class, () -> Idx.read(dir));
    assertEquals(
        "cannot read " + dir + ": it is a directory; pass the path of a file", e.getMessage());
  }

  @Test
  void everyTruncationIsNamed() throws IOException {
    byte[] plain = idx(11, new int[] {2, 3}, new byte[12]);
    for (int n = 0; n < plain.length; n++) {
      rejects("expected", Arrays.copyOf(plain, n));
      rejects("expected", zip(Arrays.copyOf(plain, n)));
    }
    byte[] zipped = zip(idx(8, new int[] {600}, new byte[600]));
    for (int n = 2; n < zipped.length; n++) {
      rejects("gzip", Arrays.copyOf(zipped, n));
    }
  }

  @Test
  void foreignAndOverlongFilesAreNamed() throws IOException {
    rejects("offset 0: expected two zero bytes", "GIF89a".getBytes());
    rejects("offset 2: expected type 8", idx(13, new int[] {1}, new byte[4]));
    rejects("offset 3: expected at least one dimension", idx(8, new int[0]));
    byte[] longer = idx(8, new int[] {2}, new byte[3]);
    rejects("offset 10: expected the end of the file, found more", longer);
    rejects("offset 10: expected the end of the file, found more", zip(longer));
    byte[] damaged = zip(idx(8, new int[] {600}, new byte[600]));
    damaged[damaged.length - 6] ^= 1;
    rejects("damaged gzip", damaged);
  }

  @Test
  void hugeDimensionsAreRefusedBeforeAnythingIsAllocated() throws IOException {
    int max = Integer.MAX_VALUE;
    for (int[] shape :
        new int[][] {{max}, {max, max, max}, {1 << 16, 1 << 16}, {-1}, {-1, -1}, {1 << 30}}) {
      rejects("offset 4: expected dimensions whose product fits", idx(8, shape, new byte[9]));
      rejects("offset 4: expected dimensions whose product fits", zip(idx(8, shape)));
    }
    int[] many = new int[255];
    Arrays.fill(many, 1000);
    rejects("offset 4", idx(8, many));
  }

  @Test
  void randomBytesAreADataExceptionOrAnArray() throws IOException {
    Random random = new Random(2);
    byte[] plain = idx(8, new int[] {3, 5}, new byte[15]);
    byte[] zipped = zip(plain);
    int rejected = 0;
    for (int trial = 0; trial < 4000; trial++) {
      byte[] bytes = (trial % 2 == 0 ? plain : zipped).clone();
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      Path file = file(bytes);
      try {
        Idx idx = Idx.read(file);
        assertEquals(idx.size(), idx.toInts().length);
      } catch (DataException e) {
        rejected++;
      }
    }
    assertTrue(rejected > 1000 && rejected < 4000, "rejected " + rejected);
  }

  @Test
  void realOutOfDistributionFiles() {
    Path ood = RealData.require("ood");
    Idx letters = Idx.read(ood.resolve("notmnist-10k-images-idx3-ubyte.gz"));
    assertArrayEquals(new int[] {10000, 28, 28}, letters.shape());
    Idx characters = Idx.read(ood.resolve("omniglot-background-characters-idx1-short.gz"));
    assertArrayEquals(new int[] {19280}, characters.shape());
    int[] count = new int[964];
    for (int c : characters.toInts()) {
      count[c]++;
    }
    assertTrue(Arrays.stream(count).allMatch(c -> c == 20), "20 images of each character");
  }
}
