package org.bhn.data;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Where data may lie on this machine.
 *
 * @param data the directory that BHN_DATA names
 * @param cache the directory for what is downloaded
 * @param offline whether downloads are forbidden
 */
record Places(Optional<Path> data, Path cache, boolean offline) {
  static Places system() {
    return of(System::getenv, System::getProperty);
  }

  static Places of(UnaryOperator<String> environment, UnaryOperator<String> property) {
    Optional<Path> data = path(environment.apply("BHN_DATA"));
    Path cache =
        path(property.apply("bhn.cache"))
            // The XDG specification tells to ignore relative paths.
            .or(() -> path(environment.apply("XDG_CACHE_HOME")).filter(Path::isAbsolute))
            .orElseGet(() -> Path.of(property.apply("user.home"), ".cache"));
    return new Places(
        data,
        cache.resolve(Path.of("bhn", "data")),
        isTrue("bhn.offline", property.apply("bhn.offline")));
  }

  /** What forbids something must not be taken for false because it is spelled differently. */
  private static boolean isTrue(String name, String value) {
    if (value == null || value.equalsIgnoreCase("false")) {
      return false;
    }
    if (value.isBlank() || value.equalsIgnoreCase("true")) {
      return true;
    }
    throw new IllegalArgumentException(
        "-D%s=%s: write -D%s=true or -D%s=false".formatted(name, value, name, name));
  }

  private static Optional<Path> path(String value) {
    return value == null || value.isBlank() ? Optional.empty() : Optional.of(Path.of(value));
  }
}
