package org.bhn.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bhn.backend.Backend;

/** The machine and the commit that numbers were measured on. */
public final class Machine {
  private Machine() {}

  /** One line: processor, cores, JDK, backend. */
  public static String describe(Backend backend) {
    return "%s, %d cores, Java %s, %s"
        .formatted(
            processor(),
            Runtime.getRuntime().availableProcessors(),
            Runtime.version(),
            backend.description());
  }

  /** The commit that runs, with {@code -dirty} if files differ from it; unknown outside git. */
  public static String commit() {
    try {
      Process git =
          new ProcessBuilder("git", "describe", "--always", "--dirty")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String id = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return id.isEmpty() ? "unknown" : id;
    } catch (IOException e) {
      return "unknown";
    }
  }

  private static String processor() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
        if (line.startsWith("model name")) {
          return line.substring(line.indexOf(':') + 1).trim();
        }
      }
    } catch (IOException e) {
      // Not Linux: the architecture is all there is to say.
    }
    return System.getProperty("os.arch");
  }
}
