package org.bhn.nativelib;

import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.Optional;

/** Operating system, processor and Java flags, as far as they decide about native code. */
final class Platform {
  private Platform() {}

  /** For example {@code linux-x86_64}. */
  static String name() {
    return name(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
  }

  static String name(String os, String arch) {
    String system = os.toLowerCase(Locale.ROOT).replaceAll("[^a-z].*", "");
    String processor =
        switch (arch.toLowerCase(Locale.ROOT)) {
          case "amd64", "x86_64", "x64" -> "x86_64";
          case "aarch64", "arm64" -> "aarch_64";
          default -> arch.toLowerCase(Locale.ROOT);
        };
    return system + "-" + processor;
  }

  private static Optional<String> unsupported(String platform) {
    return platform.equals("linux-x86_64")
        ? Optional.empty()
        : Optional.of("native libraries exist for linux-x86_64 only, this is " + platform);
  }

  /** Why this process cannot call native code; empty when it can. */
  static Optional<String> problem() {
    return problem(name());
  }

  static Optional<String> problem(String platform) {
    Optional<String> unsupported = unsupported(platform);
    if (unsupported.isPresent()) {
      return unsupported;
    }
    try {
      // The cheapest of the methods that Java may deny; asking Module does not tell a warning from
      // a denial.
      MemorySegment.NULL.reinterpret(1);
      return Optional.empty();
    } catch (IllegalCallerException e) {
      Module own = Platform.class.getModule();
      return Optional.of(
          "Java denies native calls: run it with --enable-native-access="
              + (own.isNamed() ? own.getName() : "ALL-UNNAMED"));
    }
  }
}
