package org.bhn.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/** Finds real data sets for tests: in BHN_DATA, or in shared/data beside the repository. */
final class RealData {
  private RealData() {}

  /** A file or directory of the real data; skips the calling test, saying so, when it is absent. */
  static Path require(String relative) {
    Optional<Path> found = find(relative);
    if (found.isEmpty()) {
      String reason = relative + " is neither in BHN_DATA nor in shared/data: skipped";
      System.out.println(reason);
      Assumptions.abort(reason);
    }
    return found.get();
  }

  private static Optional<Path> find(String relative) {
    String given = System.getenv("BHN_DATA");
    if (given != null && !given.isBlank()) {
      return Optional.of(Path.of(given, relative)).filter(Files::exists);
    }
    for (Path p = Path.of("").toAbsolutePath(); p != null; p = p.getParent()) {
      Path candidate = p.resolve(Path.of("shared", "data", relative));
      if (Files.exists(candidate)) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }
}
