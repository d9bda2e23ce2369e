package org.bhn.io;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bhn.io.SafeTensors.DType;
import org.bhn.io.SafeTensors.TensorInfo;

/**
 * The header of a safetensors file, parsed as a stream: a hostile header cannot make it build more
 * than the tensors it really spells out.
 *
 * @param dataStart offset of the first value in the file
 * @param metadata free-form strings in file order
 * @param tensors by name, in the order of the data
 */
record SafeTensorsHeader(
    long dataStart, Map<String, String> metadata, Map<String, TensorInfo> tensors) {
  private static final String RESTORE = "restore the file or write it again";

  static SafeTensorsHeader read(FileChannel channel, Path path) throws IOException {
    String source = path.toString();
    long size = channel.size();
    if (size < 8) {
      throw new FormatException(source, "", size + " bytes, fewer than the 8 of a length", RESTORE);
    }
    ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    readFully(channel, length, 0, source, "header length");
    long n = length.getLong(0);
    if (n < 2 || n > SafeTensors.MAX_HEADER || n > size - 8) {
      throw new FormatException(
          source,
          "header length",
          "%s bytes of header in a file of %d; at least 2 and at most %d are possible"
              .formatted(
                  Long.toUnsignedString(n), size, Math.min(SafeTensors.MAX_HEADER, size - 8)),
          "check that it is a safetensors file and whole");
    }
    byte[] header = new byte[(int) n];
    readFully(channel, ByteBuffer.wrap(header), 8, source, "header");
    if (header[0] != '{') {
      throw new FormatException(
          source, "header", "does not start with {", "check that it is a safetensors file");
    }
    return new Reader(source).parse(header, size);
  }

  static void readFully(
      FileChannel channel, ByteBuffer into, long position, String source, String place)
      throws IOException {
    while (into.hasRemaining()) {
      int read = channel.read(into, position);
      if (read < 0) {
        throw new FormatException(source, place, "file ends at byte " + position, RESTORE);
      }
      position += read;
    }
    into.flip();
  }

  /** Product of the dimensions, 1 for none; −1 when one is negative or the product overflows. */
  static long product(long... shape) {
    long product = 1;
    for (long dimension : shape) {
      if (dimension < 0 || Math.multiplyHigh(product, dimension) != 0) {
        return -1;
      }
      product *= dimension;
      if (product < 0) {
        return -1;
      }
    }
    return product;
  }

  /** Checks a tensor name or metadata key that is to be written. */
  static void requireName(String what, String name, Map<String, ?> taken) {
    if (name.isEmpty() || name.length() > Json.MAX_NAME || taken.containsKey(name)) {
      throw new IllegalArgumentException(
          "%s \"%s\" is %s; pass a unique name of 1 to %d characters"
              .formatted(
                  what,
                  name,
                  taken.containsKey(name) ? "taken" : "empty or too long",
                  Json.MAX_NAME));
    }
    Json.requireText(name);
  }

  /** A few of many names, for messages. */
  static String some(Collection<String> names) {
    List<String> first = names.stream().limit(8).toList();
    return first + (names.size() > 8 ? " and " + (names.size() - 8) + " more" : "");
  }

  /** Renders a header, padded with blanks so that the data after it is aligned. */
  static byte[] render(Map<String, String> metadata, List<TensorInfo> tensors, int alignment) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = Json.generator(text)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeObjectFieldStart(SafeTensors.METADATA);
        for (Map.Entry<String, String> e : metadata.entrySet()) {
          json.writeStringField(e.getKey(), e.getValue());
        }
        json.writeEndObject();
      }
      for (TensorInfo tensor : tensors) {
        json.writeObjectFieldStart(tensor.name());
        json.writeStringField("dtype", tensor.type().name());
        json.writeFieldName("shape");
        json.writeArray(tensor.dimensions(), 0, tensor.shape().size());
        json.writeFieldName("data_offsets");
        json.writeArray(new long[] {tensor.begin(), tensor.end()}, 0, 2);
        json.writeEndObject();
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new AssertionError("a StringWriter does not fail", e);
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    int padded = Math.ceilDiv(8 + bytes.length, alignment) * alignment - 8;
    if (padded > SafeTensors.MAX_HEADER) {
      throw new IllegalArgumentException(
          "header of %d bytes, more than %d; use fewer tensors or less metadata"
              .formatted(padded, SafeTensors.MAX_HEADER));
    }
    byte[] header = Arrays.copyOf(bytes, padded);
    Arrays.fill(header, bytes.length, padded, (byte) ' ');
    return header;
  }

  /** Parses and checks one header. */
  private static final class Reader {
    private final String source;
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();

    Reader(String source) {
      this.source = source;
    }

    SafeTensorsHeader parse(byte[] header, long fileSize) {
      try (JsonParser parser = Json.parser(new ByteArrayInputStream(header), source)) {
        expect(parser, parser.nextToken(), JsonToken.START_OBJECT, "header");
        boolean seenMetadata = false;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String name = parser.currentName();
          if (name.equals(SafeTensors.METADATA)) {
            if (seenMetadata) {
              throw problem(name, "occurs twice");
            }
            seenMetadata = true;
            parseMetadata(parser);
          } else if (tensors.put(name, parseTensor(parser, name)) != null) {
            throw problem(name, "occurs twice");
          }
        }
        Json.requireEnd(parser, source);
      } catch (IOException e) {
        throw Json.broken(source, e);
      }
      long dataStart = 8L + header.length;
      return new SafeTensorsHeader(
          dataStart, Collections.unmodifiableMap(metadata), inOrder(fileSize - dataStart));
    }

    private void parseMetadata(JsonParser parser) throws IOException {
      expect(parser, parser.nextToken(), JsonToken.START_OBJECT, SafeTensors.METADATA);
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String key = parser.currentName();
        String place = SafeTensors.METADATA + "/" + key;
        expect(parser, parser.nextToken(), JsonToken.VALUE_STRING, place);
        if (metadata.put(key, parser.getText()) != null) {
          throw problem(place, "occurs twice");
        }
      }
    }

    private TensorInfo parseTensor(JsonParser parser, String name) throws IOException {
      expect(parser, parser.nextToken(), JsonToken.START_OBJECT, name);
      DType type = null;
      long[] shape = null;
      long[] offsets = null;
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String field = parser.currentName();
        parser.nextToken();
        switch (field) {
          case "dtype" -> {
            requireFirst(type, name, field);
            type = parseType(parser, name);
          }
          case "shape" -> {
            requireFirst(shape, name, field);
            shape = parseIntegers(parser, name + "/shape", SafeTensors.MAX_RANK);
          }
          case "data_offsets" -> {
            requireFirst(offsets, name, field);
            offsets = parseIntegers(parser, name + "/data_offsets", 2);
          }
          default -> throw problem(name, "unknown field \"" + field + "\"");
        }
      }
      if (type == null || shape == null || offsets == null || offsets.length != 2) {
        throw problem(name, "needs dtype, shape and two data_offsets");
      }
      return check(name, type, shape, offsets[0], offsets[1]);
    }

    private TensorInfo check(String name, DType type, long[] shape, long begin, long end) {
      long elements = product(shape);
      if (elements < 0 || elements > Long.MAX_VALUE / type.bytes()) {
        throw problem(name, "shape " + Arrays.toString(shape) + " overflows or is negative");
      }
      if (begin < 0 || end < begin) {
        throw problem(name, "data_offsets [%d, %d] are out of order".formatted(begin, end));
      }
      if (end - begin != elements * type.bytes()) {
        throw problem(
            name,
            "%s%s needs %d bytes, its data_offsets span %d"
                .formatted(type, Arrays.toString(shape), elements * type.bytes(), end - begin));
      }
      return new TensorInfo(name, type, Arrays.stream(shape).boxed().toList(), begin, end);
    }

    private Map<String, TensorInfo> inOrder(long dataLength) {
      List<TensorInfo> sorted = new ArrayList<>(tensors.values());
      sorted.sort(Comparator.comparingLong(TensorInfo::begin).thenComparing(TensorInfo::end));
      Map<String, TensorInfo> ordered = new LinkedHashMap<>();
      long at = 0;
      for (TensorInfo tensor : sorted) {
        if (tensor.begin() != at) {
          throw problem(
              tensor.name(),
              "starts at byte %d of the data where %d is next: a gap or an overlap"
                  .formatted(tensor.begin(), at));
        }
        at = tensor.end();
        ordered.put(tensor.name(), tensor);
      }
      if (at != dataLength) {
        throw problem(
            "data",
            "%d bytes where the tensors need %d: %s"
                .formatted(dataLength, at, at > dataLength ? "truncated" : "trailing bytes"));
      }
      return Collections.unmodifiableMap(ordered);
    }

    private DType parseType(JsonParser parser, String name) throws IOException {
      expect(parser, parser.currentToken(), JsonToken.VALUE_STRING, name + "/dtype");
      String text = parser.getText();
      for (DType type : DType.values()) {
        if (type.name().equals(text)) {
          return type;
        }
      }
      throw new FormatException(
          source,
          name,
          "dtype \"%s\" is none of %s"
              .formatted(
                  text.length() > 40 ? text.substring(0, 40) : text,
                  Arrays.toString(DType.values())),
          "convert the tensor to one of them");
    }

    private long[] parseIntegers(JsonParser parser, String place, int limit) throws IOException {
      expect(parser, parser.currentToken(), JsonToken.START_ARRAY, place);
      long[] values = new long[limit];
      int n = 0;
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        expect(parser, parser.currentToken(), JsonToken.VALUE_NUMBER_INT, place);
        if (n == limit) {
          throw problem(place, "more than " + limit + " entries");
        }
        values[n++] = Json.integer(parser, source);
      }
      return Arrays.copyOf(values, n);
    }

    private void requireFirst(Object previous, String name, String field) {
      if (previous != null) {
        throw problem(name, "field \"" + field + "\" occurs twice");
      }
    }

    private void expect(JsonParser parser, JsonToken found, JsonToken wanted, String place) {
      if (found != wanted) {
        throw problem(place, "found %s where %s is expected".formatted(found, wanted));
      }
    }

    private FormatException problem(String place, String problem) {
      return new FormatException(source, place, problem, RESTORE);
    }
  }
}
