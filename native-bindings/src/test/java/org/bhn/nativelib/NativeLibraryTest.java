package org.bhn.nativelib;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The loader, tried on libgomp: small, always on the class path, harmless to load many times. */
@EnabledOnOs(
    value = OS.LINUX,
    architectures = {"amd64", "aarch64"})
class NativeLibraryTest {
  private static final String FILE = "libgomp.so.1";
  private static final String RESOURCE = Platform.oneDnnResource("libgomp.so.1");
  private static final NativeLibrary.Handshake ANY = symbols -> Optional.empty();

  @TempDir Path temp;
  private Path cache;

  @BeforeEach
  void setUp() {
    cache = temp.resolve("cache");
  }

  @Test
  void takesTheResourceThroughAPrivateCache() throws IOException {
    NativeLibrary library = library(List.of(), List.of(cache), ANY);
    Path file = library.load();
    assertEquals(cache, file.getParent().getParent());
    assertEquals("rwx------", permissions(cache));
    assertEquals("rwx------", permissions(file.getParent()));
    assertEquals(sha256(file).substring(0, 12), file.getParent().getFileName().toString());
    assertSame(file, library.load());
    assertEquals(List.of(), library.rejections());
  }

  @Test
  void prefersTheExplicitPath() throws IOException {
    Path own = Files.write(temp.resolve(FILE), resourceBytes());
    assertEquals(own, library(List.of(temp), List.of(cache), ANY).load());
    assertFalse(Files.exists(cache));
    assertEquals(own, library(List.of(own), List.of(cache), ANY).load());
  }

  @Test
  void warnsOfNamedPlacesThatItCouldNotUse() throws IOException {
    Path text = Files.createDirectory(temp.resolve("text"));
    Files.writeString(text.resolve(FILE), "not a library");
    Path empty = Files.createDirectory(temp.resolve("empty"));
    Path file = Files.writeString(temp.resolve("file"), "not a directory");
    NativeLibrary library = library(List.of(text, empty), List.of(file, cache), ANY);
    library.load();
    assertEquals(List.of("check", "find", "extract"), stages(library.overlooked()));
    NativeLibrary other = library(List.of(), List.of(cache), ANY);
    other.load();
    assertEquals(List.of(), other.overlooked());
  }

  @Test
  void saysWhatIsMissing() {
    NativeLibrary library =
        new NativeLibrary(
            "libnone.so",
            "natives/libnone.so",
            List.of(),
            ANY,
            new Locations(Platform.name(), List.of(temp), List.of(cache), false, List.of()));
    NativeException e = assertThrows(NativeException.class, library::load);
    assertEquals(List.of("find", "find"), stages(e.rejections()));
    assertTrue(e.getMessage().contains("no libnone.so there"), e.getMessage());
    assertTrue(e.getMessage().contains("natives/libnone.so"), e.getMessage());
    assertTrue(e.getMessage().contains("-Dbhn.library.path=DIR"), e.getMessage());
    String again = assertThrows(NativeException.class, library::load).getMessage();
    assertEquals(e.getMessage(), again);
  }

  @Test
  void rejectsTextAndTruncatedFilesBeforeTheLinkerSeesThem() throws IOException {
    byte[] good = resourceBytes();
    Path text = Files.createDirectory(temp.resolve("text"));
    Files.writeString(text.resolve(FILE), "not a library");
    List<Path> places = new ArrayList<>(List.of(text));
    for (int bytes : List.of(0, 63, 100, 4096, good.length / 2)) {
      Path place = Files.createDirectory(temp.resolve("cut" + bytes));
      Files.write(place.resolve(FILE), Arrays.copyOf(good, bytes));
      places.add(place);
    }
    NativeLibrary library = library(places, List.of(cache), ANY);
    assertTrue(library.load().startsWith(cache));
    assertEquals(6, library.rejections().size());
    library.rejections().forEach(r -> assertEquals("check", r.stage(), r.toString()));
    assertTrue(library.rejections().getLast().reason().startsWith("truncated"));
  }

  @Test
  void keepsTheLinkersText() throws IOException {
    byte[] bytes = resourceBytes();
    // e_flags and e_version are free, but the linker refuses an unknown ABI (byte 7).
    bytes[7] = 77;
    Files.write(temp.resolve(FILE), bytes);
    NativeLibrary library = library(List.of(temp), List.of(cache), ANY);
    assertTrue(library.load().startsWith(cache));
    Rejection rejection = library.rejections().getFirst();
    assertEquals("load", rejection.stage());
    assertTrue(rejection.reason().contains("ELF"), rejection.reason());
  }

  @Test
  void refusesAnotherVersionAndGoesOn() throws IOException {
    Files.write(temp.resolve(FILE), resourceBytes());
    int[] calls = {0};
    NativeLibrary library =
        library(
            List.of(temp),
            List.of(cache),
            symbols -> {
              assertTrue(symbols.find("omp_get_max_threads").isPresent());
              return calls[0]++ == 0 ? Optional.of("it implements ABI 0") : Optional.empty();
            });
    assertTrue(library.load().startsWith(cache));
    assertEquals(
        List.of(new Rejection(temp.resolve(FILE).toString(), "version", "it implements ABI 0")),
        library.rejections());
  }

  @Test
  void replacesADamagedFileInTheCache() throws IOException {
    Path file = library(List.of(), List.of(cache), ANY).load();
    String digest = sha256(file);
    Files.delete(file);
    Files.writeString(file, "damaged");
    assertEquals(file, library(List.of(), List.of(cache), ANY).load());
    assertEquals(digest, sha256(file));
  }

  @Test
  void goesToTheNextDirectoryWhenOneCannotBeUsed() throws IOException {
    Path file = Files.createFile(temp.resolve("file"));
    Path shared = Files.createDirectory(temp.resolve("shared"));
    Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxrwx"));
    Path readOnly = Path.of("/proc/bhn");
    NativeLibrary library =
        library(List.of(), List.of(file.resolve("x"), shared, readOnly, cache), ANY);
    assertTrue(library.load().startsWith(cache));
    assertEquals(List.of("extract", "extract", "extract"), stages(library.rejections()));
    assertTrue(library.rejections().get(1).reason().contains("can be changed by others"));
  }

  @Test
  void refusesADamagedResource() throws IOException {
    NativeResource good = resource();
    NativeResource bad = new NativeResource(good.name(), good.url(), "0".repeat(64));
    IOException e = assertThrows(IOException.class, () -> Extractor.extract(bad, FILE, cache));
    assertTrue(e.getMessage().contains("SHA-256 should be 000"), e.getMessage());
    try (var files = Files.list(cache.resolve("0".repeat(12)))) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void knowsTheDigestsOfItsDependency() throws IOException {
    for (String name : List.of(RESOURCE, Platform.oneDnnResource("libdnnl.so.3"))) {
      NativeResource found = NativeResource.find(getClass().getClassLoader(), name).orElseThrow();
      try (InputStream in = found.open()) {
        assertEquals(Sha256.of(in), found.sha256(), name + ": update known.sha256");
      }
    }
  }

  @Test
  void oneDnnIsRefusedWhereItDoesNotKnowTheProcessor() {
    Path none = temp.resolve("none");
    String reason = OneDnnLibrary.unknownProcessor("linux-aarch_64", none).orElseThrow();
    assertTrue(reason.contains("mount /sys"), reason);
    assertEquals(Optional.empty(), OneDnnLibrary.unknownProcessor("linux-aarch_64", temp));
    assertEquals(Optional.empty(), OneDnnLibrary.unknownProcessor("linux-x86_64", none));
  }

  @Test
  void saysSoOnOtherPlatforms() {
    for (String platform : List.of("mac-aarch_64", "windows-x86_64", "linux-riscv64")) {
      Locations locations = new Locations(platform, List.of(), List.of(cache), false, List.of());
      NativeLibrary library = new NativeLibrary(FILE, RESOURCE, List.of(), ANY, locations);
      assertEquals(Optional.empty(), library.tryLoad());
      assertEquals(List.of("platform"), stages(library.rejections()));
      assertTrue(library.rejections().getFirst().reason().endsWith("this is " + platform));
    }
    assertEquals("mac-aarch_64", Platform.name("Mac OS X", "aarch64"));
    assertEquals("windows-x86_64", Platform.name("Windows 11", "amd64"));
  }

  @Test
  void threadsMayLoadAtOnce() throws Exception {
    NativeLibrary library = library(List.of(), List.of(cache), ANY);
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<Path>> results = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        results.add(threads.submit(library::load));
      }
      for (Future<Path> result : results) {
        assertSame(library.load(), result.get());
      }
    }
  }

  @Test
  void processesMayLoadAtOnce() throws Exception {
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      processes.add(
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx64m",
                  "-XX:TieredStopAtLevel=1",
                  "--enable-native-access=ALL-UNNAMED",
                  "-cp",
                  System.getProperty("java.class.path"),
                  LoadOnce.class.getName(),
                  cache.toString())
              .redirectErrorStream(true)
              .start());
    }
    for (Process process : processes) {
      String output = new String(process.getInputStream().readAllBytes());
      assertEquals(0, process.waitFor(), output);
    }
    try (var files = Files.walk(cache)) {
      assertEquals(1, files.filter(Files::isRegularFile).count());
    }
  }

  @Test
  void aThreadWithASmallStackMayLoad() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xss256k",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Doctor.class.getName())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes());
    assertEquals(0, process.waitFor(), output);
    assertTrue(output.contains("oneDNN version"), output);
  }

  @Test
  void severalClassLoadersMayLoadEach() throws Exception {
    URL[] classes =
        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(
                entry -> {
                  try {
                    return Path.of(entry).toUri().toURL();
                  } catch (MalformedURLException e) {
                    throw new AssertionError(e);
                  }
                })
            .toArray(URL[]::new);
    List<URLClassLoader> loaders = new ArrayList<>();
    try {
      for (int i = 0; i < 4; i++) {
        URLClassLoader loader = new URLClassLoader(classes, ClassLoader.getPlatformClassLoader());
        loaders.add(loader);
        for (Class<?> library : List.of(BhnLibrary.class, OneDnnLibrary.class)) {
          Class<?> another = loader.loadClass(library.getName());
          assertNotSame(library, another);
          assertEquals(
              library.getMethod("load").invoke(null), another.getMethod("load").invoke(null));
        }
      }
    } finally {
      for (URLClassLoader loader : loaders) {
        loader.close();
      }
    }
  }

  /** Extracts and loads libgomp in a process of its own. */
  static final class LoadOnce {
    private LoadOnce() {}

    public static void main(String[] args) {
      System.out.println(library(List.of(), List.of(Path.of(args[0])), ANY).load());
    }
  }

  private static NativeLibrary library(
      List<Path> explicit, List<Path> caches, NativeLibrary.Handshake handshake) {
    Locations locations =
        new Locations(Platform.name(), explicit, caches, caches.size() > 1, List.of());
    return new NativeLibrary(FILE, RESOURCE, List.of(), handshake, locations);
  }

  private static List<String> stages(List<Rejection> rejections) {
    return rejections.stream().map(Rejection::stage).toList();
  }

  private static NativeResource resource() throws IOException {
    return NativeResource.find(NativeLibraryTest.class.getClassLoader(), RESOURCE).orElseThrow();
  }

  private static byte[] resourceBytes() throws IOException {
    try (InputStream in = resource().open()) {
      return in.readAllBytes();
    }
  }

  private static String sha256(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return Sha256.of(in);
    }
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
