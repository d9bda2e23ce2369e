package org.bhn.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Errors of files in words: the JDK's own name no file where reading fails, and the file alone
 * where there is none.
 */
public final class FileErrors {
  private FileErrors() {}

  /**
   * What to throw when a file cannot be read.
   *
   * @param file as the user gave it
   * @param cause what happened
   * @return an exception that names the file, the reason and the remedy
   */
  public static UncheckedIOException cannotRead(Path file, IOException cause) {
    String why =
        Files.isDirectory(file)
            ? "it is a directory; pass the path of a file"
            : Files.notExists(file) ? "there is no such file; check the path" : reason(cause);
    return new UncheckedIOException("cannot read " + file + ": " + why, cause);
  }

  /** The same for a file that cannot be written. */
  static IOException cannotWrite(Path file, IOException cause) {
    return new IOException("cannot write " + file + ": " + reason(cause), cause);
  }

  /** The same for a file that nobody tried to write yet. */
  static IOException cannotWrite(Path file, String why) {
    return new IOException("cannot write " + file + ": " + why);
  }

  private static String reason(IOException cause) {
    if (cause instanceof ClosedByInterruptException) {
      return "the thread was interrupted; do it again in one that is not";
    }
    if (cause instanceof AccessDeniedException) {
      return "access is denied; check the permissions of the file and its directory";
    }
    // The message of such an exception begins with its file, which may be a temporary one.
    String said = cause instanceof FileSystemException f ? f.getReason() : cause.getMessage();
    return (said == null ? cause.getClass().getSimpleName() : said)
        + "; check the device, its free space and the path";
  }
}
