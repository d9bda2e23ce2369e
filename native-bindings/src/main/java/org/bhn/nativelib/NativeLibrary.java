package org.bhn.nativelib;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds and loads one shared library, once per class loader, and remembers why each earlier
 * candidate was not used. Order: the property's path ({@code -Dbhn.library.path} or {@code
 * -Dbhn.cuda.path}), the class path resource (extracted to a private cache directory), {@code
 * java.library.path}, and for libraries of others the system's directories. Thread-safe; later
 * calls repeat the first outcome.
 */
public final class NativeLibrary {
  private static final Logger LOG = System.getLogger(NativeLibrary.class.getName());

  /** Where Linux distributions put shared libraries. */
  static final List<Path> SYSTEM_DIRECTORIES =
      List.of(
          Path.of("/usr/lib/" + Platform.processor() + "-linux-gnu"),
          Path.of("/usr/lib64"),
          Path.of("/usr/lib"),
          Path.of("/usr/local/lib"));

  /** Looks at an opened candidate before it is used. */
  interface Handshake {
    /** Why this candidate cannot be used; empty when it can. */
    Optional<String> refusal(SymbolLookup symbols);
  }

  /**
   * A file that would do.
   *
   * @param file its name
   * @param companion a library that it needs and that may lie beside it; null for none
   */
  record Soname(String file, String companion) {}

  private final List<Soname> sonames;
  private final String property;
  private final String resource; // null for none
  private final List<String> layouts;
  private final List<Path> systemDirectories;
  private final Handshake handshake;
  private final Locations locations;
  private final String remedy;
  private final List<Rejection> rejections = new ArrayList<>();

  private boolean tried;
  private Path loaded;

  NativeLibrary(
      String fileName,
      String resource,
      List<Path> systemDirectories,
      Handshake handshake,
      Locations locations) {
    this.sonames = List.of(new Soname(fileName, null));
    this.property = Locations.LIBRARY_PATH;
    this.resource = resource;
    this.layouts = List.of("");
    this.systemDirectories = List.copyOf(systemDirectories);
    this.handshake = handshake;
    this.locations = locations;
    this.remedy = "";
  }

  /**
   * A library of CUDA, by the first of these names wherever CUDA may lie.
   *
   * @param remedy a sentence: who needs it, and what to install
   */
  NativeLibrary(List<Soname> sonames, Handshake handshake, Locations locations, String remedy) {
    this.sonames = List.copyOf(sonames);
    this.property = CudaPlaces.PATH;
    this.resource = null;
    this.layouts = CudaPlaces.LAYOUTS;
    this.systemDirectories = CudaPlaces.SYSTEM_DIRECTORIES;
    this.handshake = handshake;
    this.locations = locations;
    this.remedy = remedy;
  }

  /**
   * Loads the library unless that was done before.
   *
   * @return the file it was loaded from
   * @throws NativeException with every candidate and its reason when none could be loaded
   */
  public Path load() {
    return tryLoad()
        .orElseThrow(() -> new NativeException(names(), rejections(), property, remedy));
  }

  /** As {@link #load}, but empty instead of an exception. */
  public synchronized Optional<Path> tryLoad() {
    if (!tried) {
      tried = true;
      search();
    }
    return Optional.ofNullable(loaded);
  }

  /** The candidates that were not used, in the order in which they were tried. */
  public synchronized List<Rejection> rejections() {
    return List.copyOf(rejections);
  }

  /**
   * What was rejected though the user has named it. Libraries of others need not lie in each named
   * place; ours has no other.
   */
  List<Rejection> overlooked() {
    return rejections().stream()
        .filter(r -> locations.isNamed(r.candidate()))
        .filter(r -> systemDirectories.isEmpty() || !r.stage().equals("find"))
        .toList();
  }

  private String names() {
    return sonames.stream().map(Soname::file).collect(Collectors.joining(" or "));
  }

  private void search() {
    Optional<String> problem = Platform.problem(locations.platform());
    if (problem.isPresent()) {
      reject(names(), "platform", problem.get());
      return;
    }
    boolean found =
        searchDirectories(locations.explicit(), true)
            || searchResource()
            || searchDirectories(locations.libraryPath(), false)
            || searchDirectories(systemDirectories, false);
    if (!found && resource == null) {
      reject(
          Stream.concat(locations.libraryPath().stream(), systemDirectories.stream())
              .distinct()
              .map(Path::toString)
              .collect(Collectors.joining(", ")),
          "find",
          rejections.isEmpty() ? "no " + names() + " there" : "nothing else there");
    }
    LOG.log(Level.DEBUG, () -> found ? "loaded " + loaded : "no usable " + names());
    if (found) {
      overlooked().forEach(r -> LOG.log(Level.WARNING, r + "; using " + loaded));
    }
  }

  private boolean searchDirectories(List<Path> places, boolean named) {
    for (Path place : places) {
      boolean any = false;
      for (String layout : layouts) {
        for (Soname soname : sonames) {
          Path file =
              Files.isDirectory(place) ? place.resolve(layout).resolve(soname.file()) : place;
          if (Files.exists(file) && file.endsWith(soname.file())) {
            any = true;
            if (attempt(file, soname.companion())) {
              return true;
            }
          }
        }
      }
      if (named && !any) {
        reject(place.toString(), "find", "no " + names() + " there");
      }
    }
    return false;
  }

  private boolean searchResource() {
    if (resource == null) {
      return false;
    }
    Optional<NativeResource> found;
    try {
      found = NativeResource.find(NativeLibrary.class.getClassLoader(), resource);
    } catch (IOException e) {
      reject("resource " + resource, "extract", e.toString());
      return false;
    }
    if (found.isEmpty()) {
      reject("resource " + resource, "find", "not on the class or module path");
      return false;
    }
    for (Path cache : locations.caches()) {
      try {
        if (attempt(Extractor.extract(found.get(), sonames.get(0).file(), cache), null)) {
          return true;
        }
      } catch (IOException | UnsupportedOperationException | SecurityException e) {
        reject(cache.toString(), "extract", e.toString());
      }
    }
    return false;
  }

  private boolean attempt(Path file, String companion) {
    Path beside = companion == null ? null : file.resolveSibling(companion);
    boolean alone = beside == null || !Files.exists(beside);
    Optional<String> problem = ElfCheck.problem(file);
    if (problem.isEmpty() && !alone) {
      problem = ElfCheck.problem(beside).map(text -> companion + " beside it: " + text);
    }
    if (problem.isPresent()) {
      return reject(file.toString(), "check", problem.get());
    }
    try {
      Optional<String> refusal =
          SharedLibrary.withRoom(() -> take(file, alone ? Optional.empty() : Optional.of(beside)));
      if (refusal.isPresent()) {
        return reject(file.toString(), "version", refusal.get());
      }
    } catch (UnsatisfiedLinkError e) {
      String missing =
          companion != null && alone ? " (there is no " + companion + " beside it)" : "";
      return reject(file.toString(), "load", explain(e, file) + missing);
    }
    loaded = file;
    return true;
  }

  /** Loads a file after its companion, or says what the handshake has against it. */
  private Optional<String> take(Path file, Optional<Path> companion) {
    // What System.load has loaded stays, and its symbols would hide those of the next candidate. So
    // the handshake uses a handle that is closed again, after System.load has taken its own.
    try (Arena arena = Arena.ofConfined()) {
      companion.ifPresent(beside -> open(beside, arena));
      Optional<String> refusal = open(file, arena).flatMap(handshake::refusal);
      if (refusal.isEmpty()) {
        companion.ifPresent(SharedLibrary::load);
        SharedLibrary.load(file);
      }
      return refusal;
    }
  }

  /** Empty when it cannot be opened: System.load then says why, which this lookup does not. */
  private static Optional<SymbolLookup> open(Path file, Arena arena) {
    try {
      return Optional.of(SymbolLookup.libraryLookup(file, arena));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static String explain(UnsatisfiedLinkError error, Path file) {
    // The linker and the JVM each put the path in front; the candidate names it already.
    String text = String.valueOf(error.getMessage()).replace(file.toAbsolutePath() + ": ", "");
    return text.contains("failed to map segment") || text.contains("Operation not permitted")
        ? text + " (is this directory mounted noexec?)"
        : text;
  }

  private boolean reject(String candidate, String stage, String reason) {
    Rejection rejection = new Rejection(candidate, stage, reason);
    rejections.add(rejection);
    LOG.log(Level.DEBUG, rejection::toString);
    return false;
  }
}
