package org.bhn.nativelib;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The OpenMP runtime that libbhn and oneDNN share. It is loaded before both, so that a process has
 * one pool of threads; it reads its settings while it loads, so they are set before that.
 */
final class OpenMp {
  /** {@code -Dbhn.threads=N}: CPU threads of every op; default: the processors Java may use. */
  static final String THREADS = "bhn.threads";

  /**
   * Idle threads spin this many times before they sleep; unlimited spinning starves a busy machine.
   */
  private static final String SPIN_COUNT = "10000";

  /** OpenMP lists a team on the stack, and some thousands are too many for it. */
  private static final int MOST_THREADS = 1024;

  private static final NativeLibrary LIBRARY =
      new NativeLibrary(
          "libgomp.so.1",
          Platform.oneDnnResource("libgomp.so.1"),
          NativeLibrary.SYSTEM_DIRECTORIES,
          symbols -> Optional.empty(),
          Locations.ofProcess());

  private static boolean loaded;
  private static String description = "not loaded";

  private OpenMp() {}

  /**
   * Loads the runtime when it is not there yet. Without one, loading its users says what is
   * missing.
   */
  static synchronized void load() {
    if (loaded) {
      return;
    }
    Optional<String> problem = Platform.problem();
    if (problem.isPresent()) {
      loaded = true;
      description = problem.get();
      return;
    }
    Optional<String> present = alreadyPresent();
    if (present.isPresent()) {
      loaded = true;
      description = present.get() + " (was in the process before)";
      return;
    }
    Map<String, String> settings =
        settings(
            System.getenv(),
            System.getProperty(THREADS),
            Runtime.getRuntime().availableProcessors());
    loaded = true;
    settings.forEach(CLib::setenv);
    description = LIBRARY.tryLoad().map(Path::toString).orElse("none found") + " " + settings;
  }

  /** Variables to set, given the user's: what the user has set stays. */
  static Map<String, String> settings(
      Map<String, String> environment, String threads, int processors) {
    Map<String, String> settings = new TreeMap<>();
    if (!environment.containsKey("GOMP_SPINCOUNT") && !environment.containsKey("OMP_WAIT_POLICY")) {
      settings.put("GOMP_SPINCOUNT", SPIN_COUNT);
    }
    if (threads != null) {
      if (!threads.matches("[1-9][0-9]{0,3}") || Integer.parseInt(threads) > MOST_THREADS) {
        throw new IllegalArgumentException(
            "-D" + THREADS + "=" + threads + ": a number from 1 to " + MOST_THREADS + " is needed");
      }
      settings.put("OMP_NUM_THREADS", threads);
    } else if (!environment.containsKey("OMP_NUM_THREADS")) {
      // Java knows the processor quota of a container, the runtime does not.
      settings.put("OMP_NUM_THREADS", Integer.toString(processors));
    }
    return settings;
  }

  /** File and settings, for people. */
  static synchronized String description() {
    return description;
  }

  static List<Rejection> rejections() {
    return LIBRARY.rejections();
  }

  /** Threads of the next parallel region started by this thread; empty when that is unknown. */
  static OptionalInt threads() {
    if (Platform.problem().isPresent()) {
      return OptionalInt.empty();
    }
    return SymbolLookup.loaderLookup()
        .find("omp_get_max_threads")
        .map(
            f ->
                Linker.nativeLinker()
                    .downcallHandle(f, FunctionDescriptor.of(ValueLayout.JAVA_INT)))
        .map(
            handle -> {
              try {
                return OptionalInt.of((int) handle.invokeExact());
              } catch (Throwable e) {
                throw new AssertionError(e);
              }
            })
        .orElse(OptionalInt.empty());
  }

  private static Optional<String> alreadyPresent() {
    try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
      return maps.filter(line -> line.contains("/libgomp.so"))
          .map(line -> line.substring(line.indexOf('/')))
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
