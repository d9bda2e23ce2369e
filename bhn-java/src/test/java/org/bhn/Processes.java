package org.bhn;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs test programs in JVMs of their own. */
public final class Processes {
  private static final long TIMEOUT_SECONDS = 240;

  private Processes() {}

  /** Starts a main class with this JVM's class path and settings. */
  public static Process start(Class<?> main, String... args) throws IOException {
    return start(Map.of(), main, args);
  }

  private static Process start(Map<String, String> environment, Class<?> main, String... args)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-Xmx1g");
    for (String name : System.getProperties().stringPropertyNames()) {
      if (name.startsWith("bhn.")) {
        command.add("-D" + name + "=" + System.getProperty(name));
      }
    }
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(main.getName());
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    return builder.start();
  }

  /** Runs a main class to its end and returns what it printed. */
  public static String run(Class<?> main, String... args) throws IOException, InterruptedException {
    return run(Map.of(), main, args);
  }

  /** As {@link #run(Class, String...)}, with more in the environment. */
  public static String run(Map<String, String> environment, Class<?> main, String... args)
      throws IOException, InterruptedException {
    Process process = start(environment, main, args);
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new AssertionError(main.getName() + " failed:\n" + output);
    }
    return output;
  }
}
