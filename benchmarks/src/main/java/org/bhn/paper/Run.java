package org.bhn.paper;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bhn.io.Json;
import org.bhn.io.JsonObject;

/**
 * A unit that has run.
 *
 * @param group as in {@link Unit}
 * @param method as in {@link Unit}
 * @param seed as in {@link Unit}
 * @param size of the experiment it belongs to
 * @param settings as in {@link Unit}
 * @param commit that ran it
 * @param machine that ran it
 * @param seconds wall time
 * @param values what it measured
 */
public record Run(
    String group,
    String method,
    long seed,
    Options.Size size,
    JsonObject settings,
    String commit,
    String machine,
    double seconds,
    JsonObject values) {

  static Run of(JsonObject json, Options.Size size) {
    return new Run(
        json.string("group"),
        json.string("method"),
        json.longInteger("seed"),
        size,
        json.object("settings"),
        json.string("commit"),
        json.string("machine"),
        json.number("seconds"),
        json.object("values"));
  }

  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("group", group);
    map.put("method", method);
    map.put("seed", seed);
    map.put("settings", new LinkedHashMap<>(settings.asMap()));
    map.put("commit", commit);
    map.put("machine", machine);
    map.put("seconds", seconds);
    map.put("values", new LinkedHashMap<>(values.asMap()));
    return map;
  }

  String key() {
    return Unit.key(group, method, seed);
  }

  /** Whether it is what the unit would compute. */
  boolean matches(Unit unit) {
    return key().equals(unit.key())
        && settings.asMap().equals(Json.parse(Json.write(unit.settings()), unit.key()));
  }

  /** Whether it measured this. */
  public boolean has(String name) {
    return values.has(name);
  }

  /** A measured number; NaN and infinities are possible. */
  public double number(String name) {
    return number(values.asMap().get(name), name);
  }

  /** A measured list. */
  public double[] numbers(String name) {
    List<Object> list = values.list(name);
    double[] out = new double[list.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = number(list.get(i), name);
    }
    return out;
  }

  private double number(Object value, String name) {
    return switch (value) {
      case Double d -> d;
      case Long l -> l;
      case String s -> Double.parseDouble(s);
      case null, default ->
          throw new IllegalArgumentException(
              key() + " has no number " + name + "; it has " + values.names());
    };
  }
}
