package org.bhn.paper;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.bhn.backend.Device;

/**
 * How to run an experiment.
 *
 * @param name of the experiment, or {@code report}
 * @param size how much of it
 * @param mode whose settings
 * @param seeds to use instead of the experiment's own
 * @param data directory with the data sets
 * @param backend device to open instead of the best one
 * @param out directory of the results files
 * @param page file of the report
 * @param only runs only units whose key "group / method / seed" has a match
 * @param labels at which active learning ends, instead of the experiment's own number
 */
public record Options(
    String name,
    Size size,
    Mode mode,
    Optional<long[]> seeds,
    Optional<Path> data,
    Optional<Device> backend,
    Path out,
    Path page,
    Pattern only,
    OptionalInt labels) {

  /** How much to run. */
  public enum Size {
    /** Seconds, to see that everything runs; results mean nothing. */
    TINY,
    /** Minutes on two cores. */
    QUICK,
    /** As in the paper. */
    FULL
  }

  /** Whose settings. */
  public enum Mode {
    /** Learning rates, initial widths, schedules and Monte-Carlo counts as published. */
    PAPER,
    /** What this library recommends. */
    FIXED
  }

  /**
   * Reads {@code --name=value}, an empty value for the default: name, quick (true), full, tiny,
   * mode (fixed), seeds (1,2,3), data, backend (cuda, cpu, java), out (benchmarks/results/paper),
   * page (bhn-paper.html), only (a regular expression), labels (a number).
   *
   * @throws IllegalArgumentException naming the option that is wrong
   */
  public static Options parse(String... args) {
    Map<String, String> given = new LinkedHashMap<>();
    for (String arg : args) {
      String[] parts = arg.split("=", 2);
      if (parts.length != 2 || !parts[0].startsWith("--")) {
        throw new IllegalArgumentException(arg + ": write options as --name=value");
      }
      if (!parts[1].isEmpty()) {
        given.put(parts[0].substring(2), parts[1]);
      }
    }
    Options options =
        new Options(
            text(given, "name", ""),
            size(given),
            choice(Mode.class, "mode", text(given, "mode", "fixed")),
            Optional.ofNullable(given.remove("seeds")).map(Options::seeds),
            Optional.ofNullable(given.remove("data")).map(Path::of),
            Optional.ofNullable(given.remove("backend"))
                .map(b -> choice(Device.class, "backend", b)),
            Path.of(text(given, "out", "benchmarks/results/paper")),
            Path.of(text(given, "page", "bhn-paper.html")),
            only(text(given, "only", "")),
            labels(text(given, "labels", "")));
    if (!given.isEmpty()) {
      throw new IllegalArgumentException(
          "--"
              + given.keySet().iterator().next()
              + ": options are name, quick, full, tiny, mode, seeds, data, backend, out, page,"
              + " only, labels");
    }
    return options;
  }

  private static Size size(Map<String, String> given) {
    boolean quick = flag("quick", text(given, "quick", "false"));
    boolean full = flag("full", text(given, "full", "false"));
    boolean tiny = flag("tiny", text(given, "tiny", "false"));
    if ((quick ? 1 : 0) + (full ? 1 : 0) + (tiny ? 1 : 0) > 1) {
      throw new IllegalArgumentException("--full=true: choose one of quick, full and tiny");
    }
    return full ? Size.FULL : tiny ? Size.TINY : Size.QUICK;
  }

  /** True or false, and no other text, which might have meant yes. */
  public static boolean flag(String name, String value) {
    if (!value.equals("true") && !value.equals("false")) {
      throw new IllegalArgumentException("--" + name + "=" + value + ": write true or false");
    }
    return value.equals("true");
  }

  private static Pattern only(String expression) {
    try {
      return Pattern.compile(expression);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "--only=%s: not a regular expression: %s".formatted(expression, e.getDescription()), e);
    }
  }

  private static String text(Map<String, String> given, String name, String fallback) {
    String value = given.remove(name);
    return value == null ? fallback : value;
  }

  private static long[] seeds(String list) {
    try {
      return Arrays.stream(list.split(","))
          .mapToLong(s -> Long.parseLong(s.strip()))
          .distinct()
          .toArray();
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("--seeds=" + list + ": write whole numbers as 1,2,3", e);
    }
  }

  private static OptionalInt labels(String number) {
    try {
      return number.isEmpty() ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(number));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("--labels=" + number + ": write a whole number", e);
    }
  }

  private static <E extends Enum<E>> E choice(Class<E> type, String name, String value) {
    for (E e : type.getEnumConstants()) {
      if (e.name().equalsIgnoreCase(value)) {
        return e;
      }
    }
    throw new IllegalArgumentException(
        "--%s=%s: use one of %s"
            .formatted(
                name, value, Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT)));
  }

  /** The same at another size, in another mode. */
  Options at(Size other, Mode whose) {
    return new Options(name, other, whose, seeds, data, backend, out, page, only, labels);
  }

  /** What fits the size. */
  public <T> T pick(T tiny, T quick, T full) {
    return switch (size) {
      case TINY -> tiny;
      case QUICK -> quick;
      case FULL -> full;
    };
  }

  /** The seeds asked for, or 1 to n. */
  public long[] seedsOr(int n) {
    return seeds.orElseGet(
        () -> {
          long[] all = new long[n];
          Arrays.setAll(all, i -> i + 1);
          return all;
        });
  }

  /** Whether the published settings are asked for. */
  public boolean asPublished() {
    return mode == Mode.PAPER;
  }

  /** A map for a unit's settings, begun with the mode that every result states. */
  public Map<String, Object> settings() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("mode", mode.name().toLowerCase(Locale.ROOT));
    return map;
  }
}
