package org.bhn.io;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A JSON object with typed access. Every getter throws {@link FormatException} naming the path when
 * the member is missing or of another type; the members cannot be changed.
 */
public final class JsonObject {
  private final Map<String, Object> members;
  private final String source;
  private final String path;

  private JsonObject(Map<String, Object> members, String source, String path) {
    this.members = members;
    this.source = source;
    this.path = path;
  }

  /**
   * Wraps a parsed value.
   *
   * @param value what {@link Json#parse(byte[], String)} returned
   * @param source name for error messages, usually the file
   * @return the object
   * @throws FormatException when the value is not an object
   */
  public static JsonObject of(Object value, String source) {
    return object(value, source, "");
  }

  /** Returns whether there is a member of this name. */
  public boolean has(String name) {
    return members.containsKey(name);
  }

  /** Returns the names of all members in file order. */
  public Set<String> names() {
    return Collections.unmodifiableSet(members.keySet());
  }

  /** Returns a string member. */
  public String string(String name) {
    return cast(member(name), String.class, "a string", child(name));
  }

  /** Returns a string member, or the fallback when it is missing. */
  public String string(String name, String fallback) {
    return has(name) ? string(name) : fallback;
  }

  /** Returns a boolean member. */
  public boolean bool(String name) {
    return cast(member(name), Boolean.class, "true or false", child(name));
  }

  /** Returns a whole number that fits an int. */
  public int integer(String name) {
    long value = longInteger(name);
    if (value != (int) value) {
      throw new FormatException(
          source, child(name), value + " does not fit 32 bits", "write a smaller number");
    }
    return (int) value;
  }

  /** Returns a whole number. */
  public long longInteger(String name) {
    return cast(member(name), Long.class, "a whole number", child(name));
  }

  /** Returns a number, whole or not. */
  public double number(String name) {
    return number(member(name), child(name));
  }

  /** Returns a member that is an object. */
  public JsonObject object(String name) {
    return object(member(name), source, child(name));
  }

  /** Returns a list member as it is. */
  public List<Object> list(String name) {
    List<?> list = cast(member(name), List.class, "a list", child(name));
    return Collections.unmodifiableList(list);
  }

  /** Returns a list of whole numbers. */
  public long[] integers(String name) {
    return elements(name, (value, at) -> cast(value, Long.class, "a whole number", at)).stream()
        .mapToLong(Long::longValue)
        .toArray();
  }

  /** Returns a list of numbers, whole or not. */
  public double[] numbers(String name) {
    return elements(name, this::number).stream().mapToDouble(Double::doubleValue).toArray();
  }

  /** Returns a list of objects. */
  public List<JsonObject> objects(String name) {
    return elements(name, (value, at) -> object(value, source, at));
  }

  /** Returns the members in file order, as {@link Json} represents them. */
  public Map<String, Object> asMap() {
    return Collections.unmodifiableMap(members);
  }

  private interface Converter<T> {
    T convert(Object value, String at);
  }

  private <T> List<T> elements(String name, Converter<T> converter) {
    List<Object> list = list(name);
    List<T> result = new ArrayList<>(list.size());
    for (int i = 0; i < list.size(); i++) {
      result.add(converter.convert(list.get(i), child(name) + "/" + i));
    }
    return Collections.unmodifiableList(result);
  }

  private String child(String name) {
    return path + "/" + name;
  }

  private Object member(String name) {
    Object value = members.get(name);
    if (value == null) {
      throw new FormatException(
          source, child(name), "missing", "add it; present are " + members.keySet());
    }
    return value;
  }

  private double number(Object value, String at) {
    return value instanceof Long whole ? whole : cast(value, Double.class, "a number", at);
  }

  private <T> T cast(Object value, Class<T> type, String expected, String at) {
    if (!type.isInstance(value)) {
      throw mistyped(value, expected, source, at);
    }
    return type.cast(value);
  }

  private static JsonObject object(Object value, String source, String at) {
    if (!(value instanceof Map<?, ?> map)) {
      throw mistyped(value, "an object", source, at);
    }
    Map<String, Object> members = new LinkedHashMap<>();
    map.forEach((k, v) -> members.put((String) k, v));
    return new JsonObject(members, source, at);
  }

  private static FormatException mistyped(Object value, String expected, String file, String at) {
    String found =
        switch (value) {
          case Map<?, ?> m -> "an object";
          case List<?> l -> "a list";
          case String s -> "the string \"" + (s.length() > 40 ? s.substring(0, 40) + "…" : s) + '"';
          default -> String.valueOf(value);
        };
    return new FormatException(file, at, "found " + found, "write " + expected);
  }
}
