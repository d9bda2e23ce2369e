package org.bhn.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What a resumed training must share with the one that wrote the checkpoint. */
final class TrainingIdentity {
  /** Numbers of a list that a message gives; of a longer one, the first that differs. */
  private static final int MOST_NAMED = 4;

  private static final int MOST_LETTERS = 100;

  private TrainingIdentity() {}

  /** Model, data and settings as plain values; reads all data once. */
  static Map<String, Object> of(Trainer trainer) {
    Fit fit = trainer.fit();
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("train", Fingerprint.of(trainer.train()));
    if (fit.validation != null) {
      data.put("validation", Fingerprint.of(fit.validation));
    }
    Map<String, Object> identity = new LinkedHashMap<>();
    identity.put("model", trainer.card());
    identity.put("data", data);
    identity.put("fit", fit.toMap());
    return identity;
  }

  /** Every difference in words, each with what the checkpoint has and what is here. */
  static List<String> differences(Map<String, Object> checkpoint, Map<String, Object> here) {
    List<String> found = new ArrayList<>();
    here.forEach((part, value) -> compare(part, "", checkpoint.get(part), value, found));
    return found;
  }

  private static void compare(
      String part, String place, Object written, Object here, List<String> found) {
    if (here == null ? written == null : here.equals(written)) {
      return;
    }
    if (written instanceof List<?> a && here instanceof List<?> b && a.size() == b.size()) {
      compare(part, place, a, b, found);
      return;
    }
    boolean inside = written instanceof Map<?, ?> && here instanceof Map<?, ?>;
    if (!inside || isPrior(written) || isPrior(here)) {
      add(part, place, text(written), text(here), found);
      return;
    }
    Map<?, ?> a = (Map<?, ?>) written;
    Map<?, ?> b = (Map<?, ?>) here;
    if (a.containsKey("kind") && !a.get("kind").equals(b.get("kind"))) {
      // What else differs between two kinds says nothing more.
      add(part, place, text(a.get("kind")), text(b.get("kind")), found);
      return;
    }
    Set<Object> names = new LinkedHashSet<>(b.keySet());
    names.addAll(a.keySet());
    for (Object name : names) {
      compare(part, place + (place.isEmpty() ? "" : "/") + name, a.get(name), b.get(name), found);
    }
  }

  /** Of lists too long to be read, the first place where they differ. */
  private static void compare(
      String part, String place, List<?> written, List<?> here, List<String> found) {
    if (here.size() <= MOST_NAMED) {
      add(part, place, text(written), text(here), found);
      return;
    }
    int i = 0;
    while (written.get(i).equals(here.get(i))) {
      i++;
    }
    add(part, place + "[" + i + "]", text(written.get(i)), text(here.get(i)), found);
  }

  private static void add(String part, String place, String a, String b, List<String> found) {
    found.add((place.isEmpty() ? part : place) + ": checkpoint " + a + ", " + part + " " + b);
  }

  private static boolean isPrior(Object value) {
    return value instanceof Map<?, ?> map && map.containsKey("p0");
  }

  private static String text(Object value) {
    return switch (value) {
      case null -> "none";
      case Double d when d == Math.rint(d) && Math.abs(d) < 1e15 -> Long.toString(d.longValue());
      case Map<?, ?> map when isPrior(map) -> prior(map);
      default -> shortened(value.toString());
    };
  }

  private static String shortened(String text) {
    return text.length() <= MOST_LETTERS ? text : text.substring(0, MOST_LETTERS) + "…";
  }

  /** As the factory method that makes it is called: only a mixture has a third number. */
  private static String prior(Map<?, ?> map) {
    return map.entrySet().stream()
        .filter(e -> !e.getKey().equals("kind"))
        .filter(e -> !(e.getKey().equals("p2") && e.getValue().equals(0.0)))
        .map(e -> text(e.getValue()))
        .collect(Collectors.joining(", ", map.get("kind") + "(", ")"));
  }
}
