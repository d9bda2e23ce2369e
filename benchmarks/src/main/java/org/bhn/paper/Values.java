package org.bhn.paper;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a unit measured: named numbers, lists of numbers and texts, rounded to seven digits. */
public final class Values {
  private static final MathContext DIGITS = new MathContext(7);

  private final Map<String, Object> map = new LinkedHashMap<>();

  /** Adds a number. One that is not finite is kept as text, since JSON has none. */
  public Values put(String name, double value) {
    return add(name, number(value));
  }

  /** Adds a list of numbers. */
  public Values put(String name, double[] values) {
    List<Object> list = new ArrayList<>(values.length);
    for (double v : values) {
      list.add(number(v));
    }
    return add(name, list);
  }

  /** Adds a text. */
  public Values put(String name, String text) {
    return add(name, text);
  }

  private Values add(String name, Object value) {
    if (map.putIfAbsent(name, value) != null) {
      throw new IllegalArgumentException("value " + name + " is put twice; use another name");
    }
    return this;
  }

  private static Object number(double value) {
    return Double.isFinite(value)
        ? (Object) new BigDecimal(value).round(DIGITS).doubleValue()
        : Double.toString(value);
  }

  Map<String, Object> toMap() {
    return map;
  }
}
