package org.bhn.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bhn.backend.Backend;

/** The machine that numbers were measured on. */
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
