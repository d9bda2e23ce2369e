package org.bhn.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

  /**
   * The commit that runs, with {@code -dirty} if files other than results differ from it; unknown
   * outside git.
   */
  public static String commit() {
    String id = git("describe", "--always");
    if (id.isEmpty()) {
      return "unknown";
    }
    // README.md holds tables of results.
    String differs =
        git("diff", "--name-only", "HEAD", "--", ":/", ":!/benchmarks/results", ":!/README.md");
    return differs.isEmpty() ? id : id + "-dirty";
  }

  /** What git prints; nothing where it fails. */
  private static String git(String... arguments) {
    List<String> command = new ArrayList<>(List.of("git"));
    command.addAll(List.of(arguments));
    try {
      Process git =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      return new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      return "";
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
