package org.bhn.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * JSON as plain values: {@link Map} (in file order), {@link List}, {@link String}, {@link Long},
 * {@link Double} and {@link Boolean}.
 *
 * <p>Stricter than the standard where leniency hides mistakes: no duplicate keys, no null, no
 * number that a long or a finite double cannot hold, at most {@value #MAX_DEPTH} levels and {@value
 * #MAX_BYTES} bytes.
 */
public final class Json {
  /** Deepest nesting of objects and lists. */
  public static final int MAX_DEPTH = 32;

  /** Largest document in bytes; a tree of small values takes some twenty times that much memory. */
  public static final int MAX_BYTES = 16 << 20;

  static final int MAX_NAME = 4096;
  static final int MAX_STRING = 16 << 20;

  // Names come from files of unknown origin: interning and caching them would keep them for good.
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNameLength(MAX_NAME)
                  .maxStringLength(MAX_STRING)
                  .maxNumberLength(400)
                  .build())
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  private Json() {}

  /**
   * Parses one document.
   *
   * @param utf8 the document
   * @param source name for error messages, usually the file
   * @return a map, list, string, long, double or boolean, which the caller owns
   * @throws FormatException when it is not one valid document within the limits
   */
  public static Object parse(byte[] utf8, String source) {
    if (utf8.length > MAX_BYTES) {
      throw tooLarge(source, utf8.length);
    }
    try (JsonParser parser = parser(new ByteArrayInputStream(utf8), source)) {
      if (parser.nextToken() == null) {
        throw new FormatException(source, "", "empty document", "write a JSON value");
      }
      Object value = value(parser, source);
      requireEnd(parser, source);
      return value;
    } catch (IOException e) {
      throw broken(source, e);
    }
  }

  /** As {@link #parse(byte[], String)}, from text. */
  public static Object parse(String text, String source) {
    return parse(text.getBytes(StandardCharsets.UTF_8), source);
  }

  /**
   * Reads a file that holds one JSON object.
   *
   * @param file the file
   * @return its object
   * @throws FormatException when it is not a valid document within the limits, or not an object
   * @throws UncheckedIOException when it cannot be read
   */
  public static JsonObject read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw tooLarge(file.toString(), Files.size(file));
      }
      return JsonObject.of(parse(bytes, file.toString()), file.toString());
    } catch (IOException e) {
      throw FileErrors.cannotRead(file, e);
    }
  }

  /**
   * Writes a value as indented text that depends on the value alone: maps without an order of their
   * own are sorted by key, lines end in a line feed on every platform.
   *
   * @param value a map with string keys, list, string, integer, long, finite double or boolean
   * @return the document, ending in a line feed
   * @throws IllegalArgumentException on other types, null, non-finite numbers, unpaired surrogates
   *     or more than {@value #MAX_DEPTH} levels
   */
  public static String write(Object value) {
    DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter(
            Separators.createDefaultInstance()
                .withObjectFieldValueSpacing(Separators.Spacing.AFTER));
    printer.indentObjectsWith(indenter);
    StringWriter text = new StringWriter();
    try (JsonGenerator generator = FACTORY.createGenerator(text)) {
      generator.setPrettyPrinter(printer);
      generate(generator, value, 0);
    } catch (IOException e) {
      throw new IllegalArgumentException("cannot write as JSON: " + e.getMessage(), e);
    }
    return text.append('\n').toString();
  }

  static JsonParser parser(InputStream utf8, String source) throws IOException {
    // Jackson would guess UTF-16 and UTF-32 from the bytes, and lets some malformed UTF-8 pass.
    return FACTORY.createParser(
        new InputStreamReader(
            utf8,
            StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT)));
  }

  static JsonGenerator generator(StringWriter text) throws IOException {
    return FACTORY.createGenerator(text);
  }

  static void requireEnd(JsonParser parser, String source) throws IOException {
    JsonToken extra = parser.nextToken();
    if (extra != null) {
      throw new FormatException(source, "", "text after the end of the value", "remove it");
    }
  }

  static FormatException broken(String source, IOException e) {
    String problem =
        switch (e) {
          case CharacterCodingException c -> "not valid UTF-8";
          case JsonProcessingException j when j.getLocation() != null ->
              "%s at line %d, column %d"
                  .formatted(
                      j.getOriginalMessage(),
                      j.getLocation().getLineNr(),
                      j.getLocation().getColumnNr());
          default -> String.valueOf(e.getMessage());
        };
    return new FormatException(
        source, "", "not valid JSON: " + problem, "restore the file or write it again", e);
  }

  private static FormatException tooLarge(String source, long bytes) {
    return new FormatException(
        source, "", bytes + " bytes of JSON; at most " + MAX_BYTES, "store arrays as tensors");
  }

  private static FormatException at(JsonParser parser, String source, String problem, String fix) {
    return new FormatException(
        source, parser.getParsingContext().pathAsPointer().toString(), problem, fix);
  }

  private static Object value(JsonParser parser, String source) throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> {
        Map<String, Object> map = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String name = parser.currentName();
          if (map.containsKey(name)) {
            throw at(parser, source, "duplicate key", "keep one of them");
          }
          parser.nextToken();
          map.put(name, value(parser, source));
        }
        yield map;
      }
      case START_ARRAY -> {
        List<Object> list = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          list.add(value(parser, source));
        }
        yield list;
      }
      case VALUE_STRING -> parser.getText();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NUMBER_INT -> integer(parser, source);
      case VALUE_NUMBER_FLOAT -> {
        double number = parser.getDoubleValue();
        if (!Double.isFinite(number)) {
          throw at(parser, source, parser.getText() + " overflows", "keep within a double");
        }
        yield number;
      }
      default -> throw at(parser, source, parser.getText() + " is no value", "leave it out");
    };
  }

  static long integer(JsonParser parser, String source) throws IOException {
    if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
      throw at(parser, source, parser.getText() + " overflows", "keep within 64 bits");
    }
    return parser.getLongValue();
  }

  private static void generate(JsonGenerator generator, Object value, int depth)
      throws IOException {
    if (depth > MAX_DEPTH) {
      throw new IllegalArgumentException("deeper than %d levels; flatten it".formatted(MAX_DEPTH));
    }
    switch (value) {
      case Map<?, ?> map -> {
        generator.writeStartObject();
        // Map.of iterates in an order that changes from run to run.
        for (Map.Entry<?, ?> e :
            (map instanceof SequencedMap<?, ?> ? map : new TreeMap<>(map)).entrySet()) {
          if (!(e.getKey() instanceof String key) || key.length() > MAX_NAME) {
            throw new IllegalArgumentException(
                "key %s; pass a string of at most %d characters".formatted(e.getKey(), MAX_NAME));
          }
          generator.writeFieldName(requireText(key));
          generate(generator, e.getValue(), depth + 1);
        }
        generator.writeEndObject();
      }
      case List<?> list -> {
        generator.writeStartArray();
        for (Object element : list) {
          generate(generator, element, depth + 1);
        }
        generator.writeEndArray();
      }
      case String s -> generator.writeString(requireText(s));
      case Integer i -> generator.writeNumber(i);
      case Long l -> generator.writeNumber(l);
      case Double d when Double.isFinite(d) -> generator.writeNumber(d);
      case Boolean b -> generator.writeBoolean(b);
      case null, default ->
          throw new IllegalArgumentException(
              "%s (%s) has no JSON form; pass a map, list, string, long, finite double or boolean"
                  .formatted(value, value == null ? "null" : value.getClass().getName()));
    }
  }

  /** Returns the text, refusing unpaired surrogates, which UTF-8 cannot hold. */
  static String requireText(String text) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw new IllegalArgumentException(
          "\"%s\" holds an unpaired surrogate; pass valid Unicode".formatted(text));
    }
    return text;
  }
}
