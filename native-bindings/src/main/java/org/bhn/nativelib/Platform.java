package org.bhn.nativelib;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Operating system, processor and Java flags, as far as they decide about native code. */
final class Platform {
  private static final List<String> WITH_NATIVES = List.of("linux-x86_64", "linux-aarch_64");

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

  private static boolean isArm() {
    return name().endsWith("-aarch_64");
  }

  /** Its processor, as ELF files number them. */
  static short elfMachine() {
    return (short) (isArm() ? 183 : 62);
  }

  /** Its processor in the names of directories and compilers. */
  static String processor() {
    return isArm() ? "aarch64" : "x86_64";
  }

  /** A library of the jar of kernels. */
  static String kernelsResource(String file) {
    return "natives/" + name() + "/" + file;
  }

  /** A library of oneDNN's jar, which names platforms in its own way. */
  static String oneDnnResource(String file) {
    return "org/bytedeco/dnnl/" + (isArm() ? "linux-arm64" : "linux-x86_64") + "/" + file;
  }

  private static Optional<String> unsupported(String platform) {
    return WITH_NATIVES.contains(platform)
        ? Optional.empty()
        : Optional.of(
            "native libraries exist for "
                + String.join(" and ", WITH_NATIVES)
                + ", this is "
                + platform);
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
