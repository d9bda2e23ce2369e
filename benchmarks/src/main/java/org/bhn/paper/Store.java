package org.bhn.paper;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.bhn.io.AtomicFiles;
import org.bhn.io.Json;
import org.bhn.io.JsonObject;

/**
 * The results file of one experiment at one size in one mode. It is rewritten whole after every
 * unit, so a process that is killed loses the unit it was at and nothing else; processes that work
 * on different units of it at the same time keep each other's.
 */
final class Store {
  private final Experiment experiment;
  private final Options.Size size;
  private final Path file;

  Store(Experiment experiment, Options options) {
    this.experiment = experiment;
    this.size = options.size();
    String name = experiment.name() + "-" + size.name().toLowerCase(Locale.ROOT);
    this.file = options.out().resolve(name + (options.asPublished() ? "-paper" : "") + ".json");
  }

  Path file() {
    return file;
  }

  /**
   * Sees to it that runs can be added, before they are computed.
   *
   * @throws IllegalArgumentException if they cannot
   */
  void open() {
    try {
      Files.createDirectories(file.getParent());
      Files.createTempFile(file.getParent(), ".writable", "").toFile().delete();
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "--out=%s: no results can be written there: %s".formatted(file.getParent(), e), e);
    }
  }

  /** All runs there are, in the order of the file. */
  Runs runs() {
    List<Run> list = new ArrayList<>();
    if (Files.exists(file)) {
      for (JsonObject run : Json.read(file).objects("runs")) {
        list.add(Run.of(run, size));
      }
    }
    return new Runs(list);
  }

  /** The run of a unit, if it was run with the same settings. */
  Optional<Run> find(Unit unit) {
    return runs().list().stream().filter(r -> r.matches(unit)).findFirst();
  }

  /**
   * Adds a run, or replaces the one of the same key.
   *
   * @param order of the units; the file is sorted by it
   */
  void add(Run run, List<Unit> order) throws IOException {
    Files.createDirectories(file.getParent());
    Path lock = file.resolveSibling("." + file.getFileName() + ".lock");
    try (FileChannel channel =
            FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = channel.lock()) {
      Map<String, Run> all = new LinkedHashMap<>();
      order.forEach(u -> all.put(u.key(), null));
      runs().list().forEach(r -> all.put(r.key(), r));
      all.put(run.key(), run);
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("experiment", experiment.name());
      map.put("what", experiment.title());
      map.put("size", size.name().toLowerCase(Locale.ROOT));
      map.put("runs", all.values().stream().filter(r -> r != null).map(Run::toMap).toList());
      AtomicFiles.writeString(file, Json.write(map));
    }
  }
}
