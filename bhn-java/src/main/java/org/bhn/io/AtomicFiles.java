package org.bhn.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Replaces files so that a reader, or a machine that loses power, sees the old content or the new
 * one and never a part.
 *
 * <p>The content goes to a hidden temporary file in the same directory ({@code .name.<hex>.tmp}),
 * is forced to the device and moved over the target in one step. A process killed on the way leaves
 * that temporary file behind, which may be deleted. Permissions of a replaced file are not kept; a
 * symbolic link stays and the file it points to is replaced. What is no regular file, such as a
 * device, is refused.
 */
public final class AtomicFiles {
  /** Produces the content of a file. */
  @FunctionalInterface
  public interface Body {
    /**
     * Writes the content from the channel's position, which starts at 0.
     *
     * @param channel the temporary file; the caller closes it
     * @throws IOException to give up: the target stays as it was
     */
    void writeTo(FileChannel channel) throws IOException;
  }

  private AtomicFiles() {}

  /**
   * Checks that a file may be written here, as far as that can be known before.
   *
   * @param target file to create or replace
   * @throws IOException naming it, the reason and the remedy
   */
  public static void check(Path target) throws IOException {
    Path file = target.toAbsolutePath().normalize();
    Path directory = file.getParent();
    if (directory == null || Files.isDirectory(target)) {
      throw FileErrors.cannotWrite(target, "it is a directory; pass the path of a file");
    }
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      // A move would put a regular file in the place of a device or a pipe.
      throw FileErrors.cannotWrite(target, "it is not a regular file; pass the path of one");
    }
    if (Files.isSymbolicLink(target) && !Files.exists(target)) {
      throw FileErrors.cannotWrite(target, "it is a link to nothing; remove the link");
    }
    if (!Files.isDirectory(directory)) {
      throw FileErrors.cannotWrite(target, "there is no directory " + directory + "; create it");
    }
  }

  /**
   * Writes a file whole.
   *
   * @param target file to create or replace; its directory must exist
   * @param body produces the content
   * @throws IOException when writing or moving fails; the target is then as it was before
   */
  public static void write(Path target, Body body) throws IOException {
    check(target);
    try {
      replace(
          Files.isSymbolicLink(target) ? target.toRealPath() : target.toAbsolutePath().normalize(),
          body);
    } catch (IOException e) {
      throw FileErrors.cannotWrite(target, e);
    }
  }

  private static void replace(Path file, Body body) throws IOException {
    Path directory = file.getParent();
    String suffix = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    Path temporary = directory.resolve("." + file.getFileName() + "." + suffix + ".tmp");
    boolean moved = false;
    try {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        body.writeTo(channel);
        // Without this the move can reach the device before the content does.
        channel.force(true);
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      moved = true;
    } finally {
      if (!moved) {
        Files.deleteIfExists(temporary);
      }
    }
    forceDirectory(directory);
  }

  /**
   * Writes a file whole.
   *
   * @param target file to create or replace; its directory must exist
   * @param content all of its bytes
   * @throws IOException when writing or moving fails; the target is then as it was before
   */
  public static void write(Path target, byte[] content) throws IOException {
    write(target, channel -> writeFully(channel, ByteBuffer.wrap(content)));
  }

  /**
   * Writes a file whole, in UTF-8.
   *
   * @param target file to create or replace; its directory must exist
   * @param content all of its text
   * @throws IOException when writing or moving fails; the target is then as it was before
   */
  public static void writeString(Path target, String content) throws IOException {
    write(target, content.getBytes(StandardCharsets.UTF_8));
  }

  static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static void forceDirectory(Path directory) {
    // Makes the rename itself durable. Some platforms cannot open a directory, and by now the
    // target
    // is whole either way, so a failure is not the caller's concern.
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      System.getLogger(AtomicFiles.class.getName())
          .log(System.Logger.Level.DEBUG, "cannot force directory " + directory, e);
    }
  }
}
