package org.bhn.nativelib;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * Where native libraries may lie and where they may be extracted to. Never the network.
 *
 * @param platform {@link Platform#name()}
 * @param explicit {@code -Dbhn.library.path}: files or directories
 * @param caches directories for extraction, in order of preference
 * @param cacheNamed whether the first of them is {@code -Dbhn.cache}
 * @param libraryPath {@code java.library.path}
 */
record Locations(
    String platform,
    List<Path> explicit,
    List<Path> caches,
    boolean cacheNamed,
    List<Path> libraryPath) {
  static final String LIBRARY_PATH = "bhn.library.path";
  static final String CACHE = "bhn.cache";

  static Locations ofProcess() {
    return new Locations(
        Platform.name(),
        split(System.getProperty(LIBRARY_PATH)),
        caches(System.getProperty(CACHE), System.getenv("XDG_CACHE_HOME")),
        isGiven(System.getProperty(CACHE)),
        split(System.getProperty("java.library.path")));
  }

  private static boolean isGiven(String property) {
    return property != null && !property.isBlank();
  }

  /** Whether a candidate is, or lies in, a place that the user has named. */
  boolean isNamed(String candidate) {
    Path path = Path.of(candidate);
    return explicit.stream().anyMatch(path::startsWith)
        || cacheNamed && path.startsWith(caches.get(0));
  }

  static List<Path> caches(String property, String xdgCacheHome) {
    LinkedHashSet<Path> caches = new LinkedHashSet<>();
    if (isGiven(property)) {
      caches.add(Path.of(property));
    }
    // The XDG specification asks to ignore relative paths.
    if (xdgCacheHome != null && xdgCacheHome.startsWith("/")) {
      caches.add(Path.of(xdgCacheHome, "bhn"));
    }
    String home = System.getProperty("user.home", "");
    if (home.startsWith("/")) {
      caches.add(Path.of(home, ".cache", "bhn"));
    }
    String user = System.getProperty("user.name", "user").replaceAll("[^A-Za-z0-9._-]", "_");
    caches.add(Path.of(System.getProperty("java.io.tmpdir", "/tmp"), "bhn-" + user));
    return caches.stream().map(Path::toAbsolutePath).toList();
  }

  static List<Path> split(String path) {
    List<Path> parts = new ArrayList<>();
    for (String part : path == null ? new String[0] : path.split(File.pathSeparator)) {
      if (!part.isBlank()) {
        parts.add(Path.of(part).toAbsolutePath().normalize());
      }
    }
    return List.copyOf(parts);
  }
}
