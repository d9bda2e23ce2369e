package org.bhn.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
  private static final String TEXT =
      """
      {
        "name": "a\\"\\\\\\nü",
        "count": 3,
        "big": -9223372036854775808,
        "rate": 0.1,
        "tiny": 4.9E-324,
        "on": true,
        "none": {},
        "nested": {
          "list": [ 1, 2.5, "x", [ ], false ]
        }
      }
      """;

  @Test
  void readsAndWritesTheSameText() {
    Object value = Json.parse(TEXT, "test");
    assertEquals(TEXT.replace("{}", "{ }"), Json.write(value));
    JsonObject object = JsonObject.of(value, "test");
    assertEquals("a\"\\\nü", object.string("name"));
    assertEquals(3, object.integer("count"));
    assertEquals(Long.MIN_VALUE, object.longInteger("big"));
    assertEquals(0.1, object.number("rate"));
    assertEquals(3.0, object.number("count"));
    assertEquals(Double.MIN_VALUE, object.number("tiny"));
    assertTrue(object.bool("on"));
    assertEquals(List.of(1L, 2.5, "x", List.of(), false), object.object("nested").list("list"));
  }

  @Test
  void doublesComeBackBitForBit() {
    Random random = new Random(3);
    for (int i = 0; i < 2000; i++) {
      double d = Double.longBitsToDouble(random.nextLong());
      if (Double.isFinite(d)) {
        assertEquals(d, Json.parse(Json.write(d), "test"));
      }
    }
    assertEquals(-0.0, Json.parse(Json.write(-0.0), "test"));
  }

  @Test
  void mapsWithoutAnOrderAreSortedAndOthersKeepTheirs() {
    Map<String, Object> hashed = new HashMap<>();
    Map<String, Object> linked = new LinkedHashMap<>();
    IntStream.range(0, 50).forEach(i -> hashed.put("k" + (i * 37 % 50), (long) i));
    linked.put("z", 1L);
    linked.put("a", 2);
    String sorted = Json.write(hashed);
    assertTrue(sorted.indexOf("\"k0\"") < sorted.indexOf("\"k1\""));
    assertTrue(sorted.indexOf("\"k10\"") < sorted.indexOf("\"k2\""));
    assertEquals(sorted, Json.write(Map.copyOf(hashed)));
    assertEquals("{\n  \"z\": 1,\n  \"a\": 2\n}\n", Json.write(linked));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "  ",
        "{",
        "[1,",
        "{\"a\":1,\"a\":2}",
        "null",
        "[null]",
        "[1] 2",
        "NaN",
        "1e999",
        "99999999999999999999",
        "01",
        "'a'",
        "{a:1}",
        "[1,]",
        "// c\n1",
        "\"\t\"",
        "\"\\x\"",
        "tru",
        "\uFEFF\uFEFF1"
      })
  void whatIsNotStrictJsonIsRefused(String text) {
    FormatException e = assertThrows(FormatException.class, () -> Json.parse(text, "some file"));
    assertTrue(e.getMessage().startsWith("some file: "), e.getMessage());
    assertEquals("some file", e.source());
  }

  @Test
  void nestingAndSizeAreLimited() {
    Json.parse("[".repeat(32) + "]".repeat(32), "test");
    String deep = "[".repeat(33) + "]".repeat(33);
    assertThrows(FormatException.class, () -> Json.parse(deep, "test"));
    assertThrows(FormatException.class, () -> Json.parse(new byte[Json.MAX_BYTES + 1], "test"));
    assertThrows(
        FormatException.class, () -> Json.parse("{\"" + "n".repeat(5000) + "\":1}", "test"));
    assertThrows(FormatException.class, () -> Json.parse("1".repeat(500), "test"));
    List<Object> list = List.of();
    for (int i = 0; i < 40; i++) {
      list = List.of(list);
    }
    List<Object> nested = list;
    assertThrows(IllegalArgumentException.class, () -> Json.write(nested));
  }

  @Test
  void otherEncodingsThanUtf8AreRefused() {
    for (String charset : List.of("UTF-16", "UTF-32", "ISO-8859-1")) {
      byte[] bytes = "{\"ü\": 1}".getBytes(Charset.forName(charset));
      assertThrows(FormatException.class, () -> Json.parse(bytes, "test"), charset);
    }
  }

  @Test
  void randomBytesAreAFormatExceptionOrAValue() {
    Random random = new Random(5);
    byte[] whole = TEXT.getBytes(StandardCharsets.UTF_8);
    int refused = 0;
    for (int trial = 0; trial < 5000; trial++) {
      byte[] bytes = whole.clone();
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      try {
        Json.write(Json.parse(bytes, "test"));
      } catch (FormatException e) {
        refused++;
      }
    }
    assertTrue(refused > 1000 && refused < 5000, "refused " + refused);
  }

  @Test
  void missingAndMistypedMembersNameTheirPath() {
    JsonObject o =
        JsonObject.of(
            Json.parse("{\"a\":{\"b\":[{\"c\":1},{\"c\":\"x\"}],\"n\":3000000000}}", "f"), "f");
    fails("f: /z: missing", () -> o.string("z"));
    fails("present are [a]", () -> o.string("z"));
    fails("f: /a: found an object; write a string", () -> o.string("a"));
    fails("/a/n: 3000000000 does not fit 32 bits", () -> o.object("a").integer("n"));
    fails("/a/b: found a list; write a number", () -> o.object("a").number("b"));
    fails(
        "/a/b/1/c: found the string \"x\"; write a whole number",
        () -> o.object("a").objects("b").get(1).integer("c"));
    fails("/a/b/0: found an object", () -> o.object("a").integers("b"));
    fails("/a/b/0: found an object", () -> o.object("a").numbers("b"));
    fails("f: found a list; write an object", () -> JsonObject.of(List.of(), "f"));
    assertEquals("d", o.string("z", "d"));
    assertFalse(o.has("z"));
    assertThrows(UnsupportedOperationException.class, () -> o.asMap().clear());
  }

  @Test
  void typedLists() {
    JsonObject o = JsonObject.of(Json.parse("{\"i\":[1,2],\"d\":[1,2.5],\"s\":[\"x\"]}", "f"), "f");
    assertArrayEquals(new long[] {1, 2}, o.integers("i"));
    assertArrayEquals(new double[] {1, 2.5}, o.numbers("d"));
    assertEquals(List.of("i", "d", "s"), List.copyOf(o.names()));
  }

  @Test
  void valuesWithoutAJsonFormAreRefused() {
    for (Object bad :
        new Object[] {null, Double.NaN, Double.POSITIVE_INFINITY, 1f, Map.of(1, 2), "\uD800"}) {
      assertThrows(IllegalArgumentException.class, () -> Json.write(bad), String.valueOf(bad));
    }
  }

  @Test
  void filesAreRead(@TempDir Path dir) throws IOException {
    Path file = dir.resolve("settings.json");
    Files.writeString(file, "{\"a\": 1}");
    assertEquals(1, Json.read(file).integer("a"));
    Files.writeString(file, "[1]");
    fails("settings.json: found a list", () -> Json.read(file));
  }

  private static void fails(String expected, Executable call) {
    String message = assertThrows(FormatException.class, call).getMessage();
    assertTrue(message.contains(expected), message);
  }
}
