package org.bhn.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonFactory;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
  private static final int SIZE = 400_000;

  @TempDir Path dir;

  @Test
  void replacesAndLeavesNothingBehind() throws IOException {
    Path file = dir.resolve("f");
    AtomicFiles.writeString(file, "old");
    AtomicFiles.write(file, new byte[] {1, 2});
    assertArrayEquals(new byte[] {1, 2}, Files.readAllBytes(file));
    assertEquals(List.of("f"), names());
  }

  @Test
  void aFailureLeavesTheOldFileAlone() throws IOException {
    Path file = dir.resolve("f");
    AtomicFiles.writeString(file, "old");
    assertThrows(
        IOException.class,
        () ->
            AtomicFiles.write(
                file,
                channel -> {
                  channel.write(ByteBuffer.wrap(new byte[100]));
                  throw new IOException("device full");
                }));
    assertThrows(
        IllegalStateException.class,
        () ->
            AtomicFiles.write(
                file,
                channel -> {
                  throw new IllegalStateException();
                }));
    assertEquals("old", Files.readString(file));
    assertEquals(List.of("f"), names());
  }

  @Test
  void aSymbolicLinkKeepsPointing() throws IOException {
    Path target = Files.writeString(dir.resolve("target"), "old");
    Path link = Files.createSymbolicLink(dir.resolve("link"), target);
    AtomicFiles.writeString(link, "new");
    assertTrue(Files.isSymbolicLink(link));
    assertEquals("new", Files.readString(target));
  }

  @Test
  void whatCannotBeWrittenIsNamedWithItsRemedy() throws IOException {
    refused(dir.resolve("absent/f"), "there is no directory " + dir.resolve("absent"));
    refused(dir, "pass the path of a file");
    refused(Path.of("/"), "pass the path of a file");
    Path link = Files.createSymbolicLink(dir.resolve("link"), dir.resolve("nothing"));
    refused(link, "remove the link");
    Path file = dir.resolve("f");
    IOException full =
        assertThrows(
            IOException.class,
            () ->
                AtomicFiles.write(
                    file,
                    channel -> {
                      throw new IOException("No space left on device");
                    }));
    assertEquals(
        "cannot write "
            + file
            + ": No space left on device; check the device, its free space and the path",
        full.getMessage());
  }

  // A pipe, since a test that fails as root would replace a device of the machine.
  @Test
  void aPipeOrDeviceIsNotReplacedByAFile() throws Exception {
    Path pipe = dir.resolve("pipe");
    assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0);
    refused(pipe, "not a regular file");
    refused(Files.createSymbolicLink(dir.resolve("link"), pipe), "not a regular file");
    assertFalse(Files.isRegularFile(pipe));
  }

  private static void refused(Path file, String word) {
    String message =
        assertThrows(IOException.class, () -> AtomicFiles.writeString(file, "text")).getMessage();
    assertTrue(message.startsWith("cannot write " + file + ": "), message);
    assertTrue(message.contains(word), message);
  }

  /** Overwrites a file for ever, with content that is all of one value. */
  static final class Overwriter {
    public static void main(String[] args) {
      for (int round = 0; ; round++) {
        float[] values = new float[SIZE];
        Arrays.fill(values, round);
        new SafeTensors.Writer().add("w", values, SIZE).write(Path.of(args[0]));
        if (round == 0) {
          System.out.println("ready");
        }
      }
    }
  }

  @Test
  void aProcessKilledWhileItWritesLeavesAWholeFile() throws Exception {
    Path file = dir.resolve("model.safetensors");
    Random random = new Random(9);
    for (int kill = 0; kill < 6; kill++) {
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx128m",
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  classPath(),
                  Overwriter.class.getName(),
                  file.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try {
        assertEquals("ready", process.inputReader().readLine());
        Thread.sleep(random.nextInt(60));
        assertTrue(process.isAlive(), "the writer must be at work when it is killed");
      } finally {
        process.destroyForcibly().waitFor(30, TimeUnit.SECONDS);
      }
      try (SafeTensors.File f = SafeTensors.open(file)) {
        float[] values = f.floats("w");
        assertEquals(SIZE, values.length);
        for (float v : values) {
          assertEquals(values[0], v);
        }
      }
    }
  }

  private static String classPath() throws URISyntaxException {
    // Where the classes are, not java.class.path: test runners hide that behind a launcher jar.
    StringBuilder path = new StringBuilder();
    for (Class<?> c : List.of(SafeTensors.class, AtomicFilesTest.class, JsonFactory.class)) {
      path.append(Path.of(c.getProtectionDomain().getCodeSource().getLocation().toURI()))
          .append(File.pathSeparator);
    }
    return path.toString();
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(dir)) {
      return files.map(p -> p.getFileName().toString()).sorted().collect(Collectors.toList());
    }
  }
}
