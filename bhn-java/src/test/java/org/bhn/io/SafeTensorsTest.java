package org.bhn.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bhn.io.SafeTensors.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class SafeTensorsTest {
  @TempDir Path dir;

  @Test
  void everyTypeComesBackBitForBit() {
    Random random = new Random(1);
    int n = 600_007; // several chunks of each type, and a partial one
    int[] ints = random.ints(n).toArray();
    long[] longs = random.longs(n).toArray();
    byte[] bytes = new byte[n];
    random.nextBytes(bytes);
    Path file = dir.resolve("all.safetensors");
    new SafeTensors.Writer()
        .add("u8", bytes, n)
        .add("i32", ints, 1, n)
        .add("i64", longs, n)
        .add("f32", floats(ints), n, 1)
        .add("f64", doubles(longs), n)
        .write(file);
    try (SafeTensors.File f = SafeTensors.open(file)) {
      assertArrayEquals(ints, f.ints("i32"));
      assertArrayEquals(longs, f.longs("i64"));
      assertArrayEquals(bytes, f.bytes("u8"));
      assertArrayEquals(ints, bits(f.floats("f32")));
      assertArrayEquals(longs, bits(f.doubles("f64")));
      assertArrayEquals(new long[] {1, n}, f.info("i32").dimensions());
      MemorySegment mapped = f.map("f32");
      assertEquals(4L * n, mapped.byteSize());
      assertTrue(mapped.isReadOnly());
      for (int i = 0; i < n; i += 1009) {
        assertEquals(ints[i], mapped.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * i));
      }
    }
  }

  @Test
  void nanPayloadsSignedZerosAndDenormalsSurvive() {
    int[] patterns = {
      0x7f800001, 0x7fc00000, 0xffc12345, 0x7fffffff, 0x80000000, 1, 0x807fffff, 0x7f800000
    };
    long[] wide = {0x7ff0000000000001L, 0xfff8dead_beef0001L, 1L << 63, 1, 0x000fffffffffffffL};
    Path file = dir.resolve("bits.safetensors");
    new SafeTensors.Writer()
        .add("f", floats(patterns), patterns.length)
        .add("d", doubles(wide), wide.length)
        .write(file);
    try (SafeTensors.File f = SafeTensors.open(file)) {
      assertArrayEquals(patterns, bits(f.floats("f")));
      assertArrayEquals(wide, bits(f.doubles("d")));
    }
  }

  @Test
  void theLayoutIsTheOneOfTheFormat() throws IOException {
    Path file = dir.resolve("layout.safetensors");
    new SafeTensors.Writer()
        .add("b", new byte[] {7}, 1)
        .add("scalar", new float[] {1})
        .add("a", new double[] {2}, 1)
        .metadata("z", "last")
        .metadata("k", "v\"\n")
        .write(file);
    byte[] bytes = Files.readAllBytes(file);
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int header = (int) buffer.getLong(0);
    assertEquals(0, (8 + header) % 64);
    assertEquals(
        "{\"__metadata__\":{\"k\":\"v\\\"\\n\",\"z\":\"last\"},"
            + "\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]},"
            + "\"scalar\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[8,12]},"
            + "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[12,13]}}",
        new String(bytes, 8, header, StandardCharsets.UTF_8).stripTrailing());
    assertEquals(8 + header + 13, bytes.length);
    assertEquals(2.0, buffer.getDouble(8 + header));
    assertEquals(1f, buffer.getFloat(8 + header + 8));
    assertEquals(7, bytes[8 + header + 12]);
  }

  @Test
  void theBytesDoNotDependOnTheOrderOfTheCalls() throws IOException {
    Path one = dir.resolve("one");
    Path two = dir.resolve("two");
    float[] x = {1, 2};
    long[] y = {3};
    new SafeTensors.Writer().add("x", x, 2).add("y", y, 1).add("w", x, 1, 2).write(one);
    new SafeTensors.Writer().add("w", x, 1, 2).add("y", y, 1).add("x", x, 2).write(two);
    assertEquals(-1, Files.mismatch(one, two));
  }

  @Test
  void emptyTensorsEmptyFilesAndOddNamesAreFine() {
    Path file = dir.resolve("odd");
    new SafeTensors.Writer().write(file);
    try (SafeTensors.File f = SafeTensors.open(file)) {
      assertEquals(Map.of(), f.tensors());
      assertEquals(Map.of(), f.metadata());
    }
    String name = "größe/\"\\\u0001\uD83D\uDE00";
    new SafeTensors.Writer()
        .add("none", new float[0], 3, 0, 5)
        .add("none2", new float[0], 0)
        .add(name, new int[] {5}, 1)
        .metadata("ключ", "值")
        .write(file);
    try (SafeTensors.File f = SafeTensors.open(file)) {
      assertEquals(0, f.floats("none").length);
      assertEquals(List.of(3L, 0L, 5L), f.info("none").shape());
      assertEquals(0, f.map("none2").byteSize());
      assertArrayEquals(new int[] {5}, f.ints(name));
      assertEquals(Map.of("ключ", "值"), f.metadata());
    }
  }

  @Test
  void nativeMemoryIsWrittenAndMappedBack() {
    Path file = dir.resolve("native");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(3 << 20);
      for (int i = 0; i < segment.byteSize(); i++) {
        segment.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31));
      }
      new SafeTensors.Writer().add("n", DType.F32, segment, 3 << 18).write(file);
      try (SafeTensors.File f = SafeTensors.open(file)) {
        assertEquals(-1, segment.mismatch(f.map("n")));
      }
    }
  }

  @Test
  void aFileOfAnotherWriterMayListTensorsInAnyOrderAndUnaligned() throws IOException {
    String header =
        """
        {"b":{"shape":[2],"data_offsets":[1,9],"dtype":"F32"},
         "a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}\
        """;
    byte[] data = new byte[9];
    data[0] = 9;
    ByteBuffer.wrap(data, 1, 8).order(ByteOrder.LITTLE_ENDIAN).putFloat(1.5f).putFloat(-2f);
    Path file = HostileSafeTensorsTest.file(dir, header, data);
    try (SafeTensors.File f = SafeTensors.open(file)) {
      assertEquals(List.of("a", "b"), List.copyOf(f.tensors().keySet()));
      assertArrayEquals(new float[] {1.5f, -2f}, f.floats("b"));
      assertEquals(-2f, f.map("b").get((ValueLayout.OfFloat) DType.F32.layout(), 4));
    }
  }

  @Test
  void offsetsBeyondTwoGigabytesWork() throws IOException {
    long big = 3_000_000_000L;
    String header =
        """
        {"big":{"dtype":"U8","shape":[3000000000],"data_offsets":[0,3000000000]},
         "end":{"dtype":"F32","shape":[2],"data_offsets":[3000000000,3000000008]}}\
        """;
    Path file = HostileSafeTensorsTest.file(dir, header, new byte[0]);
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      long data = raw.length();
      raw.setLength(data + big + 8); // sparse: takes no space
      raw.seek(data + big - 1);
      raw.write(new byte[] {5, 0, 0, (byte) 0x80, 0x3f, 0, 0, 0, 0x40});
    }
    try (SafeTensors.File f = SafeTensors.open(file)) {
      assertArrayEquals(new float[] {1, 2}, f.floats("end"));
      assertEquals(5, f.map("big").get(ValueLayout.JAVA_BYTE, big - 1));
      fails("do not fit a Java array", () -> f.bytes("big"));
    }
  }

  @Test
  void askingForTheWrongThingNamesFileAndTensor() {
    Path file = dir.resolve("wrong.safetensors");
    new SafeTensors.Writer().add("w", new float[6], 2, 3).write(file);
    try (SafeTensors.File f = SafeTensors.open(file)) {
      assertEquals("w", f.require("w", DType.F32, 2, 3).name());
      fails("wrong.safetensors: v: no such tensor; the file holds [w]", () -> f.floats("v"));
      fails("w: holds F32, not F64", () -> f.doubles("w"));
      fails("F32[2, 3] where F32[3, 2]", () -> f.require("w", DType.F32, 3, 2));
      fails("F32[2, 3] where I32[2, 3]", () -> f.require("w", DType.I32, 2, 3));
    }
    unreadable(dir.resolve("absent"), "there is no such file; check the path");
    unreadable(dir, "it is a directory; pass the path of a file");
  }

  @Test
  void theWriterRefusesWhatItCouldNotReadBack() {
    SafeTensors.Writer w = new SafeTensors.Writer().add("a", new float[2], 2).metadata("m", "");
    refuses("taken", () -> w.add("a", new float[2], 2));
    refuses("taken", () -> w.metadata("m", ""));
    refuses("empty", () -> w.add("", new float[2], 2));
    refuses("too long", () -> w.add("n".repeat(5000), new float[2], 2));
    refuses("surrogate", () -> w.add("\uD83D", new float[2], 2));
    refuses("surrogate", () -> w.metadata("s", "\uDE00"));
    refuses("reserved", () -> w.add("__metadata__", new float[2], 2));
    refuses("[3] does not hold 2", () -> w.add("b", new float[2], 3));
    refuses("does not hold 2", () -> w.add("b", new float[2]));
    refuses("does not hold 0", () -> w.add("b", new float[0], -1, 0));
    refuses("does not hold 0", () -> w.add("b", new float[0], 1L << 32, 1L << 32));
    refuses("multiple of 4", () -> w.add("b", DType.F32, MemorySegment.ofArray(new byte[6]), 1));
    Path nowhere = dir.resolve("absent/file");
    UncheckedIOException e = assertThrows(UncheckedIOException.class, () -> w.write(nowhere));
    assertTrue(e.getMessage().startsWith("cannot write " + nowhere + ": "), e.getMessage());
  }

  private static void fails(String expected, Executable call) {
    String message = assertThrows(FormatException.class, call).getMessage();
    assertTrue(message.contains(expected), message);
  }

  private static void refuses(String expected, Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.contains(expected), message);
  }

  private static float[] floats(int[] bits) {
    float[] values = new float[bits.length];
    for (int i = 0; i < bits.length; i++) {
      values[i] = Float.intBitsToFloat(bits[i]);
    }
    return values;
  }

  private static double[] doubles(long[] bits) {
    double[] values = new double[bits.length];
    for (int i = 0; i < bits.length; i++) {
      values[i] = Double.longBitsToDouble(bits[i]);
    }
    return values;
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(values[i]);
    }
    return bits;
  }

  private static long[] bits(double[] values) {
    long[] bits = new long[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Double.doubleToRawLongBits(values[i]);
    }
    return bits;
  }

  private static void unreadable(Path file, String why) {
    UncheckedIOException e = assertThrows(UncheckedIOException.class, () -> SafeTensors.open(file));
    assertEquals("cannot read " + file + ": " + why, e.getMessage());
  }
}
