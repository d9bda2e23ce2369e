package org.bhn.nativelib;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * Puts a class path resource into a private cache directory, under a name that contains its digest.
 * Processes may do so at the same time without a lock: whoever is last replaces the file by an
 * equal one, atomically.
 */
final class Extractor {
  private static final Set<PosixFilePermission> PRIVATE =
      PosixFilePermissions.fromString("rwx------");

  /** From this size on, reading the file at every start would be felt (half a second per 90 MB). */
  private static final long STAMPED_BYTES = 8L << 20;

  private Extractor() {}

  /**
   * The extracted file, verified.
   *
   * @throws IOException when this directory cannot be used; the message says why
   */
  static Path extract(NativeResource resource, String fileName, Path cache) throws IOException {
    makePrivate(cache);
    Path directory = cache.resolve(resource.sha256().substring(0, 12));
    makePrivate(directory);
    Path file = directory.resolve(fileName);
    if (!isIntact(file, resource.sha256())) {
      write(resource, file);
    }
    return file;
  }

  private static void makePrivate(Path directory) throws IOException {
    Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(PRIVATE));
    Object owner = Files.getAttribute(directory, "unix:uid");
    Object self = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(directory);
    if (!owner.equals(self)
        || permissions.contains(PosixFilePermission.GROUP_WRITE)
        || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new IOException(
          directory + " belongs to or can be changed by others, so code is not loaded from it");
    }
  }

  private static boolean isIntact(Path file, String sha256) throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    Path stamp = stampOf(file);
    boolean stamped = Files.size(file) >= STAMPED_BYTES;
    if (stamped && Files.exists(stamp) && Files.readString(stamp).equals(identity(file))) {
      return true;
    }
    try (InputStream in = Files.newInputStream(file)) {
      if (!Sha256.of(in).equals(sha256)) {
        return false;
      }
    }
    if (stamped) {
      stamp(file);
    }
    return true;
  }

  private static void write(NativeResource resource, Path file) throws IOException {
    Path temporary = Files.createTempFile(file.getParent(), ".new", null);
    try {
      String written;
      try (InputStream in = resource.open();
          FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE);
          OutputStream out = Channels.newOutputStream(channel)) {
        written = Sha256.copy(in, out);
        channel.force(true);
      }
      if (!written.equals(resource.sha256())) {
        throw new IOException(
            "damaged resource " + resource.url() + ": its SHA-256 should be " + resource.sha256());
      }
      Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("r-x------"));
      move(temporary, file);
    } finally {
      Files.deleteIfExists(temporary);
    }
    if (Files.size(file) >= STAMPED_BYTES) {
      stamp(file);
    }
  }

  private static void stamp(Path file) throws IOException {
    Path temporary = Files.createTempFile(file.getParent(), ".new", null);
    Files.writeString(temporary, identity(file));
    move(temporary, stampOf(file));
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      throw new IOException(to.getParent() + " cannot rename files atomically", e);
    }
  }

  private static Path stampOf(Path file) {
    return file.resolveSibling(file.getFileName() + ".verified");
  }

  /** Changes with every write to the file: the kernel sets the status change time. */
  private static String identity(Path file) throws IOException {
    return Files.size(file)
        + " "
        + Files.getAttribute(file, "unix:ino")
        + " "
        + Files.getAttribute(file, "unix:ctime");
  }
}
