package org.bhn.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.io.AtomicFiles;
import org.bhn.io.Json;
import org.bhn.report.Machine;

/**
 * A measurement on its way to paper: a table on the terminal, a dated JSON file with machine and
 * commit, and the table again between two markers of a page.
 */
final class Results {
  private final String name;
  private final Path directory;
  private final StringBuilder table = new StringBuilder();
  private final Map<String, Object> values = new LinkedHashMap<>();

  /**
   * Starts a measurement.
   *
   * @param name of the file and of the markers
   * @param what one sentence
   * @param directory of the JSON files
   */
  Results(String name, String what, Path directory) {
    this.name = name;
    this.directory = directory;
    values.put("what", what);
    try (Backend backend = Backends.best()) {
      values.put("machine", Machine.describe(backend));
    }
    values.put("commit", Machine.commit());
    System.out.println(values.get("machine") + ", commit " + values.get("commit"));
  }

  void put(String key, Object value) {
    values.put(key, value);
  }

  void putError(String key, double error) {
    putError(values, key, error);
  }

  /** NaN, of a fork that ended after an iteration or two, is left out. */
  static void putError(Map<String, Object> row, String key, double error) {
    if (!Double.isNaN(error)) {
      row.put(key, error);
    }
  }

  /** A row of the table; the first is its head. */
  void row(List<String> cells) {
    boolean head = table.isEmpty();
    String line = "| " + String.join(" | ", cells) + " |\n";
    table.append(line);
    System.out.print(line);
    if (head) {
      table.append("|---".repeat(cells.size())).append("|\n");
    }
  }

  /** Writes the JSON file, and the table into each of the pages that has the markers. */
  void write(Path... pages) throws IOException {
    Files.createDirectories(directory);
    Path file = directory.resolve(LocalDate.now() + "-" + name + ".json");
    AtomicFiles.writeString(file, Json.write(values) + "\n");
    System.out.println("wrote " + file);
    for (Path page : pages) {
      if (Files.exists(page)) {
        String text = Files.readString(page);
        String changed = between(text, name, table + "\n" + values.get("machine") + ".\n");
        if (!changed.equals(text)) {
          AtomicFiles.writeString(page, changed);
          System.out.println("wrote the table into " + page);
        }
      }
    }
  }

  /** Replaces what stands between {@code <!-- name -->} and {@code <!-- /name -->}. */
  static String between(String text, String name, String content) {
    String open = "<!-- " + name + " -->";
    String close = "<!-- /" + name + " -->";
    int from = text.indexOf(open);
    int to = text.indexOf(close);
    if (from < 0 || to < from) {
      return text;
    }
    return text.substring(0, from + open.length()) + "\n\n" + content + "\n" + text.substring(to);
  }
}
