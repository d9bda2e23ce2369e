package org.bhn.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.bhn.io.SafeTensors.TensorInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostileSafeTensorsTest {
  @TempDir Path dir;

  static Path file(Path dir, String header, byte[] data) throws IOException {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return file(dir, text.length, text, data);
  }

  private static Path file(Path dir, long length, byte[] header, byte[] data) throws IOException {
    ByteBuffer all =
        ByteBuffer.allocate(8 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
    return Files.write(dir.resolve("hostile"), all.putLong(length).put(header).put(data).array());
  }

  /** Every header but the first few is one edit away from this valid one of 8 bytes of data. */
  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[]                                                          | does not start with {",
        "{\"a\":1}                                                   | START_OBJECT is expected",
        "{\"a\":[]}                                                  | START_OBJECT is expected",
        "{\"a\":{}}                                                  | needs dtype",
        "{\"a\"                                                     | not valid JSON",
        "{}                                                          | trailing bytes",
        "{} {}                                                       | after the end",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} | a: occurs twice",
        "{\"a\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[0,8]}}   | \"F16\" is none of",
        "{\"a\":{\"dtype\":\"f32\",\"shape\":[2],\"data_offsets\":[0,8]}}   | \"f32\" is none of",
        "{\"a\":{\"dtype\":3,\"shape\":[2],\"data_offsets\":[0,8]}}         | VALUE_STRING is",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}   | needs 12 bytes",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}  | negative",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}} | VALUE_NUMBER_INT",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}     | START_ARRAY is",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[[2]],\"data_offsets\":[0,8]}} | VALUE_NUMBER_INT",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}"
            + " | overflows",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905],\"data_offsets\":[0,4]}}"
            + " | overflows",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}"
            + " | overflows",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}   | out of order",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}  | out of order",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,9]}} | more than 2",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8]}}     | two data_offsets",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}   | a gap or an overlap",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}   | trailing bytes",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}  | truncated",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}"
            + " | b: starts at byte 4",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}} | field \"x\"",
        "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"
            + " | field \"dtype\" occurs twice",
        "{\"__metadata__\":{\"k\":1}}                                | VALUE_STRING is expected",
        "{\"__metadata__\":{\"k\":\"\",\"k\":\"\"}}                   | __metadata__/k: occurs"
            + " twice",
        "{\"__metadata__\":{},\"__metadata__\":{}}                    | occurs twice",
        "{\"__metadata__\":null}                                     | START_OBJECT is expected",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,NaN]}} | not valid JSON",
      })
  void aBadHeaderIsNamed(String header, String expected) throws IOException {
    Path file = file(dir, header, new byte[8]);
    String message = assertThrows(FormatException.class, () -> SafeTensors.open(file)).getMessage();
    assertTrue(message.contains(expected), message);
    assertTrue(message.startsWith(file.toString()), message);
  }

  @Test
  void aLengthIsCheckedBeforeItIsAllocated() throws IOException {
    byte[] header = "{}".getBytes(StandardCharsets.UTF_8);
    long[] lengths = {
      0, 1, 3, 4, 1 << 20, 100_000_001, Integer.MAX_VALUE, Long.MAX_VALUE, -1, Long.MIN_VALUE
    };
    for (long length : lengths) {
      Path file = file(dir, length, header, new byte[0]);
      String message =
          assertThrows(FormatException.class, () -> SafeTensors.open(file)).getMessage();
      assertTrue(message.contains("header length"), message);
    }
  }

  @Test
  void invalidUtf8DeepNestingAndLongShapesAreRefused() throws IOException {
    byte[] bad = "{\"a\":1}".getBytes(StandardCharsets.UTF_8);
    bad[2] = (byte) 0xff;
    Path notUtf8 = file(dir, bad.length, bad, new byte[0]);
    assertThrows(FormatException.class, () -> SafeTensors.open(notUtf8));
    Path deep = file(dir, "{\"a\":" + "[".repeat(100_000), new byte[0]);
    assertThrows(FormatException.class, () -> SafeTensors.open(deep));
    String ones = "1,".repeat(100_000) + "1";
    Path wide =
        file(
            dir,
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[" + ones + "],\"data_offsets\":[0,1]}}",
            new byte[1]);
    String message = assertThrows(FormatException.class, () -> SafeTensors.open(wide)).getMessage();
    assertTrue(message.contains("more than 64"), message);
  }

  @Test
  void everyTruncationIsAFormatException() throws IOException {
    byte[] whole = sample();
    for (int n = 0; n < whole.length; n++) {
      Path file = Files.write(dir.resolve("cut"), Arrays.copyOf(whole, n));
      assertThrows(FormatException.class, () -> SafeTensors.open(file), "cut to " + n);
    }
    Path longer = Files.write(dir.resolve("cut"), Arrays.copyOf(whole, whole.length + 1));
    assertThrows(FormatException.class, () -> SafeTensors.open(longer));
  }

  @Test
  void flippedBytesAreAFormatExceptionOrAValidFile() throws IOException {
    byte[] whole = sample();
    Random random = new Random(11);
    int rejected = 0;
    for (int trial = 0; trial < 5000; trial++) {
      byte[] bytes = whole.clone();
      int flips = 1 + random.nextInt(3);
      for (int k = 0; k < flips; k++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      Path file = Files.write(dir.resolve("flip"), bytes);
      try (SafeTensors.File f = SafeTensors.open(file)) {
        for (TensorInfo info : f.tensors().values()) {
          assertEquals(info.end() - info.begin(), f.map(info.name()).byteSize());
          read(f, info);
        }
      } catch (FormatException e) {
        rejected++;
      }
    }
    assertTrue(rejected > 1000 && rejected < 5000, "rejected " + rejected);
  }

  private static void read(SafeTensors.File f, TensorInfo info) {
    int n =
        switch (info.type()) {
          case F32 -> f.floats(info.name()).length;
          case F64 -> f.doubles(info.name()).length;
          case I32 -> f.ints(info.name()).length;
          case I64 -> f.longs(info.name()).length;
          case U8 -> f.bytes(info.name()).length;
        };
    assertEquals(info.elements(), n);
  }

  private byte[] sample() throws IOException {
    Path file = dir.resolve("sample");
    new SafeTensors.Writer()
        .add("w", new float[] {1, 2, 3, 4, 5, 6}, 2, 3)
        .add("d", new double[] {1}, 1)
        .add("i", new int[] {1, 2}, 2)
        .add("l", new long[] {1}, 1)
        .add("u", new byte[] {1, 2, 3}, 3)
        .metadata("k", "v")
        .write(file);
    return Files.readAllBytes(file);
  }
}
