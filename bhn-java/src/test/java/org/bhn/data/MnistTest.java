package org.bhn.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class MnistTest {
  private static final List<String> NAMES =
      List.of(
          "train-images-idx3-ubyte",
          "train-labels-idx1-ubyte",
          "t10k-images-idx3-ubyte",
          "t10k-labels-idx1-ubyte");

  @TempDir Path dir;

  @Test
  void theRealSetIsTheOneThatWasPublished() {
    Mnist mnist = Mnist.find(Optional.of(RealData.require("mnist"))).orElseThrow();
    assertEquals(60000, mnist.train().rows());
    assertEquals(10000, mnist.test().rows());
    assertEquals(784, mnist.train().columns());
    int[] count = new int[10];
    for (int label : mnist.train().labels()) {
      count[label]++;
    }
    assertArrayEquals(
        new int[] {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}, count);
    float[] pixels = mnist.test().inputs();
    double sum = 0;
    float max = 0;
    for (float p : pixels) {
      assertTrue(p >= 0 && p <= 1);
      sum += p;
      max = Math.max(max, p);
    }
    assertEquals(1f, max);
    assertEquals(0.1325, sum / pixels.length, 1e-4);
    assertEquals(7, mnist.test().label(0));
  }

  private static Places places(Map<String, String> environment, Map<String, String> properties) {
    return Places.of(environment::get, properties::get);
  }

  /** Writes the four files, with so many images in each part. */
  private static Path write(Path directory, int images) throws IOException {
    Files.createDirectories(directory);
    for (String name : NAMES) {
      boolean isLabels = name.contains("labels");
      int[] shape = isLabels ? new int[] {images} : new int[] {images, 28, 28};
      ByteBuffer bytes =
          ByteBuffer.allocate(4 + 4 * shape.length + images * (isLabels ? 1 : 784))
              .putInt(0x800 + shape.length);
      for (int d : shape) {
        bytes.putInt(d);
      }
      Files.write(directory.resolve(name), bytes.array());
    }
    return directory;
  }

  @Test
  void anExplicitDirectoryIsTheOnlyPlace() throws IOException {
    Path here = write(dir.resolve("here"), 3);
    Places places = places(Map.of("BHN_DATA", here.toString()), Map.of("user.home", "/nowhere"));
    assertEquals(Optional.of(here), Mnist.locate(Optional.of(here), places));
    assertEquals(Optional.empty(), Mnist.locate(Optional.of(dir.resolve("else")), places));
    assertEquals(3, Mnist.load(here).train().rows());
    assertEquals(3, Mnist.find(Optional.of(here)).orElseThrow().test().rows());
    assertTrue(Mnist.find(Optional.of(dir)).isEmpty());
    Files.delete(here.resolve(NAMES.get(3)));
    rejects("missing [t10k-labels-idx1-ubyte.gz]", () -> Mnist.load(here));
  }

  @Test
  void theEnvironmentComesBeforeTheCache() throws IOException {
    Path data = dir.resolve("data");
    Path cache = dir.resolve("cache");
    Map<String, String> both =
        Map.of("BHN_DATA", data.toString(), "XDG_CACHE_HOME", cache.toString());
    Places places = places(both, Map.of("user.home", dir.toString()));
    assertEquals(Optional.empty(), Mnist.locate(Optional.empty(), places));
    Path cached = write(cache.resolve("bhn/data/mnist"), 1);
    assertEquals(Optional.of(cached), Mnist.locate(Optional.empty(), places));
    Path flat = write(data, 1);
    assertEquals(Optional.of(flat), Mnist.locate(Optional.empty(), places));
    Path nested = write(data.resolve("mnist"), 1);
    assertEquals(Optional.of(nested), Mnist.locate(Optional.empty(), places));
  }

  @Test
  void thePropertyComesBeforeTheStandardCache() {
    Map<String, String> home = Map.of("user.home", "/h");
    Map<String, String> set = Map.of("user.home", "/h", "bhn.cache", "/c");
    Map<String, String> xdg = Map.of("XDG_CACHE_HOME", "/x");
    assertEquals(Path.of("/h/.cache/bhn/data"), places(Map.of(), home).cache());
    assertEquals(Path.of("/x/bhn/data"), places(xdg, home).cache());
    assertEquals(Path.of("/c/bhn/data"), places(xdg, set).cache());
    Map<String, String> relative = Map.of("XDG_CACHE_HOME", "x", "BHN_DATA", " ");
    assertEquals(Path.of("/h/.cache/bhn/data"), places(relative, home).cache());
    assertEquals(Optional.empty(), places(relative, home).data());
  }

  @Test
  void filesThatDisagreeAreNamed() throws IOException {
    Path here = write(dir.resolve("here"), 2);
    Path other = write(dir.resolve("other"), 3);
    Path labels = here.resolve(NAMES.get(1));
    Files.copy(other.resolve(NAMES.get(1)), labels, StandardCopyOption.REPLACE_EXISTING);
    rejects(labels + ": expected 2 labels", () -> Mnist.load(here));
    Files.write(labels, new byte[] {0, 0, 8, 1, 0, 0, 0, 2, 10, 0});
    rejects("labels[0] = 10", () -> Mnist.load(here));
    Files.copy(labels, here.resolve(NAMES.get(0)), StandardCopyOption.REPLACE_EXISTING);
    rejects("expected images of 28 x 28, found [2]", () -> Mnist.load(here));
  }

  @Test
  void offlineSaysWhichFilesToPutWhere() {
    Places places = places(Map.of(), Map.of("bhn.cache", dir.toString(), "bhn.offline", "true"));
    Download file = new Download("f.gz", 3, "00");
    String message =
        assertThrows(
                DataException.class,
                () ->
                    Mnist.ensure(places, List.of(URI.create("http://localhost:1/")), List.of(file)))
            .getMessage();
    assertTrue(message.contains("bhn.offline=true"), message);
    assertTrue(message.contains("put [f.gz] into " + dir.resolve("bhn/data/mnist")), message);
    assertFalse(Files.exists(dir.resolve("bhn")), "offline must not create directories");
  }

  @Test
  void offlineIsNotForgottenBecauseItIsSpelledOtherwise() {
    for (String yes : List.of("true", "TRUE", "")) {
      assertTrue(places(Map.of(), Map.of("user.home", "/", "bhn.offline", yes)).offline());
    }
    assertFalse(places(Map.of(), Map.of("user.home", "/", "bhn.offline", "false")).offline());
    for (String no : List.of("1", "yes", "ja")) {
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> places(Map.of(), Map.of("user.home", "/", "bhn.offline", no)))
              .getMessage();
      assertTrue(message.startsWith("-Dbhn.offline=" + no + ": write"), message);
    }
  }

  /** Serves every mirror of the test from one local server. */
  private static final class Server implements AutoCloseable {
    final HttpServer http;
    final List<String> requests = Collections.synchronizedList(new ArrayList<>());

    Server(Map<String, byte[]> files) throws IOException {
      http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      http.createContext(
          "/",
          exchange -> {
            String path = exchange.getRequestURI().getPath();
            requests.add(path);
            byte[] body = files.get(path);
            exchange.sendResponseHeaders(body == null ? 404 : 200, 0);
            try (OutputStream out = exchange.getResponseBody()) {
              out.write(body == null ? "no such file".getBytes(StandardCharsets.UTF_8) : body);
            }
          });
      http.start();
    }

    URI mirror(String name) {
      return URI.create("http://localhost:" + http.getAddress().getPort() + "/" + name + "/");
    }

    @Override
    public void close() {
      http.stop(0);
    }
  }

  private static final byte[] CONTENT = "content".getBytes(StandardCharsets.UTF_8);
  private static final Download FILE =
      new Download("f", 7, "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73");

  @Test
  void theFirstMirrorThatHasTheRightBytesIsUsed() throws IOException {
    byte[] damaged = "contend".getBytes(StandardCharsets.UTF_8);
    byte[] endless = new byte[10_000_000];
    try (Server server =
        new Server(
            Map.of(
                "/bad/f",
                damaged,
                "/long/f",
                endless,
                "/short/f",
                new byte[3],
                "/ok/f",
                CONTENT))) {
      List<URI> mirrors =
          Stream.of("gone", "bad", "long", "short", "ok", "never").map(server::mirror).toList();
      Places places = places(Map.of(), Map.of("bhn.cache", dir.toString()));
      Path cache = Mnist.ensure(places, mirrors, List.of(FILE));
      assertEquals(dir.resolve("bhn/data/mnist"), cache);
      assertArrayEquals(CONTENT, Files.readAllBytes(cache.resolve("f")));
      assertEquals(List.of("/gone/f", "/bad/f", "/long/f", "/short/f", "/ok/f"), server.requests);
      Mnist.ensure(places, mirrors, List.of(FILE));
      assertEquals(5, server.requests.size(), "what is in the cache is not fetched again");
    }
  }

  @Test
  void whenNoMirrorWillDoEveryReasonIsGivenAndNothingIsKept() throws IOException {
    byte[] damaged = "contend".getBytes(StandardCharsets.UTF_8);
    try (Server server =
        new Server(Map.of("/bad/f", damaged, "/long/f", new byte[9], "/short/f", new byte[3]))) {
      List<URI> mirrors = Stream.of("gone", "bad", "long", "short").map(server::mirror).toList();
      String message =
          assertThrows(DataException.class, () -> FILE.fetch(mirrors, dir, "the remedy"))
              .getMessage();
      for (String reason :
          List.of(
              "HTTP status 404",
              "expected SHA-256 ed70",
              "more than the expected 7 bytes",
              "expected 7 bytes, found 3",
              "the remedy")) {
        assertTrue(message.contains(reason), message);
      }
      try (Stream<Path> left = Files.list(dir)) {
        assertEquals(0, left.count());
      }
    }
    URI closed = URI.create("http://localhost:1/");
    rejects("ConnectException", () -> FILE.fetch(List.of(closed), dir, "the remedy"));
  }

  private static void rejects(String expected, Executable call) {
    String message = assertThrows(DataException.class, call).getMessage();
    assertTrue(message.contains(expected), message);
  }
}
